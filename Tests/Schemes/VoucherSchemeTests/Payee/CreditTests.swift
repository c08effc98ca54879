// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("Credit for what was charged and not delivered")
struct CreditTests {
    @Test func `is not claimed, while both sides still count it as charged`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        #expect(try bob.channel.apply(.deliveryFailed(300)) == [])
        #expect(bob.channel.charged == 1_000)
        #expect(bob.channel.earned == 700)
        #expect(bob.channel.claimable == 700)
        #expect(bob.channel.claimRow(in: alice.domain)?.total == 700)
    }

    @Test func `pays for the next requests, which then charge less`() throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        _ = try bob.channel.apply(.deliveryFailed(1_000))
        try bob.pay(400)
        #expect(bob.channel.charged == 1_000)
        #expect(bob.channel.credit == 600)
        #expect(bob.channel.earned == 400)

        try bob.pay(1_000)
        #expect(bob.channel.charged == 1_400)
        #expect(bob.channel.credit == 0)
        #expect(bob.channel.earned == 1_400)
        #expect(bob.channel.channelState["chargedCumulativeAmount"] == "1400")
    }

    @Test func `comes back in whole when what it paid for breaks off as well`() throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        _ = try bob.channel.apply(.deliveryFailed(300))
        try bob.pay(500)
        #expect(bob.channel.charged == 1_200)
        // 200 were charged and 300 were credit: neither was delivered.
        _ = try bob.channel.apply(.deliveryFailed(500))
        #expect(bob.channel.credit == 500)
        #expect(bob.channel.earned == 700)
    }

    @Test func `pays for a request that brings a deposit`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 1_000, charged: 1_000)
        _ = try bob.channel.apply(.deliveryFailed(300))
        try bob.pay(500, depositing: try alice.deposit(5_000), then: Bob.snapshot(6_000, at: 2))
        #expect(bob.channel.charged == 1_200)
        #expect(bob.channel.earned == 1_200)
    }

    @Test func `goes back to the payer in a refund, and is not given twice`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        _ = try bob.channel.apply(.deliveryFailed(300))
        #expect(bob.channel.refundable == 9_300)
        let id = bob.draw()
        let effects = try bob.channel.apply(.refundAsked(id, try alice.voucher(1_000), amount: nil))
        #expect(effects == [.submitRefund(amount: 9_300, nonce: 0, for: id)])
        _ = try bob.channel.apply(.refunded(id, Bob.snapshot(700, claimed: 700, refunds: 1, at: 2)))
        #expect(bob.channel.refundable == 0)
        #expect(bob.channel.claimable == 0)

        // The channel is used again. Delivered in all: 700 before and 500 now; that is what Bob may claim.
        try bob.pay(500, depositing: try alice.deposit(5_000), then: Bob.snapshot(5_700, claimed: 700, at: 3))
        #expect(bob.channel.charged == 1_200)
        #expect(bob.channel.earned == 1_200)
        #expect(bob.channel.refundable == 4_500)
    }

    @Test func `makes up for what was claimed before the delivery broke off`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        _ = try bob.channel.apply(.observed(Bob.snapshot(10_000, claimed: 1_000, at: 2)))
        _ = try bob.channel.apply(.deliveryFailed(1_000))
        #expect(bob.channel.claimRow(in: alice.domain) == nil)
        #expect(bob.channel.refundable == 9_000)
        try bob.pay(1_500)
        #expect(bob.channel.charged == 1_500)
        #expect(bob.channel.claimRow(in: alice.domain)?.total == 1_500)
    }

    @Test func `is noted whatever else goes on`() throws {
        let alice = try Alice()
        let bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        var serving = bob
        try serving.letIn(price: 100)
        var depositing = bob
        let id = try depositing.letIn(price: 100, deposit: try alice.deposit(1_000))
        _ = try depositing.channel.apply(.served(id, price: 100, at: noon))
        var refunding = bob
        _ = try refunding.channel.apply(.refundAsked(refunding.draw(), try alice.voucher(1_000), amount: nil))
        for var channel in [bob.channel, serving.channel, depositing.channel, refunding.channel] {
            let phase = channel.phase
            #expect(try channel.apply(.deliveryFailed(1_000)) == [])
            #expect(channel.credit == 1_000)
            #expect(channel.phase == phase)
        }
    }
}
