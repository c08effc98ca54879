// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A payer who takes money out without the payee")
struct WithdrawalTests {
    @Test func `is answered with a claim, once`() throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        let pending = Bob.snapshot(10_000, withdrawing: 10_000, at: 2)
        #expect(try bob.channel.apply(.observed(pending)) == [.claim])
        #expect(try bob.channel.apply(.observed(pending)) == [])
        #expect(try bob.channel.apply(.observed(Bob.snapshot(10_000, withdrawing: 10_000, at: 3))) == [])

        let restarted = try VoucherChannel(stored: bob.channel.stored)
        bob.channel = restarted
        #expect(try bob.channel.apply(.observed(Bob.snapshot(10_000, withdrawing: 10_000, at: 4))) == [])
    }

    @Test func `is answered with a claim again when it is another withdrawal`() throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        #expect(try bob.channel.apply(.observed(Bob.snapshot(10_000, withdrawing: 500, at: 2))) == [.claim])
        #expect(try bob.channel.apply(.observed(Bob.snapshot(9_500, at: 3))) == [])
        #expect(try bob.channel.apply(.observed(Bob.snapshot(9_500, withdrawing: 500, at: 4))) == [.claim])
    }

    @Test func `needs no claim when nothing was earned since the last one`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000, claimed: 1_000)
        let pending = Bob.snapshot(10_000, claimed: 1_000, withdrawing: 500, at: 2)
        #expect(try bob.channel.apply(.observed(pending)) == [])
    }

    @Test func `lowers how high a voucher may go`() throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        _ = try bob.channel.apply(.observed(Bob.snapshot(10_000, withdrawing: 8_000, at: 2)))
        #expect(bob.channel.limit == 2_000)
        let tooHigh = try bob.reservation(bob.draw(), ceiling: 2_001, price: 1_001)
        expectRefusal(
            .paymentArrived(tooHigh, at: noon), bob.channel, .exceedsBalance(signed: 2_001, balance: 2_000),
            "cumulative_exceeds_balance")
        try bob.pay(1_000)
        #expect(bob.channel.charged == 2_000)
    }

    @Test func `may be outrun by a request that was let in before, which is then claimed at once`() throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        let id = try bob.letIn(price: 500)
        #expect(try bob.channel.apply(.observed(Bob.snapshot(10_000, withdrawing: 9_000, at: 2))) == [.claim])
        _ = try bob.channel.apply(.observed(Bob.snapshot(10_000, claimed: 1_000, withdrawing: 9_000, at: 3)))
        #expect(try bob.channel.apply(.served(id, price: 500, at: noon)) == [.claim])
    }

    @Test func `may come between a deposit and its charge, which is then claimed at once`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice, balance: 2_000, claimed: 1_000)
        let id = try bob.letIn(price: 1_500, deposit: try alice.deposit(1_000))
        _ = try bob.channel.apply(.served(id, price: 1_500, at: noon))
        let pending = Bob.snapshot(2_000, claimed: 1_000, withdrawing: 1_000, at: 2)
        #expect(try bob.channel.apply(.observed(pending)) == [])
        let locked = Bob.snapshot(3_000, claimed: 1_000, withdrawing: 1_000, at: 3)
        #expect(try bob.channel.apply(.deposited(id, locked, charging: true, at: noon)) == [.claim])
        #expect(bob.channel.charged == 2_500)
    }

    @Test func `does not touch vouchers below the limit, which need no claim`() throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        _ = try bob.channel.apply(.observed(Bob.snapshot(10_000, withdrawing: 5_000, at: 2)))
        try bob.pay(1_000)
    }

    @Test func `leaves a payee who slept with what is still there`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        _ = try bob.channel.apply(.observed(Bob.snapshot(400, at: 2)))
        #expect(bob.channel.claimable == 1_000)
        #expect(bob.channel.refundable == 0)
        #expect(bob.channel.claimRow(in: alice.domain)?.total == 400)

        _ = try bob.channel.apply(.observed(Bob.snapshot(400, claimed: 400, at: 3)))
        #expect(bob.channel.claimRow(in: alice.domain) == nil)
    }
}
