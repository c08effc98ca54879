// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("Mallory")
struct AttackTests {
    // MARK: - As a payer, or as one who overheard a payer

    @Test func `cannot be served again for a voucher that was used`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        let before = bob.channel
        var mallory = Mallory(holding: try alice.voucher(1_000))
        mallory.send(copies: 50, price: 1_000, to: &bob)
        #expect(mallory.letIn.isEmpty)
        #expect(mallory.refusals == [String](repeating: "cumulative_amount_mismatch", count: 50))
        #expect(bob.channel == before)
    }

    @Test func `is served once for fifty copies of one voucher sent at once`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice, balance: 10_000)
        var mallory = Mallory(holding: try alice.voucher(1_000))
        mallory.send(copies: 50, price: 1_000, to: &bob)
        #expect(mallory.letIn.count == 1)
        #expect(mallory.refusals == [String](repeating: "channel_busy", count: 49))

        let winner = try #require(mallory.letIn.first)
        _ = try bob.channel.apply(.served(winner, price: 1_000, at: noon))
        mallory.send(copies: 50, price: 1_000, to: &bob)
        #expect(mallory.letIn.count == 1)
        #expect(bob.channel.charged == 1_000)
    }

    @Test func `is served once for fifty copies of one deposit sent at once`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice)
        let deposit = try alice.deposit(10_000)
        var mallory = Mallory(holding: try alice.voucher(1_000))
        mallory.send(copies: 50, price: 1_000, deposit: deposit, to: &bob)
        let winner = try #require(mallory.letIn.first)
        _ = try bob.channel.apply(.served(winner, price: 1_000, at: noon))
        // However long the ledger takes, nobody else gets in while it does.
        mallory.send(copies: 50, price: 1_000, deposit: deposit, to: &bob, at: noon.advanced(bySeconds: 86_400))
        #expect(mallory.letIn == [winner])
    }

    @Test func `cannot pay with money that is not there`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 1_500, charged: 1_000)
        var mallory = Mallory(holding: try alice.voucher(2_000))
        mallory.send(copies: 1, price: 1_000, to: &bob)
        #expect(mallory.refusals == ["cumulative_exceeds_balance"])
    }

    @Test func `cannot pay with a deposit that was used before`() throws {
        let alice = try Alice()
        let used = try alice.deposit(1_000)
        var bob = Bob(alice: alice)
        try bob.pay(1_000, depositing: used, then: Bob.snapshot(1_000, at: 2))

        var mallory = Mallory(holding: try alice.voucher(2_000))
        mallory.send(copies: 1, price: 1_000, deposit: used, to: &bob)
        let id = try #require(mallory.letIn.first)
        _ = try bob.channel.apply(.served(id, price: 1_000, at: noon))
        // The settlement answers the same deposit with the same receipt.
        expectRefusal(
            .deposited(id, Bob.snapshot(1_000, at: 2), charging: true, at: noon), bob.channel,
            .exceedsBalance(signed: 2_000, balance: 1_000), "cumulative_exceeds_balance")
    }

    @Test func `cannot get back what she is just about to spend`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        var mallory = Mallory(holding: try alice.voucher(1_000))
        let id = try bob.letIn(price: 9_000)
        mallory.askRefund(of: &bob)
        #expect(mallory.refusals == ["channel_busy"])

        // Once the request is answered, her voucher is too old to ask with.
        _ = try bob.channel.apply(.served(id, price: 9_000, at: noon))
        mallory.askRefund(of: &bob)
        #expect(mallory.refusals == ["channel_busy", "cumulative_amount_mismatch"])
        #expect(bob.channel.refundable == 0)
    }

    @Test func `cannot spend what is on its way back to her`() throws {
        let alice = try Alice()
        var bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        var refunded = Mallory(holding: try alice.voucher(1_000))
        refunded.askRefund(of: &bob)
        #expect(refunded.letIn.count == 1)

        var spending = Mallory(holding: try alice.voucher(2_000))
        spending.send(copies: 1, price: 1_000, to: &bob)
        _ = try bob.channel.apply(
            .refunded(try #require(refunded.letIn.first), Bob.snapshot(1_000, claimed: 1_000, refunds: 1, at: 2)))
        spending.send(copies: 1, price: 1_000, to: &bob)
        #expect(spending.refusals == ["channel_busy", "cumulative_exceeds_balance"])
    }

    @Test func `does not get two answers for one voucher by stretching the first`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice, balance: 10_000)
        var mallory = Mallory(holding: try alice.voucher(1_000))
        mallory.send(copies: 1, price: 1_000, to: &bob)
        let later = noon.advanced(bySeconds: 60)
        mallory.send(copies: 2, price: 1_000, to: &bob, at: later)
        #expect(mallory.letIn.count == 2)
        #expect(mallory.refusals == ["channel_busy"])

        // The first answer is withheld, whichever is ready first.
        expectRefusal(
            .served(mallory.letIn[0], price: 1_000, at: later), bob.channel, .reservationLost, "channel_busy")
        _ = try bob.channel.apply(.served(mallory.letIn[1], price: 1_000, at: later))
        expectRefusal(
            .served(mallory.letIn[0], price: 1_000, at: later), bob.channel, .reservationLost, "channel_busy")
        #expect(bob.channel.charged == 1_000)
    }

    @Test(arguments: [nil, Alice.key(0x11).publicKey])
    func `cannot pay with a voucher for another channel or another chain`(_ known: PublicKey?) throws {
        let alice = try Alice()
        let bob = try known == nil ? Bob(alice: alice, balance: 9_000) : Bob(alice: alice, balance: 9_000, charged: 100)
        let ceiling: Amount = known == nil ? 1_000 : 1_100
        let good = VoucherPayload.voucher(alice.terms, alice.unverifiedVoucher(ceiling))
        let otherTerms = try Alice(salt: 1).terms
        var attempts = [(VoucherPayload.voucher(otherTerms, good.voucher), "channel_id_mismatch")]
        for other in [try Alice(salt: 1), try Alice(chain: 8_453)] {
            let voucher = other.unverifiedVoucher(ceiling)
            var relabelled = voucher
            relabelled.channel = alice.id
            attempts.append((.voucher(other.terms, voucher), "channel_id_mismatch"))
            attempts.append((.voucher(alice.terms, voucher), "channel_id_mismatch"))
            attempts.append((.voucher(alice.terms, relabelled), "voucher_signature"))
        }
        for (payload, code) in attempts {
            let refusal = #expect(throws: VoucherChannel.Refusal.self) {
                try bob.channel.verify(payload, in: alice.domain)
            }
            #expect(refusal?.code == "invalid_batch_settlement_evm_\(code)")
        }
        #expect(try bob.channel.verify(good, in: alice.domain) == (try alice.voucher(ceiling)))
    }

    @Test func `cannot pay with signatures that no contract would take`() throws {
        let alice = try Alice()
        let bob = try Bob(alice: alice, balance: 10_000, charged: 1_000)
        var voucher = alice.unverifiedVoucher(2_000)
        voucher.signature = Mallory.mirrored(voucher.signature)
        #expect(throws: VoucherChannel.Refusal.voucherSignature(.malformed(.highS))) {
            try bob.channel.verify(.voucher(alice.terms, voucher), in: alice.domain)
        }
    }

    @Test func `cannot end another payer's request by guessing`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        try bob.letIn(price: 1_000)
        for guess in [0, 2, .max] as [UInt64] {
            let id = ReservationID(guess)
            for event in [.served(id, price: 0, at: noon), .released(id), .depositFailed(id), .refundFailed(id)]
                as [VoucherChannel.Event]
            {
                expectRefusal(event, bob.channel, .reservationLost, "channel_busy")
            }
        }
    }

    @Test func `gains nothing but what she was charged by breaking off every delivery`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice, balance: 10_000)
        for _ in 0..<20 {
            try bob.pay(1_000)
            _ = try bob.channel.apply(.deliveryFailed(1_000))
            expectRefusal(
                .deliveryFailed(1), bob.channel, .chargeExceedsCeiling(charge: 1, ceiling: 1_000),
                "charge_exceeds_signed_cumulative")
        }
        #expect(bob.channel.charged == 1_000)
        #expect(bob.channel.earned == 0)
        #expect(bob.channel.refundable == 10_000)
    }

    // MARK: - As a payee

    @Test func `cannot charge more than was offered`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let id = try bob.letIn(price: 1_000)
        expectRefusal(
            .served(id, price: 1_001, at: noon), bob.channel, .chargeExceedsCeiling(charge: 1_001, ceiling: 1_000),
            "charge_exceeds_signed_cumulative")
        #expect(throws: VoucherPayer.Refusal.overcharged(charged: 1_001, price: 1_000)) {
            var payer = try waitingPayer()
            _ = try payer.apply(.answered(charged: 1_001))
        }
    }

    @Test func `cannot claim more than the voucher allows or than was charged`() throws {
        let alice = try Alice()
        var bob = Bob(alice: alice, balance: 10_000)
        try bob.pay(1_000, costing: 300)
        let row = try #require(bob.channel.claimRow(in: alice.domain))
        #expect(row.total == 300)
        #expect(row.total <= row.ceiling)
    }

    @Test func `cannot correct a payer's books without a voucher of the payer's`() throws {
        let alice = try Alice()
        let ledger = Bob.snapshot(10_000, at: 2)
        let hers = try Alice(wallet: 0x66).voucher(9_000)
        for (charged, proof) in [(9_000, hers), (9_000, try alice.voucher(1_000))] as [(Amount, Voucher)] {
            var payer = try waitingPayer()
            let before = payer
            #expect(throws: VoucherPayer.Refusal.unprovenCorrection(charged: 9_000, signed: proof.ceiling)) {
                try payer.apply(.corrected(charged: charged, balance: nil, proof: proof, ledger: ledger))
            }
            #expect(payer == before)
        }
    }

    /// Nothing tells a payee that lies from one whose answer got lost, so each correction that is followed may cost the
    /// price of one request.
    ///
    /// That is why a payer follows one and then stops.
    @Test func `gains the price of one request by each correction that the payer follows`() throws {
        let alice = try Alice()
        var payer = try waitingPayer()
        for round in 1...5 as ClosedRange<UInt128> {
            let signed = Amount(units: round * 1_000)
            #expect(payer.authorised == signed)
            let ledger = Bob.snapshot(10_000, at: UInt64(round))
            _ = try payer.apply(
                .corrected(charged: signed, balance: nil, proof: try alice.voucher(signed), ledger: ledger))
            _ = try payer.apply(.requestStarted(price: 1_000, deposit: .of(0), at: noon))
        }
    }

    /// A payer with 10,000 in the channel whose first request of 1,000 waits for its answer.
    private func waitingPayer() throws -> VoucherPayer {
        let alice = try Alice()
        var payer = VoucherPayer(id: alice.id, terms: alice.terms, ledger: Bob.snapshot(10_000, at: 1))
        _ = try payer.apply(.requestStarted(price: 1_000, deposit: .of(0), at: noon))
        return payer
    }
}
