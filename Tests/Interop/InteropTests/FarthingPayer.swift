// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingEVMSettlement
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Foundation
import NIOCore
import NIOHTTP1

/// Our own payer before somebody else's server, reading the same chain as that server's facilitator.
struct FarthingPayer {
    let wallet: Wallet
    let client: PayingClient
    let chain: SimulatedChain
    private let reader: ChainReader

    /// - Parameters:
    ///   - key: All 32 bytes of the private key.
    ///   - voucherKey: All 32 bytes of another key, that signs the vouchers.
    ///   - journal: What it remembers; a new one forgets everything but the key.
    ///   - readsChain: Whether it can read the chain at all.
    init(
        key: UInt8, voucherKey: UInt8? = nil, on chain: SimulatedChain, journal: Journal? = nil,
        readsChain: Bool = true, channels: Int = 1
    ) throws {
        guard let domain = SettlementDomain(network: Network(evm: SimulatedChain.chainID)),
            let secret = PrivateKey([UInt8](repeating: key, count: 32))
        else { throw InteropFault("No such key.") }
        reader = try ChainReader(url: chain.url, domain: domain, client: .shared)
        var voucherSigner: KeySigner?
        if let voucherKey, let secret = PrivateKey([UInt8](repeating: voucherKey, count: 32)) {
            voucherSigner = KeySigner(secret)
        }
        wallet = Wallet(
            journal: try journal ?? Journal(path: nil), lockFolder: nil, signer: KeySigner(secret),
            voucherSigner: voucherSigner, views: readsChain ? [reader] : [],
            options: Wallet.Options(channelsPerPayee: channels))
        client = wallet.client()
        self.chain = chain
    }

    /// Asks for a resource, and pays what it costs.
    @discardableResult
    func pay(_ url: String, count: Int = 1) async throws -> [PaymentReceipt] {
        var receipts: [PaymentReceipt] = []
        for _ in 0..<count {
            let answer = try await client.execute(PayingRequest(url: url))
            let body = String(buffer: try await answer.response.body.collect(upTo: 65_536))
            guard answer.response.status == .ok, let receipt = answer.receipt else {
                throw InteropFault("\(answer.response.status) \(body)")
            }
            receipts.append(receipt)
        }
        return receipts
    }

    /// The one channel that the payer has.
    func channel() async throws -> KeptChannel {
        let channels = try await wallet.journal.channels()
        guard channels.count == 1, let channel = channels.first else {
            throw InteropFault("There are \(channels.count) channels.")
        }
        return channel
    }

    /// What the server and the chain say otherwise than the payer.
    func disagreements(with server: OfficialServer) async throws -> [String] {
        var faults: [String] = []
        for channel in try await wallet.journal.channels() {
            let theirs = try await server.channels().first {
                $0["channelId"]?.stringValue?.lowercased() == "\(channel.id)"
            }
            if let theirs, theirs["chargedCumulativeAmount"]?.stringValue != "\(channel.books.charged)" {
                faults.append("the server: \(theirs.text); the payer charged \(channel.books.charged)")
            }
            let balance = try await reader.snapshot(of: channel.id)?.balance ?? .zero
            if balance != channel.books.balance {
                faults.append("the chain holds \(balance); the payer knows of \(channel.books.balance)")
            }
            if !channel.books.doubts.isEmpty { faults.append("\(channel.books.doubts.count) payments are in doubt") }
        }
        return faults
    }
}
