// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingLedgerSettlement
import FarthingMerkleTokenScheme
import FarthingPrimitives
import Testing

@testable import FarthingAssembly

@Suite("Redeeming many channels", .timeLimit(.minutes(1)))
struct RedeemingTogetherTests {
    private typealias Books = PrepaidBooks<MerkleTokenChannel>

    @Test func `Redemptions that wait for a block wait together, and never too many`() async throws {
        let shop = try await MerkleTokenShop.open()
        let count = 2 * Books.redemptionsAtOnce + 3
        for index in 0..<count {
            var payer = try shop.channel(salt: "\(index)")
            try shop.served(&payer, 0, try await shop.open(&payer))
        }
        let held = SlowContracts(shop.ledger)
        let next = try await shop.reopened(through: held)
        held.barrier.lower()
        let redeeming = Task { await next.books.redeemAll(ending: false) }
        await held.barrier.hold(Books.redemptionsAtOnce)
        #expect(try await shop.balance == .zero)
        held.barrier.lift()
        let report = await redeeming.value
        #expect(report.failures == [])
        #expect(report.channels == count)
        #expect(report.captured == units(1000 * UInt128(count)))
        #expect(try await shop.balance == report.captured)
        #expect(held.mostAtOnce == Books.redemptionsAtOnce)
        #expect(try await shop.ledger.audit().faults == [])
    }
}
