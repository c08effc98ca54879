// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@Suite("A node that settles on a chain and is killed", .timeLimit(.minutes(5)))
struct ChainKillTests {
    @Test func `while its claim waits for a block, claims once and goes on`() async throws {
        let shop = try await ChainShop(confirmations: 1, claimEvery: 1)
        var payer = try await shop.payer()
        try await shop.open(&payer)
        // It is paid out too, so nothing more is on its way.
        try await shop.wait { try await shop.earned() == 1000 }
        try await shop.devnet.ask("evm_setAutomine", false)
        try payer.settle(await shop.get("/second", paying: payer.pay()))
        try await shop.wait { try await shop.isSending }
        try await shop.serve.kill()
        let before = try await shop.claims(from: payer.channel)
        #expect(before == [1000])
        let isWaiting = try await shop.isSending
        #expect(isWaiting, "the claim is in the pool")

        try await shop.restart()
        try await shop.devnet.ask("evm_setAutomine", true)
        try await shop.devnet.ask("evm_mine")
        try await shop.wait { try await shop.earned() == 2000 }
        let after = try await shop.claims(from: payer.channel)
        #expect(after == [1000, 1000])
        try await shop.wait { try await shop.books(of: payer)?.captured == Amount(units: 2000) }
        let books = try #require(try await shop.books(of: payer))
        #expect(books.charged == payer.charged && books.isIdle)

        try payer.settle(await shop.get("/third", paying: payer.pay()))
        try await shop.wait { try await shop.earned() == 3000 }
        let all = try await shop.claims(from: payer.channel)
        #expect(all == [1000, 1000, 1000])
        let locked = try await shop.locked(in: payer.channel)
        #expect(locked == payer.depositAmount.units)
        try await shop.wait { try await shop.books(of: payer)?.captured == Amount(units: 3000) }
        try await shop.close()
    }
}
