// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingWallet
import Foundation
import Testing

@Suite("A payer that pays ahead and is killed", .timeLimit(.minutes(5)))
struct KilledPrepaidPayerTests {
    /// Where a payer dies: the step, and how many payments the payee has taken by then.
    static let places: [(place: String, taken: Int)] = [
        ("payment.begun.1", 0), ("payment.signed.1", 0), ("payment.finishing.1", 1), ("payment.signed.2", 1),
        ("payment.finishing.2", 2), ("payment.finished.2", 2),
    ]

    /// A payer by lottery asks for the payee's promise first, which is a payment of its own that is refused.
    static let lotteryPlaces: [(place: String, taken: Int)] = [
        ("payment.begun.1", 0), ("payment.signed.2", 0), ("payment.finishing.2", 1), ("payment.signed.3", 1),
        ("payment.finishing.3", 2), ("payment.finished.3", 2),
    ]

    @Test(arguments: lotteryPlaces)
    func `shows no lottery ticket twice after a death at any step`(place: (place: String, taken: Int)) async throws {
        try await paysNothingTwice(by: .lottery, after: place)
    }

    @Test(arguments: [PaymentScheme.hashChain, .merkleToken, .twoWay], places)
    func `pays nothing twice after a death at any step`(
        scheme: PaymentScheme, place: (place: String, taken: Int)
    ) async throws {
        try await paysNothingTwice(by: scheme, after: place)
    }

    private func paysNothingTwice(by scheme: PaymentScheme, after place: (place: String, taken: Int)) async throws {
        let configure: @Sendable (inout NodeConfiguration) -> Void = { $0.schemes = [scheme] }
        try await Market.open(configure: configure) { market in
            let folder = WalletFolder(path: market.folder.path(percentEncoded: false) + "/wallet")
            let bytes = (0..<32).map { _ in UInt8.random(in: 1...254) }
            guard let secret = PrivateKey(bytes) else { throw CancellationError() }
            let signer = KeySigner(secret)
            try await market.ledger.mint(to: signer.address, token: Market.token.address, amount: 10_000_000)
            let policy = scheme == .lottery ? Market.lucky : .standard
            let payer = try PayerProcess(
                "pay", at: market.url + "/weather", times: 3, key: Hex.encode(bytes), folder: folder,
                ledger: market.node.configuration.ledgerPath, killedAt: place.place, policy: policy)
            #expect(try await payer.end() == KilledPayerTests.killed)
            #expect(market.upstream.calls == place.taken)
            let wallet = try market.wallet(signer: signer, policy: policy, folder: folder)
            for _ in 1...2 {
                let answer = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
                #expect(answer.receipt?.charged == Market.price)
            }
            let calls = place.taken + 2
            #expect(market.upstream.calls == calls)
            let entries = try await wallet.journal.entries()
            #expect(entries.count { $0.state == .paid } == calls)
            #expect(entries.filter { $0.state == .pending || $0.state == .unknown } == [])
            let overviews = try await wallet.journal.overviews()
            #expect(overviews.map(\.charged.units) == [UInt128(calls) * 1000], "one channel, whatever happened")
            // A two-way channel is captured when it ends, and of lottery tickets only those that win.
            if scheme != .twoWay, scheme != .lottery {
                #expect(await market.node.redeemAll().first?.report.captured.units == UInt128(calls) * 1000)
            }
            #expect(try await market.ledger.audit().faults == [])
        }
    }
}
