// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingVoucherScheme
import Testing

/// What a crash can leave in a store, written there by hand, so that each moment is met and not left to chance.
@Suite("A node that starts after a crash", .timeLimit(.minutes(3)))
struct RecoveryTests {
    private static let id = ReservationID(7)

    /// The channel as a crash left it: the request was answered, and its deposit is in the outbox.
    private func depositing(
        _ payer: TestPayer, _ channel: VoucherChannel
    ) throws -> (state: VoucherChannel, effect: VoucherChannel.Effect) {
        let now = channel.ledger.block.time
        let voucher = try payer.sign(channel.charged.adding(payer.price) ?? .max)
            .verified(by: nil, under: payer.terms, in: payer.domain)
        let deposit = try payer.authorize(payer.depositAmount)
            .verified(for: payer.terms, token: TestPayer.token, in: payer.domain, at: now)
        let reservation = VoucherChannel.Reservation(
            id: Self.id, voucher: voucher, price: payer.price, deposit: deposit, until: now.advanced(bySeconds: 60))
        var state = channel
        _ = try state.apply(.paymentArrived(reservation, at: now))
        let effects = try state.apply(.served(Self.id, price: payer.price, at: now))
        return (state, try #require(effects.first))
    }

    private func stored(_ id: ChannelID, at shop: Shop) async throws -> VoucherChannel {
        let store = try JournalStore(path: shop.store, mode: .readOnly)
        let record = try #require(try await store.load(id))
        await store.close()
        return try VoucherChannel(stored: record.state)
    }

    /// Puts a channel and effects into the store of a node that does not run.
    private func write(_ state: VoucherChannel, _ effects: [VoucherChannel.Effect], at shop: Shop) async throws {
        let store = try JournalStore(path: shop.store, mode: .readWriteExisting)
        let version = try await store.load(state.id)?.version
        let commit = ChannelCommit(
            channel: state.id, scheme: VoucherChannel.schemeName, state: state.stored,
            effects: effects.map(VoucherChannel.stored))
        _ = try await store.commit(commit, over: version)
        await store.close()
    }

    private func expectNothingLeft(_ shop: Shop) async throws {
        let outcome = try await Farthing.run(["store", "verify", "--store", shop.store, "--json"], in: shop.folder)
        #expect(outcome.json?["pendingEffects"] == 0, "\(outcome.output)")
    }

    @Test func `makes a deposit that was not made, and charges nothing for it`() async throws {
        let shop = try await Shop()
        var payer = try await shop.regular()
        #expect(try await shop.serve.stop() == 0)
        let (state, effect) = try depositing(payer, try await stored(payer.channel, at: shop))
        try await write(state, [effect], at: shop)
        try await shop.restart()
        let books = try await shop.books(of: payer)
        #expect(books.isIdle)
        #expect(books.charged == payer.charged)
        #expect(books.balance == payer.depositAmount.multiplied(by: 2))
        try await expectNothingLeft(shop)
        try payer.adopt(charged: books.charged, balance: books.balance)
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        try await shop.close()
    }

    @Test func `makes no deposit twice that was made, but not heard of`() async throws {
        let shop = try await Shop()
        let payer = try await shop.regular()
        #expect(try await shop.serve.stop() == 0)
        let (state, effect) = try depositing(payer, try await stored(payer.channel, at: shop))
        for _ in 0..<3 {
            try await write(state, [effect], at: shop)
            try await shop.restart()
            let books = try await shop.books(of: payer)
            #expect(books.isIdle)
            #expect(books.charged == payer.charged)
            #expect(books.balance == payer.depositAmount.multiplied(by: 2))
            try await expectNothingLeft(shop)
            #expect(try await shop.serve.stop() == 0)
        }
        try await shop.expectSound()
    }

    @Test func `forgets a deposit that was made and heard of`() async throws {
        let shop = try await Shop()
        var payer = try await shop.regular()
        #expect(try await shop.serve.stop() == 0)
        let idle = try await stored(payer.channel, at: shop)
        let (_, effect) = try depositing(payer, idle)
        try await write(idle, [effect, effect], at: shop)
        try await shop.restart()
        // The money is the payer's own, in its own channel; the ledger took the authorisation once.
        let books = try await shop.books(of: payer)
        #expect(books.isIdle)
        #expect(books.charged == payer.charged)
        try await expectNothingLeft(shop)
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        try await shop.close()
    }

    @Test func `gives no refund twice`() async throws {
        let shop = try await Shop()
        let payer = try await shop.regular()
        #expect(try await shop.serve.stop() == 0)
        let idle = try await stored(payer.channel, at: shop)
        var state = idle
        let voucher = try payer.sign(payer.charged).verified(by: nil, under: payer.terms, in: payer.domain)
        let effect = try #require(try state.apply(.refundAsked(Self.id, voucher, amount: Amount(units: 5000))).first)
        // Not made; made, but not heard of; made and heard of.
        for left in [state, state, idle] {
            try await write(left, [effect], at: shop)
            try await shop.restart()
            let books = try await shop.books(of: payer)
            #expect(books.isIdle)
            #expect(books.charged == payer.charged)
            #expect(books.balance == Amount(units: 15_000))
            try await expectNothingLeft(shop)
            #expect(try await shop.serve.stop() == 0)
        }
        try await shop.expectSound()
    }

    @Test func `claims what it was about to claim`() async throws {
        let shop = try await Shop()
        let payer = try await shop.regular()
        #expect(try await shop.serve.stop() == 0)
        try await write(try await stored(payer.channel, at: shop), [.claim, .claim], at: shop)
        try await shop.restart()
        #expect(try await shop.books(of: payer).captured == payer.charged)
        try await expectNothingLeft(shop)
        try await shop.close()
    }
}
