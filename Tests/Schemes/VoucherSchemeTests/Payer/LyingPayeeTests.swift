// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("Mallory, as a payee")
struct LyingPayeeTests {
    @Test func `claims a metered voucher in full, and gets no other`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.pay(1_000, costing: 300)
        _ = try carol.payer.apply(.observed(Bob.snapshot(10_000, claimed: 2_000, at: 2)))
        let misconduct = VoucherPayer.Misconduct.overclaimed(claimed: 2_000, known: 1_300)
        #expect(carol.payer.misconduct == misconduct)
        #expect(carol.payer.charged == 2_000)
        carol.expect(
            .requestStarted(price: 1, deposit: .of(0), at: noon), .suspended(misconduct), "payer.suspended")
    }

    @Test func `claims it in full behind the next request, and is found out by her own answer`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.pay(1_000, costing: 300)
        try carol.start(1_000)
        _ = try carol.payer.apply(.observed(Bob.snapshot(10_000, claimed: 2_000, at: 2)))
        #expect(carol.payer.misconduct == nil)
        _ = try carol.payer.apply(.answered(charged: 100))
        #expect(carol.payer.misconduct == .overclaimed(claimed: 2_000, known: 1_400))
        #expect(carol.payer.charged == 2_000)
    }

    @Test func `cannot make a claim count twice by answering after it`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.start(1_000)
        _ = try carol.payer.apply(.observed(Bob.snapshot(10_000, claimed: 2_000, at: 2)))
        _ = try carol.payer.apply(.answered(charged: 1_000))
        #expect(carol.payer.charged == 2_000)
        #expect(carol.payer.charged <= carol.payer.authorised)
    }

    @Test func `says that a metered voucher was charged in full after all`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.pay(1_000, costing: 300)
        try carol.start(10)
        carol.expect(
            .corrected(charged: 2_000, balance: nil, proof: try carol.alice.voucher(2_000), ledger: nil),
            .overstated(charged: 2_000, known: 1_300), "payer.overstated")
    }

    @Test func `claims more of a doubt than she once said it came to`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.lose(1_000)
        try carol.correct(offering: 10, to: 1_300, showing: 2_000)
        try carol.start(10)
        carol.expect(
            .corrected(charged: 2_000, balance: nil, proof: try carol.alice.voucher(2_000), ledger: nil),
            .overstated(charged: 2_000, known: 1_300), "payer.overstated")
        _ = try carol.payer.apply(.outcomeUnknown)
        _ = try carol.payer.apply(.observed(Bob.snapshot(10_000, claimed: 2_000, at: 2)))
        #expect(carol.payer.misconduct == .overclaimed(claimed: 2_000, known: 1_310))
    }

    @Test func `says that a request was taken which never reached her`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.pay(5_000, costing: 1)
        try carol.lose(4_000)
        try carol.start(10)
        // She knows what it would have come to, and has a voucher for more, but not that one.
        carol.expect(
            .corrected(charged: 5_001, balance: nil, proof: try carol.alice.voucher(6_000), ledger: nil),
            .overstated(charged: 5_001, known: 1_001), "payer.overstated")
    }

    @Test func `is no liar when she shows a later voucher than old books that were put back know of`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        #expect(!carol.payer.isRebuilt)
        try carol.start(10)
        carol.expect(
            .corrected(charged: 3_001, balance: nil, proof: try carol.alice.voucher(3_000), ledger: nil),
            .unprovenCorrection(charged: 3_001, signed: 3_000), "payer.unproven-correction")
        carol.expect(
            .corrected(charged: 2_800, balance: nil, proof: try Alice(wallet: 0x66).voucher(3_000), ledger: nil),
            .unprovenCorrection(charged: 2_800, signed: 3_000), "payer.unproven-correction")
        _ = try carol.payer.apply(
            .corrected(charged: 2_800, balance: nil, proof: try carol.alice.voucher(3_000), ledger: nil))
        #expect(carol.payer.charged == 2_800 && carol.payer.authorised == 3_000)
        // From then on they know all that was signed.
        try carol.start(10)
        carol.expect(
            .corrected(charged: 3_000, balance: nil, proof: try carol.alice.voucher(3_000), ledger: nil),
            .overstated(charged: 3_000, known: 2_800), "payer.overstated")
    }

    @Test func `shows somebody else's voucher`() throws {
        var carol = try Carol(balance: 10_000)
        try carol.start(1_000)
        let hers = try Alice(wallet: 0x66).voucher(1_000)
        carol.expect(
            .corrected(charged: 1_000, balance: nil, proof: hers, ledger: nil),
            .unprovenCorrection(charged: 1_000, signed: 1_000), "payer.unproven-correction")
    }

    @Test(arguments: [(1, 84_532), (0, 8_453)] as [(UInt8, UInt64)])
    func `shows a voucher of another channel or another chain`(salt: UInt8, chain: UInt64) throws {
        let alice = try Alice()
        var shown = try Alice(salt: salt, chain: chain).unverifiedVoucher(9_000)
        shown.channel = alice.id
        for key in [nil, alice.hand.publicKey] {
            #expect(throws: VoucherChannel.Refusal.voucherSignature(.foreign)) {
                try shown.verified(by: key, under: alice.terms, in: alice.domain)
            }
        }
    }

    @Test func `shows nothing`() throws {
        var carol = try Carol(balance: 10_000)
        try carol.start(1_000)
        carol.expect(
            .corrected(charged: 1, balance: nil, proof: nil, ledger: nil),
            .unprovenCorrection(charged: 1, signed: 0), "payer.unproven-correction")
    }

    @Test func `says less than she has claimed`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        _ = try carol.payer.apply(.observed(Bob.snapshot(10_000, claimed: 1_000, at: 2)))
        try carol.start(10)
        for ledger in [nil, Bob.snapshot(10_000, claimed: 1_000, at: 3), Bob.snapshot(10_000, at: 1)] {
            carol.expect(
                .corrected(charged: 999, balance: nil, proof: nil, ledger: ledger),
                .unprovenCorrection(charged: 999, signed: 0), "payer.unproven-correction")
        }
    }

    @Test func `counts less, and gains nothing when she counts more again`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.correct(offering: 10, to: 400, showing: nil)
        try carol.start(10)
        carol.expect(
            .corrected(charged: 1_000, balance: nil, proof: try carol.alice.voucher(1_000), ledger: nil),
            .overstated(charged: 1_000, known: 400), "payer.overstated")
        _ = try carol.payer.apply(.outcomeUnknown)
        #expect(carol.payer.authorised == 1_010)
        _ = try carol.payer.apply(.observed(Bob.snapshot(10_000, claimed: 1_000, at: 2)))
        #expect(carol.payer.misconduct == .overclaimed(claimed: 1_000, known: 410))
    }

    @Test func `tells of money that is not there, and is paid with vouchers that nothing covers`() throws {
        var carol = try Carol()
        try carol.start(100, deposit: .of(100))
        _ = try carol.payer.apply(.corrected(charged: 0, balance: 1_000_000, proof: nil, ledger: nil))
        let event = VoucherPayer.Event.requestStarted(price: 5_000, deposit: .of(5_000), at: noon)
        #expect(try carol.payer.apply(event) == [.sign(ceiling: 5_000)])
        _ = try carol.payer.apply(.answered(charged: 5_000))
        _ = try carol.payer.apply(.observed(Bob.snapshot(100, at: 2)))
        #expect(carol.payer.balance == 100)
    }

    @Test func `tells of money that is not there, of which none is taken for proven`() throws {
        var carol = try Carol()
        try carol.start(100, deposit: .of(100))
        _ = try carol.payer.apply(.corrected(charged: 0, balance: 1_000_000, proof: nil, ledger: nil))
        #expect(carol.payer.refundable == 1_000_000 && carol.payer.provenRefundable == 100)
        #expect(try VoucherPayer(stored: carol.payer.stored) == carol.payer)
        // Of what she gives back the hearsay goes first.
        var refunded = carol.payer
        _ = try refunded.apply(.refundStarted(nil))
        _ = try refunded.apply(.refunded(999_950))
        #expect(refunded.balance == 50 && refunded.hearsay == 0 && refunded.provenRefundable == 50)
        // The settlement has the deposit, so it is outstanding no more.
        _ = try carol.payer.apply(.observed(Bob.snapshot(100, at: 2)))
        #expect(carol.payer.outstanding == nil && carol.payer.hearsay == 0)
        #expect(carol.payer.balance == 100 && carol.payer.provenRefundable == 100)
    }

    @Test func `tells of less money than there is, which is not believed`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.correct(offering: 10, to: 1_000, showing: nil, balance: 0)
        #expect(carol.payer.balance == 10_000)
    }

    @Test func `lies in every way there is, and never gets leave for more than was agreed or in doubt`() throws {
        let hand = SigningHand(try Alice())
        var caught = 0
        for seed in UInt64(0)..<300 {
            var walk = LyingWalk(seed: seed, hand: hand)
            for step in 0..<100 {
                try walk.step()
                #expect(walk.signed <= walk.agreed + walk.doubted + LyingWalk.highestPrice, "seed \(seed), \(step)")
                #expect(walk.payer.charged.units <= walk.signed, "seed \(seed), step \(step)")
                #expect(walk.payer.charged.units <= walk.agreed + walk.doubted + LyingWalk.highestPrice)
            }
            caught += walk.caught
        }
        #expect(caught > 300)
    }
}
