// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingMerkleTokenScheme
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A node that takes Merkle tokens")
struct MerkleTokenNodeTests {
    @Test func `opens a channel with the first payment, is paid by tokens, and captures what it earned`() async throws {
        let shop = try await MerkleTokenShop.open()
        var payer = try shop.channel()
        let first = try await shop.open(&payer)
        #expect(first.state?["charged"] == "1000")
        #expect(first.state?["floor"] == "5")
        try shop.served(&payer, 0, first)
        try await shop.sell(1...2, to: &payer)
        #expect(try await shop.kept == 6)
        let report = await shop.books.redeemAll(ending: false)
        #expect(report.failures == [])
        #expect(report.captured == units(3000))
        #expect(try await shop.balance == units(3000))
        #expect(try await shop.kept == 0)
        #expect(await shop.books.redeemAll(ending: false) == PrepaidOffice.Report())
        try await shop.sell(3...3, to: &payer)
        #expect(await shop.books.redeemAll(ending: false).captured == units(1000))
        #expect(try await shop.ledger.audit().faults == [])
    }

    @Test func `redeems no token before it is earned as a whole`() async throws {
        let shop = try await MerkleTokenShop.open()
        var payer = try shop.channel()
        let first = try await shop.open(&payer)
        try shop.served(&payer, 0, first)
        try await shop.sell(1...1, to: &payer, price: units(700))
        #expect(
            await shop.books.redeemAll(ending: false).captured == units(1500), "two of 500, and one of the two for 700")
        #expect(shop.books.engine.knownState(of: payer.id)?.unclaimed == units(200))
        #expect(try await shop.kept == 1)
        try await shop.sell(2...2, to: &payer, price: units(500))
        #expect(await shop.books.redeemAll(ending: false).captured == units(500))
        #expect(try await shop.balance == units(2000))
    }

    @Test func `charges nothing for a request that failed, and keeps its tokens for the next`() async throws {
        let shop = try await MerkleTokenShop.open()
        var payer = try shop.channel()
        try shop.served(&payer, 0, try await shop.open(&payer))
        _ = try await shop.pay(&payer, request: 1, fails: true)
        _ = try payer.apply(.notServed(ReservationID(1)), of: MerkleTokenShop.payee)
        let shown = payer.accounts[MerkleTokenShop.payee]?.shown
        #expect(await shop.books.redeemAll(ending: false).captured == units(1000))
        try await shop.sell(2...2, to: &payer)
        #expect(payer.accounts[MerkleTokenShop.payee]?.shown == shown, "no more was shown for it")
        #expect(await shop.books.redeemAll(ending: false).captured == units(1000))
    }

    @Test func `redeems many tokens in orders of 1,024, and goes on after a restart`() async throws {
        let shop = try await MerkleTokenShop.open()
        var payer = try shop.channel(count: 3000)
        try shop.served(&payer, 0, try await shop.open(&payer))
        try await shop.sell(1...40, to: &payer, price: units(32_000))
        let next = try await shop.reopened()
        #expect(try await next.kept == 2562)
        let report = await next.books.redeemAll(ending: false)
        #expect(report.failures == [])
        #expect(report.captured == units(1_281_000))
        #expect(try await next.kept == 0)
        #expect(try await next.ledger.audit().faults == [])
    }

    @Test func `loses nothing and captures nothing twice, wherever it dies`() async throws {
        // Opening takes some writes, and so do the order's news, what was captured, and each token that is forgotten.
        for writes in 0...16 {
            let shop = try await MerkleTokenShop.open()
            var payer = try shop.channel()
            shop.store.die(after: writes)
            var total: UInt128 = 0
            if let first = try? await shop.open(&payer), first.state != nil {
                total += 1000
                try shop.served(&payer, 0, first)
                while total < 3000, (try? await shop.sell((UInt64(total))...(UInt64(total)), to: &payer)) != nil {
                    total += 1000
                }
            }
            _ = await shop.books.redeemAll(ending: false)
            let next = try await shop.reopened()
            _ = await next.books.redeemAll(ending: false)
            let channel = next.books.engine.knownState(of: payer.id)
            #expect(channel?.purse.charged ?? .zero == units(total), "\(writes) writes")
            #expect(try await next.balance == units(total), "\(writes) writes")
            #expect(channel?.captured ?? .zero == units(total), "\(writes) writes")
            #expect(channel?.unclaimed ?? .zero == .zero)
            // What was taken and not charged is still there.
            let authorised = channel?.purse.authorised.units ?? 0
            #expect(try await next.kept == Int((authorised - total) / 500), "\(writes) writes")
            #expect(try await next.ledger.audit().faults == [])
        }
    }

    @Test func `tells a payer whose books are behind what it charged`() async throws {
        let shop = try await MerkleTokenShop.open()
        var payer = try shop.channel()
        _ = try await shop.open(&payer)
        // The answer is lost, and the payer believes that the tokens were not used.
        _ = try payer.apply(.unanswered(ReservationID(0)), of: MerkleTokenShop.payee)
        guard case .refused(let code, let state?) = try await shop.pay(&payer, request: 1) else {
            Issue.record("nothing was refused")
            return
        }
        #expect(code == "invalid_merkle_token_insufficient")
        let members = JSONMembers(state)
        _ = try payer.apply(
            .corrected(
                ReservationID(1), charged: try members.amount("charged"), floor: try members.number("floor")),
            of: MerkleTokenShop.payee)
        #expect(try await shop.pay(&payer, request: 2).state?["charged"] == "2000")
    }

    @Test func `cannot be closed, captures before the expiry, and forgets tokens that are worth nothing after it`()
        async throws
    {
        let shop = try await MerkleTokenShop.open()
        var payer = try shop.channel()
        try shop.served(&payer, 0, try await shop.open(&payer))
        let tokens = try shop.asked(&payer, 1, MerkleTokenShop.price)
        #expect(try await shop.send(.close(payer.id, tokens)).code == "invalid_merkle_token_channel_not_closable")
        // Tokens that would be refused as a payment are not looked at: better ones would not help.
        let twice = UnverifiedMerkleTokens(tokens.tokens + tokens.tokens)
        #expect(try await shop.send(.close(payer.id, twice)).code == "invalid_merkle_token_channel_not_closable")
        _ = try await shop.send(.payment(payer.id, tokens), fails: true)
        #expect(try await shop.kept == 4)
        // What is not worth its gas is held, but no longer than the payer may take it back.
        let dear = ClaimFees(token: MerkleTokenShop.token.address, transaction: .zero, channel: units(1001))
        let held = await shop.books.redeemDue(ClaimSchedule(age: 0), fees: dear, soon: .seconds(60))
        #expect(held.captured == .zero && held.failures == [])
        shop.clock.pass(86_400 - 500)
        let redeemed = await shop.books.redeemDue(ClaimSchedule(age: 0), fees: dear, soon: .seconds(60))
        #expect(redeemed.captured == units(1000))
        shop.clock.pass(1000)
        _ = try await shop.ledger.carryOut(.reclaim, on: payer.id, under: MerkleTokenContract.self)
        try await shop.books.changed(payer.id)
        await shop.books.retry()
        #expect(try await shop.kept == 0)
        #expect(try await shop.pay(&payer, request: 2).code == "invalid_merkle_token_channel_not_open")
    }

    @Test func `serves fifty copies of a payment once`() async throws {
        let shop = try await MerkleTokenShop.open()
        var payer = try shop.channel()
        try shop.served(&payer, 0, try await shop.open(&payer))
        let tokens = try shop.asked(&payer, 1, MerkleTokenShop.price)
        let id = payer.id
        let count = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { try await shop.send(.payment(id, tokens)).state != nil } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(count == 1)
        #expect(await shop.books.redeemAll(ending: false).captured == units(2000))
    }
}
