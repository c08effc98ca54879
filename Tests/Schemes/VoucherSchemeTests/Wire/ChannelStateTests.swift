// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("How a channel stands, as payers are told")
struct ChannelStateTests {
    @Test func `tells sums as text and times as numbers`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        _ = try bob.channel.apply(.observed(Bob.snapshot(10_000, claimed: 400, withdrawing: 50, refunds: 3, at: 2)))
        let expected: JSON = [
            "channelId": "\(alice.id)", "balance": "10000", "totalClaimed": "400", "withdrawRequestedAt": 1_700_000_000,
            "refundNonce": "3", "chargedCumulativeAmount": "1000",
        ]
        #expect(bob.channel.channelState == expected)
    }

    @Test func `tells zero as the time of a withdrawal that nobody asked for`() throws {
        let bob = Bob(alice: try Alice(), balance: 10_000)
        #expect(bob.channel.channelState["withdrawRequestedAt"] == 0)
    }

    @Test func `shows the payer's own last voucher as the proof, and none before the first`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice, balance: 10_000)
        #expect(bob.channel.voucherState == nil)
        try bob.pay(1_000, costing: 700)
        let signature = Hex.encode(alice.unverifiedVoucher(1_000).signature)
        #expect(bob.channel.voucherState == ["signedMaxClaimable": "1000", "signature": .string(signature)])
    }

    @Test func `does not tell of credit, which is the payee's own affair`() throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        let before = bob.channel.channelState
        _ = try bob.channel.apply(.deliveryFailed(300))
        #expect(bob.channel.channelState == before)
    }
}
