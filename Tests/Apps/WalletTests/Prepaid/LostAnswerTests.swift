// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingWallet
import FarthingX402
import NIOCore
import Testing

/// A stall remembers no answers, as a gate does that was started anew between two copies of a payment.
@Suite("A payment whose answer is lost at a payee that forgets it", .timeLimit(.minutes(4)))
struct LostAnswerTests {
    private func losesAnAnswer<Scheme: PrepaidWire, Books: PayerBooks>(
        _: Scheme.Type, _: Books.Type, _ name: String
    ) async throws {
        try await Market.open { market in
            try await Stall<Scheme>.open(on: market) { stall in
                let wallet = try await market.wallet(policy: Market.lucky, schemes: [name])
                let url = await stall.address
                let first = try await wallet.client().execute(PayingRequest(url: url))
                #expect(first.receipt?.charged == 1000)
                await stall.loseNextAnswer()
                let impatient = wallet.client(
                    options: PayingClient.Options(timeout: .seconds(1), repeats: 4, pause: .milliseconds(20)))
                let error = await #expect(throws: PayingError.self) {
                    try await impatient.execute(PayingRequest(url: url))
                }
                #expect(error?.code == "payment.answer-lost", "it was taken once, and is not paid again unasked")
                #expect(await stall.served == 2)
                let entries = try await wallet.journal.entries()
                #expect(entries.prefix(2).map(\.state) == [.paid, .paid])
                #expect(entries.prefix(2).map(\.charged) == [1000, 1000])
                let kept = try #require(try await wallet.journal.prepaid(Books.self).first)
                #expect(kept.misconduct.isEmpty)
                #expect(kept.books.charged == 2000)
                #expect(kept.books.doubtful == 0)
                let next = try await wallet.client().execute(PayingRequest(url: url))
                #expect(next.receipt?.charged == 1000)
                #expect(next.receipt?.channel == kept.id, "it goes on with the same channel")
                #expect(try await market.ledger.audit().faults == [])
            }
        }
    }

    @Test func `is written down as paid, and the hash chain goes on`() async throws {
        try await losesAnAnswer(HashChainChannel.self, HashChainPayer.self, "hash-chain")
    }

    @Test func `is written down as paid, and the Merkle tokens go on`() async throws {
        try await losesAnAnswer(MerkleTokenChannel.self, MerkleTokenPayer.self, "merkle-token")
    }

    @Test func `is written down as paid, and the lottery goes on`() async throws {
        try await losesAnAnswer(LotteryChannel.self, LotteryFund.self, "lottery")
    }

    @Test func `is written down as paid, and the two-way channel goes on`() async throws {
        try await losesAnAnswer(TwoWayChannel.self, TwoWayPayer.self, "two-way")
    }
}
