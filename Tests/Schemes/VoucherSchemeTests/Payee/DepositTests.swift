// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A deposit that comes with a voucher")
struct DepositTests {
    @Test func `opens the channel: served first, then locked, then charged`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice)
        let deposit = try alice.deposit(10_000)
        let id = try bob.letIn(price: 1_000, deposit: deposit)

        let effects = try bob.channel.apply(.served(id, price: 800, at: noon))
        #expect(effects == [.submitDeposit(deposit, for: id)])
        #expect(bob.channel.charged == 0)

        #expect(try bob.channel.apply(.deposited(id, Bob.snapshot(10_000, at: 2), charging: true, at: noon)) == [])
        #expect(bob.channel.charged == 800)
        #expect(bob.channel.ledger.balance == 10_000)
        #expect(bob.channel.phase == .idle)
    }

    @Test func `tops up a channel that is used up, and counts towards the same request`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 1_000, charged: 1_000)
        try bob.pay(500, depositing: try alice.deposit(2_000), then: Bob.snapshot(3_000, at: 2))
        #expect(bob.channel.charged == 1_500)
        #expect(bob.channel.refundable == 1_500)
        try bob.pay(1_500)
        #expect(bob.channel.refundable == 0)
    }

    @Test func `costs nothing when it could not be locked`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice)
        let id = try bob.letIn(price: 1_000, deposit: try alice.deposit(10_000))
        _ = try bob.channel.apply(.served(id, price: 1_000, at: noon))
        #expect(try bob.channel.apply(.depositFailed(id)) == [])
        #expect(bob.channel.phase == .idle)
        #expect(bob.channel.charged == 0)
        #expect(bob.channel.best == nil)
    }

    @Test func `costs nothing when the handler failed, and nothing is locked`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice)
        let id = try bob.letIn(price: 1_000, deposit: try alice.deposit(10_000))
        #expect(try bob.channel.apply(.released(id)) == [])
        #expect(bob.channel.charged == 0)
    }

    @Test func `is locked and not charged when nobody waits for the answer any more`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice)
        let id = try bob.letIn(price: 1_000, deposit: try alice.deposit(10_000))
        _ = try bob.channel.apply(.served(id, price: 1_000, at: noon))

        bob.channel = try VoucherChannel(stored: bob.channel.stored)
        #expect(try bob.channel.apply(.deposited(id, Bob.snapshot(10_000, at: 2), charging: false, at: noon)) == [])
        #expect(bob.channel.charged == 0)
        #expect(bob.channel.ledger.balance == 10_000)

        // Alice sends the same voucher again, now without a deposit.
        try bob.pay(1_000)
        #expect(bob.channel.charged == 1_000)
    }

    @Test func `is told twice when its effect ran twice, and changes nothing the second time`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice)
        let id = try bob.letIn(price: 1_000, deposit: try alice.deposit(10_000))
        _ = try bob.channel.apply(.served(id, price: 1_000, at: noon))
        let told = VoucherChannel.Event.deposited(id, Bob.snapshot(10_000, at: 2), charging: true, at: noon)
        _ = try bob.channel.apply(told)
        expectRefusal(told, bob.channel, .reservationLost, "channel_busy")
    }

    @Test func `still counts a balance that a newer block told before the receipt came`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice)
        let id = try bob.letIn(price: 1_000, deposit: try alice.deposit(10_000))
        _ = try bob.channel.apply(.served(id, price: 1_000, at: noon))
        _ = try bob.channel.apply(.observed(Bob.snapshot(15_000, at: 9)))
        _ = try bob.channel.apply(.deposited(id, Bob.snapshot(10_000, at: 2), charging: true, at: noon))
        #expect(bob.channel.ledger.balance == 15_000)
        #expect(bob.channel.charged == 1_000)
    }
}
