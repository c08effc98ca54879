// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A voucher channel, as the payee sees it")
struct VoucherChannelTests {
    @Test func `starts from what the ledger says was claimed`() throws {
        let bob = Bob(alice: try Alice(), balance: 10_000, claimed: 400)
        #expect(bob.channel.charged == 400)
        #expect(bob.channel.claimable == 0)
        #expect(bob.channel.refundable == 9_600)
        #expect(bob.channel.authorised == 400)
        #expect(bob.channel.signer == nil)
        #expect(bob.channel.phase == .idle)
    }

    @Test func `charges a request once it is served, and not before`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice, balance: 10_000)
        let id = try bob.letIn(price: 1_000)
        #expect(bob.channel.charged == 0)
        #expect(bob.channel.best == nil)

        #expect(try bob.channel.apply(.served(id, price: 1_000, at: noon)) == [])
        #expect(bob.channel.charged == 1_000)
        #expect(bob.channel.best == (try alice.voucher(1_000)))
        #expect(bob.channel.signer == alice.hand.publicKey)
        #expect(bob.channel.lastPaidAt == noon)
        #expect(bob.channel.phase == .idle)
    }

    @Test func `takes ever higher vouchers up to the whole balance`() throws {
        var bob = Bob(alice: try Alice(), balance: 3_000)
        for total in [1_000, 2_000, 3_000] as [Amount] {
            try bob.pay(1_000)
            #expect(bob.channel.charged == total)
            #expect(bob.channel.authorised == total)
            #expect(bob.channel.claimable == total)
        }
        #expect(bob.channel.refundable == 0)
    }

    @Test(arguments: [0, 1, 999] as [Amount])
    func `charges less than was offered, down to nothing`(cost: Amount) throws {
        let alice = try Alice()
        var bob = Bob(alice: alice, balance: 10_000)
        try bob.pay(1_000, costing: cost)
        #expect(bob.channel.charged == cost)
        #expect(bob.channel.authorised == 1_000)

        // The next voucher starts from what was charged. It is kept as the proof even where the one before was higher:
        // only a payer's last voucher proves its last charge.
        try bob.pay(500)
        #expect(bob.channel.charged.units == cost.units + 500)
        #expect(bob.channel.best == (try alice.voucher(bob.channel.charged)))
    }

    @Test func `takes the same voucher again when a request cost nothing`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        try bob.pay(1_000, costing: 0)
        try bob.pay(1_000)
        #expect(bob.channel.charged == 1_000)
    }

    @Test func `takes the same voucher again after the handler failed`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let failed = try bob.letIn(price: 1_000)
        #expect(try bob.channel.apply(.released(failed)) == [])
        #expect(bob.channel.phase == .idle)
        #expect(bob.channel.charged == 0)
        try bob.pay(1_000)
        #expect(bob.channel.charged == 1_000)
    }

    @Test func `hands the channel on when a request outlives its reservation`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let late = try bob.letIn(price: 1_000)
        let minute = noon.advanced(bySeconds: 60)
        let next = try bob.reservation(bob.draw(), ceiling: 1_000, price: 1_000, seconds: 120)
        #expect(try bob.channel.apply(.paymentArrived(next, at: minute)) == [])
        expectRefusal(.served(late, price: 1_000, at: minute), bob.channel, .reservationLost, "channel_busy")
        #expect(try bob.channel.apply(.served(next.id, price: 1_000, at: minute)) == [])
        #expect(bob.channel.charged == 1_000)
    }

    @Test func `still charges a late request when nobody else wanted the channel`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let late = try bob.letIn(price: 1_000)
        #expect(try bob.channel.apply(.served(late, price: 1_000, at: noon.advanced(bySeconds: 3_600))) == [])
        #expect(bob.channel.charged == 1_000)
    }

    @Test func `never lets an older block overwrite what a newer one told`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        #expect(try bob.channel.apply(.observed(Bob.snapshot(20_000, at: 5))) == [])
        #expect(try bob.channel.apply(.observed(Bob.snapshot(10_000, at: 4))) == [])
        #expect(bob.channel.ledger.balance == 20_000)
    }

    @Test func `believes the later of two readings of one block`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        _ = try bob.channel.apply(.observed(Bob.snapshot(20_000, at: 5)))
        _ = try bob.channel.apply(.observed(Bob.snapshot(30_000, at: 5)))
        #expect(bob.channel.ledger.balance == 30_000)
    }

    @Test func `counts as charged what was claimed with our vouchers by somebody else`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        try bob.pay(1_000)
        #expect(try bob.channel.apply(.observed(Bob.snapshot(10_000, claimed: 1_500, at: 2))) == [])
        #expect(bob.channel.charged == 1_500)
        #expect(bob.channel.claimable == 0)
    }

    @Test func `claims what was earned with the highest voucher it holds`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice, balance: 10_000)
        #expect(bob.channel.claimRow(in: alice.domain) == nil)
        try bob.pay(1_000, costing: 700)
        let row = try #require(bob.channel.claimRow(in: alice.domain))
        let voucher = try alice.voucher(1_000)
        #expect(row == ClaimRow(terms: alice.terms, ceiling: 1_000, signature: voucher.signature, total: 700))

        #expect(try bob.channel.apply(.observed(Bob.snapshot(10_000, claimed: 700, at: 2))) == [])
        #expect(bob.channel.claimRow(in: alice.domain) == nil)
    }

    @Test func `works for a payer whose vouchers another key signs, and for one who names no such key`() throws {
        for alice in [try Alice(hand: 0x44), try Alice(namesHand: false)] {
            var bob = Bob(alice: alice, balance: 10_000)
            try bob.pay(1_000)
            #expect(bob.channel.signer == alice.hand.publicKey)
        }
    }
}
