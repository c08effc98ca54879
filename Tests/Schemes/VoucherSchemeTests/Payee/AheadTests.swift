// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A payee whose payer signs ahead")
struct AheadTests {
    @Test func `serves many requests at once, and charges each`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let ids = try (1...8).map { try bob.letInAhead(ceiling: Amount(units: $0 * 100)) }
        #expect(bob.channel.requests.map(\.id) == ids)
        #expect(bob.channel.charged == 0)
        for (served, id) in ids.enumerated() {
            #expect(try bob.channel.apply(.served(id, price: 100, at: noon)) == [])
            #expect(bob.channel.charged.units == UInt128(served + 1) * 100)
            #expect(bob.channel.lastCharge == 100)
        }
        #expect(bob.channel.phase == .idle)
        #expect(bob.channel.best == (try bob.alice.voucher(800)))
    }

    @Test(arguments: [[800, 100, 300, 200, 700, 400, 600, 500], [100, 800, 700, 600, 500, 400, 300, 200]])
    func `takes vouchers in any order, and charges under the highest`(ceilings: [UInt64]) throws {
        let alice = try Alice()
        var bob = Bob(alice: alice, balance: 10_000)
        // The highest covers all that were signed before it, so it may come first; those below a gap must wait for it.
        var ids: [ReservationID] = [try bob.letInAhead(ceiling: 800)]
        for ceiling in ceilings where ceiling != 800 {
            ids.append(try bob.letInAhead(ceiling: Amount(integerLiteral: ceiling)))
        }
        for id in ids.reversed() {
            _ = try bob.channel.apply(.served(id, price: 100, at: noon))
            #expect(bob.channel.best == (try alice.voucher(800)))
            let row = try #require(bob.channel.claimRow(in: alice.domain))
            #expect(row.total == bob.channel.charged)
            #expect(row.ceiling == 800)
        }
        #expect(bob.channel.charged == 800)
    }

    @Test func `takes vouchers that come after a moment in which all that came before were answered`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        for ceiling in [800, 100, 300, 200, 700, 400, 600, 500] as [Amount] {
            let id = try bob.letInAhead(ceiling: ceiling)
            _ = try bob.channel.apply(.served(id, price: 100, at: noon))
            #expect(bob.channel.phase == .idle)
        }
        #expect(bob.channel.charged == 800)
        #expect(bob.channel.best == (try bob.alice.voucher(800)))
    }

    @Test func `takes none that comes late after one that was signed exactly`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        for ceiling in [500, 1_000] as [Amount] {
            _ = try bob.channel.apply(.served(bob.letInAhead(ceiling: ceiling), price: 100, at: noon))
        }
        // Exactly signed, and no higher than what was signed ahead: the payer waits for nothing up to here.
        try bob.pay(400)
        #expect(bob.channel.charged == 600)
        for ceiling in [600, 1_000] as [Amount] {
            let late = try bob.reservation(bob.draw(), ceiling: ceiling, price: 0, deposit: nil, ahead: Bob.ahead)
            expectRefusal(
                .paymentArrived(late, at: noon), bob.channel,
                .aheadMismatch(signed: ceiling, charged: 600, due: 600, floor: 600, top: 5_600),
                "cumulative_amount_mismatch")
        }
        _ = try bob.letInAhead(ceiling: 700)
        _ = try bob.letInAhead(ceiling: 1_001)
    }

    @Test func `gives free the share of a request that failed`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let first = try bob.letInAhead(ceiling: 100)
        let second = try bob.letInAhead(ceiling: 200)
        let tooMuch = try bob.reservation(
            bob.draw(), ceiling: 201, price: 100, deposit: nil, ahead: Bob.ahead)
        expectRefusal(
            .paymentArrived(tooMuch, at: noon), bob.channel,
            .aheadMismatch(signed: 201, charged: 0, due: 300, floor: 0, top: 5_000), "cumulative_amount_mismatch")
        _ = try bob.channel.apply(.released(first))
        #expect(try bob.channel.apply(.paymentArrived(tooMuch, at: noon)) == [])
        _ = try bob.channel.apply(.served(second, price: 100, at: noon))
        _ = try bob.channel.apply(.served(tooMuch.id, price: 100, at: noon))
        #expect(bob.channel.charged == 200)
        #expect(bob.channel.phase == .idle)
    }

    @Test func `tells each payer what its own request added, also where credit paid for a part`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        try bob.pay(1_000)
        _ = try bob.channel.apply(.deliveryFailed(150))
        let ids = try [1_100, 1_200].map { try bob.letInAhead(ceiling: $0) }
        _ = try bob.channel.apply(.served(ids[1], price: 100, at: noon))
        #expect(bob.channel.lastCharge == 0)
        _ = try bob.channel.apply(.served(ids[0], price: 100, at: noon))
        #expect(bob.channel.lastCharge == 50)
        #expect(bob.channel.charged == 1_050)
        #expect(bob.channel.earned == 1_050)
    }

    @Test func `withholds an answer whose time ran out only where another request needed the room`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let late = try bob.letInAhead(ceiling: 100, seconds: 10)
        let lost = try bob.letInAhead(ceiling: 200, seconds: 10)
        let later = noon.advanced(bySeconds: 10)
        // There is room for this one.
        let third = try bob.letInAhead(ceiling: 300, seconds: 60, at: later)
        _ = try bob.channel.apply(.served(late, price: 100, at: later))
        #expect(bob.channel.charged == 100)
        // And none for this one, which covers itself and the third.
        let fourth = try bob.letInAhead(ceiling: 301, seconds: 60, at: later)
        expectRefusal(.served(lost, price: 100, at: later), bob.channel, .reservationLost, "channel_busy")
        _ = try bob.channel.apply(.served(third, price: 100, at: later))
        _ = try bob.channel.apply(.served(fourth, price: 100, at: later))
        #expect(bob.channel.charged == 300)
    }

    @Test func `leaves requests in flight out of what is stored`() throws {
        var bob = try Bob(alice: try Alice(), balance: 10_000, charged: 1_000)
        let before = bob.channel
        _ = try bob.letInAhead(ceiling: 1_100)
        let id = try bob.letInAhead(ceiling: 1_200)
        #expect(bob.channel.isStoredLike(before))
        #expect(bob.channel.stored == before.stored)
        #expect(bob.channel != before)
        _ = try bob.channel.apply(.served(id, price: 100, at: noon))
        #expect(!bob.channel.isStoredLike(before))
        let restarted = try VoucherChannel(stored: bob.channel.stored)
        #expect(restarted.isStoredLike(bob.channel))
        #expect(restarted.charged == 1_100)
        #expect(restarted.requests == [])
    }

    @Test func `says which requests ended`() throws {
        var bob = Bob(alice: try Alice(), balance: 10_000)
        let ids = try (1...4).map { try bob.letInAhead(ceiling: Amount(units: $0 * 100)) }
        let before = bob.channel
        _ = try bob.channel.apply(.served(ids[2], price: 100, at: noon))
        _ = try bob.channel.apply(.released(ids[0]))
        let next = try bob.letInAhead(ceiling: 500)
        #expect(Array(bob.channel.requestsEnded(since: before)) == [ids[0], ids[2]])
        #expect(Array(bob.channel.requestsEnded(since: bob.channel)) == [])
        for id in [ids[1], ids[3], next] { _ = try bob.channel.apply(.released(id)) }
        #expect(Array(bob.channel.requestsEnded(since: before)) == ids)

        // A deposit holds its share until it is locked.
        let paying = try bob.letIn(price: 100, deposit: try bob.alice.deposit(100))
        let serving = bob.channel
        _ = try bob.channel.apply(.served(paying, price: 100, at: noon))
        #expect(Array(bob.channel.requestsEnded(since: serving)) == [])
        let depositing = bob.channel
        _ = try bob.channel.apply(.depositFailed(paying))
        #expect(Array(bob.channel.requestsEnded(since: depositing)) == [paying])
    }

    @Test func `goes on for ever without being quiet once`() throws {
        let hand = SigningHand(try Alice())
        var bob = Bob(alice: hand.alice, balance: 1_000_000)
        var last = try bob.letInAhead(ceiling: 10, price: 10, by: hand)
        for number in 2...1_000 as ClosedRange<UInt128> {
            let next = try bob.letInAhead(ceiling: Amount(units: number * 10), price: 10, by: hand)
            _ = try bob.channel.apply(.served(last, price: 10, at: noon))
            last = next
        }
        #expect(bob.channel.charged == 9_990)
        // What it does not remember any more is refused all the same.
        for ceiling in [10, 5_000, 9_980, 9_990] as [Amount] {
            let copy = try bob.reservation(
                bob.draw(), ceiling: ceiling, price: 0, deposit: nil, ahead: Bob.ahead)
            var channel = bob.channel
            let refusal = #expect(throws: VoucherChannel.Refusal.self) {
                try channel.apply(.paymentArrived(copy, at: noon))
            }
            #expect(refusal?.callsForCorrection == true, "\(ceiling)")
        }
    }

    @Test func `is small at rest`() {
        #expect(MemoryLayout<VoucherChannel>.size <= 640)
        #expect(MemoryLayout<VoucherChannel.Reservation>.size <= 256)
    }
}
