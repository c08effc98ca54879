// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import NIOCore
import NIOHTTP1
import Testing

/// A wallet that falls into Mallory's hands.
struct Attack: Sendable {
    let market: Market
    let mallory: Mallory
    let wallet: Wallet
    let client: PayingClient

    /// Lets Mallory loose on a wallet, then counts what she got and sees whether honest people can still be paid.
    ///
    /// - Parameters:
    ///   - most: The most that she may take: the price of the requests in doubt.
    ///   - readsLedger: Whether the wallet can look at the ledger.
    static func run<Result: Sendable>(
        most: Amount = 1000, readsLedger: Bool = true, policy: SpendingPolicy = .standard,
        timeout: TimeAmount = .seconds(5),
        by trick: @escaping Mallory.Trick,
        _ story: @escaping @Sendable (Attack) async throws -> Result
    ) async throws {
        try await Market.open { market in
            let wallet = try await market.wallet(policy: policy, readsLedger: readsLedger)
            try await Mallory.open(beside: market, trick) { mallory in
                let client = wallet.client(options: PayingClient.Options(timeout: timeout, repeats: 1))
                _ = try await story(Attack(market: market, mallory: mallory, wallet: wallet, client: client))
                let taken = try await mallory.plunder()
                #expect(taken <= most, "she took \(taken)")
            }
            let honest = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(honest.receipt?.charged == Market.price)
            let pending = try await wallet.journal.entries().filter { $0.state == .pending && $0.kind != .withdrawal }
            #expect(pending == [])
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    /// Pays her once.
    ///
    /// - Returns: The code of the error, or the status.
    @discardableResult
    func pay(_ path: String = "/gold") async throws -> String {
        do {
            let answer = try await client.execute(PayingRequest(url: mallory.url + path))
            return "\(answer.response.status.code)"
        } catch let error as any ExplainedError {
            return error.code
        }
    }

    /// The wallet's channel with her.
    func channel() async throws -> KeptChannel {
        try #require(
            try await wallet.journal.channels().first { $0.books.terms.receiver == mallory.receiver.address })
    }
}
