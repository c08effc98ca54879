// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A refund")
struct RefundTests {
    @Test func `gives back all that is left when no amount is named`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 2_000)
        let id = bob.draw()
        let effects = try bob.channel.apply(.refundAsked(id, try alice.voucher(2_000), amount: nil))
        #expect(effects == [.submitRefund(amount: 8_000, nonce: 0, for: id)])

        let after = Bob.snapshot(2_000, claimed: 2_000, refunds: 1, at: 2)
        #expect(try bob.channel.apply(.refunded(id, after)) == [])
        #expect(bob.channel.phase == .idle)
        #expect(bob.channel.ledger == after)
        #expect(bob.channel.charged == 2_000)
        #expect(bob.channel.refundable == 0)
    }

    @Test func `gives back a part, and the channel goes on`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 2_000)
        let id = bob.draw()
        let effects = try bob.channel.apply(.refundAsked(id, try alice.voucher(2_000), amount: 3_000))
        #expect(effects == [.submitRefund(amount: 3_000, nonce: 0, for: id)])
        _ = try bob.channel.apply(.refunded(id, Bob.snapshot(7_000, claimed: 2_000, refunds: 1, at: 2)))
        try bob.pay(5_000)
        #expect(bob.channel.charged == 7_000)
    }

    @Test func `is made with the nonce that the ledger told last`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice)
        _ = try bob.channel.apply(.observed(Bob.snapshot(5_000, refunds: 7, at: 2)))
        let id = bob.draw()
        let effects = try bob.channel.apply(.refundAsked(id, try alice.voucher(0), amount: 1))
        #expect(effects == [.submitRefund(amount: 1, nonce: 7, for: id)])
    }

    @Test func `that failed leaves the channel as it was, and may be asked for again`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 2_000)
        let before = bob.channel
        let first = VoucherChannel.Event.refundAsked(bob.draw(), try alice.voucher(2_000), amount: nil)
        _ = try bob.channel.apply(first)
        guard case .refunding(let refund) = bob.channel.phase else {
            Issue.record("no refund under way")
            return
        }
        #expect(try bob.channel.apply(.refundFailed(refund.id)) == [])
        #expect(bob.channel == before)
        #expect(try bob.channel.apply(first) != [])
    }

    @Test func `outlives a restart, because its effect is run again`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 2_000)
        let id = bob.draw()
        _ = try bob.channel.apply(.refundAsked(id, try alice.voucher(2_000), amount: nil))
        let restarted = try VoucherChannel(stored: bob.channel.stored)
        #expect(restarted == bob.channel)
    }

    @Test func `of a channel that was used up and topped up again starts from what was charged`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 1_000, charged: 1_000)
        try bob.pay(10, depositing: try alice.deposit(50), then: Bob.snapshot(1_050, at: 2))
        let id = bob.draw()
        let effects = try bob.channel.apply(.refundAsked(id, try alice.voucher(1_010), amount: nil))
        #expect(effects == [.submitRefund(amount: 40, nonce: 0, for: id)])
    }
}
