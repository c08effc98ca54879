// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("Mallory, where vouchers are signed ahead")
struct AheadAttackTests {
    /// Five requests in flight, of which the second and the fifth ended.
    private func burst(_ alice: Alice) throws -> (bob: Bob, ids: [ReservationID]) {
        var bob = Bob(alice: alice, balance: 10_000)
        let ids = try (1...5).map { try bob.letInAhead(ceiling: Amount(units: $0 * 100)) }
        _ = try bob.channel.apply(.served(ids[1], price: 100, at: noon))
        _ = try bob.channel.apply(.released(ids[4]))
        return (bob, ids)
    }

    /// Sends a voucher again, with and without saying that it was signed ahead, at every price.
    private func replay(_ ceiling: Amount, to bob: Bob) throws -> [String] {
        try ([0, 1, 99, 100, 101] as [Amount]).flatMap { price in
            try ([Bob.ahead, nil] as [SigningAhead?]).map { ahead in
                var bob = bob
                let copy = try bob.reservation(
                    bob.draw(), ceiling: ceiling, price: price, deposit: nil, ahead: ahead)
                do throws(VoucherChannel.Refusal) {
                    _ = try bob.channel.apply(.paymentArrived(copy, at: noon))
                    return "let in"
                } catch {
                    return String(error.code.dropFirst("invalid_batch_settlement_evm_".count))
                }
            }
        }
    }

    @Test func `is not served for a copy of a voucher in flight`() throws {
        let (bob, _) = try burst(try Alice())
        for ceiling in [100, 300, 400] as [Amount] {
            #expect(Set(try replay(ceiling, to: bob)).isSubset(of: ["channel_busy", "cumulative_amount_mismatch"]))
        }
    }

    @Test func `is not served for a copy of a voucher whose request ended, served or not`() throws {
        let (bob, _) = try burst(try Alice())
        for ceiling in [200, 500] as [Amount] {
            #expect(Set(try replay(ceiling, to: bob)).isSubset(of: ["channel_busy", "cumulative_amount_mismatch"]))
        }
    }

    @Test func `is not served for anything she saw once all was charged, nor after a restart`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let ids = try [300, 100, 200].map { try bob.letInAhead(ceiling: $0) }
        for id in ids { _ = try bob.channel.apply(.served(id, price: 100, at: noon)) }
        var restarted = bob
        restarted.channel = try VoucherChannel(stored: bob.channel.stored)
        for bob in [bob, restarted] {
            for ceiling in [100, 200] as [Amount] {
                #expect(Set(try replay(ceiling, to: bob)) == ["cumulative_amount_mismatch"])
            }
            // The highest is what the refund of all that is left is asked for with; it pays for nothing.
            let answers = try replay(300, to: bob)
            #expect(answers.filter { $0 == "let in" }.count == 1, "only for a price of nothing")
        }
    }

    @Test func `cannot have a voucher that came out of order taken after a restart`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let ids = try [300, 100, 200].map { try bob.letInAhead(ceiling: $0) }
        _ = try bob.channel.apply(.served(ids[0], price: 100, at: noon))
        bob.channel = try VoucherChannel(stored: bob.channel.stored)
        for ceiling in [100, 200, 300] as [Amount] {
            let copy = try bob.reservation(bob.draw(), ceiling: ceiling, price: 100, deposit: nil, ahead: Bob.ahead)
            expectRefusal(
                .paymentArrived(copy, at: noon), bob.channel,
                .aheadMismatch(signed: ceiling, charged: 100, due: 200, floor: 300, top: 5_100),
                "cumulative_amount_mismatch")
        }
        _ = try bob.letInAhead(ceiling: 301)
    }

    @Test func `is not served for a copy of what was released once the channel is quiet`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let ids = try [100, 200, 300].map { try bob.letInAhead(ceiling: $0) }
        for id in ids { _ = try bob.channel.apply(.released(id)) }
        #expect(bob.channel.phase == .idle)
        for ceiling in [100, 200, 300] as [Amount] {
            let copy = try bob.reservation(bob.draw(), ceiling: ceiling, price: 100, deposit: nil, ahead: Bob.ahead)
            expectRefusal(
                .paymentArrived(copy, at: noon), bob.channel,
                .aheadMismatch(signed: ceiling, charged: 0, due: 100, floor: 0, top: 5_000),
                "cumulative_amount_mismatch")
        }
        // The payer goes on above what it signed, or exactly.
        try bob.pay(100)
        _ = try bob.letInAhead(ceiling: 301)
    }

    @Test func `cannot sign further ahead than was offered`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        _ = try bob.letInAhead(ceiling: 5_000)
        let over = try bob.reservation(bob.draw(), ceiling: 5_001, price: 100, deposit: nil, ahead: Bob.ahead)
        expectRefusal(
            .paymentArrived(over, at: noon), bob.channel,
            .aheadMismatch(signed: 5_001, charged: 0, due: 200, floor: 0, top: 5_000), "cumulative_amount_mismatch")
    }

    @Test func `cannot pay with money that is not there, whichever voucher comes first`() throws {
        let ahead = SigningAhead(maximum: 64, window: .max)
        var bob = Bob(alice: try Alice(), balance: 1_000)
        let over = try bob.reservation(bob.draw(), ceiling: 1_001, price: 100, deposit: nil, ahead: ahead)
        expectRefusal(
            .paymentArrived(over, at: noon), bob.channel, .exceedsBalance(signed: 1_001, balance: 1_000),
            "cumulative_exceeds_balance")
        // A withdrawal is announced after the highest voucher came: those below it do not count on it.
        _ = try bob.letInAhead(ceiling: 1_000, ahead)
        _ = try bob.channel.apply(.observed(Bob.snapshot(1_000, withdrawing: 850, at: 2)))
        let small = try bob.reservation(bob.draw(), ceiling: 100, price: 100, deposit: nil, ahead: ahead)
        expectRefusal(
            .paymentArrived(small, at: noon), bob.channel, .exceedsBalance(signed: 200, balance: 150),
            "cumulative_exceeds_balance")
    }

    @Test func `cannot flood a channel with reservations`() throws {
        let hand = SigningHand(try Alice())
        var bob = Bob(alice: hand.alice, balance: 10_000)
        for number in 1...8 as ClosedRange<UInt128> {
            _ = try bob.letInAhead(ceiling: Amount(units: number), price: 0, by: hand)
        }
        for number in 9...300 as ClosedRange<UInt128> {
            let flood = try bob.reservation(
                bob.draw(), ceiling: Amount(units: number), price: 0, deposit: nil, ahead: Bob.ahead)
            expectRefusal(.paymentArrived(flood, at: noon), bob.channel, .busy, "channel_busy")
        }
        #expect(bob.channel.requests.count == 8)
    }

    @Test func `cannot slip in beside a request that was signed exactly, nor beside a deposit or a refund`() throws {
        let alice = try Alice()
        var exact = Bob(alice: alice, balance: 10_000)
        try exact.letIn(price: 100)
        var depositing = exact
        depositing.channel = VoucherChannel(id: alice.id, terms: alice.terms, ledger: Bob.snapshot(500, at: 1))
        let id = try depositing.letIn(price: 100, deposit: try alice.deposit(1_000))
        var locking = depositing
        _ = try locking.channel.apply(.served(id, price: 100, at: noon))
        var refunding = try Bob(alice: alice, balance: 10_000, charged: 100)
        _ = try refunding.channel.apply(.refundAsked(refunding.draw(), try alice.voucher(100), amount: nil))
        for var bob in [exact, depositing, locking, refunding] {
            let ahead = try bob.reservation(bob.draw(), ceiling: 300, price: 100, deposit: nil, ahead: Bob.ahead)
            expectRefusal(.paymentArrived(ahead, at: noon), bob.channel, .busy, "channel_busy")
        }
        // Nor the other way round.
        var busy = Bob(alice: alice, balance: 10_000)
        _ = try busy.letInAhead(ceiling: 200)
        let one = try busy.reservation(busy.draw(), ceiling: 100, price: 100)
        expectRefusal(.paymentArrived(one, at: noon), busy.channel, .busy, "channel_busy")
        expectRefusal(
            .refundAsked(busy.draw(), try alice.voucher(0), amount: nil), busy.channel, .busy, "channel_busy")
    }

    @Test func `gains nothing by vouchers that cover too little, once the highest of them failed`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let highest = try bob.letInAhead(ceiling: 300)
        let small = try [1, 2].map { try bob.letInAhead(ceiling: $0) }
        _ = try bob.channel.apply(.released(highest))
        for id in small {
            expectRefusal(
                .served(id, price: 100, at: noon), bob.channel, .chargeExceedsCeiling(charge: 100, ceiling: 2),
                "charge_exceeds_signed_cumulative")
        }
        #expect(bob.channel.charged == 0)
    }
}
