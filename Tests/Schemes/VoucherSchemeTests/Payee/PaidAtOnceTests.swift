// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@testable import FarthingVoucherScheme

@Suite("A payment that is let in and charged in one go")
struct PaidAtOnceTests {
    /// What came of an event, and what the channel became, to the last of what it remembers.
    private struct Outcome: Equatable {
        var effects: [VoucherChannel.Effect] = []
        var refusal: VoucherChannel.Refusal?
        var channel: VoucherChannel
        var floor: Amount
        var lastCharge: Amount

        init(_ channel: VoucherChannel, _ events: [VoucherChannel.Event]) {
            var after = channel
            do throws(VoucherChannel.Refusal) {
                for event in events { effects += try after.apply(event) }
            } catch {
                refusal = error
                effects = []
                after = channel
            }
            self.channel = after
            (floor, lastCharge) = (after.floor, after.lastCharge)
        }
    }

    /// Which roads a walk took.
    private enum Road: Hashable {
        case paid
        case refused
        case paidBeside
        case deposited
        case droppedExpired
    }

    @Test func `is what happens to one that is let in and then served, or nothing at all`() throws {
        let hand = SigningHand(try Alice())
        var roads: [Road: Int] = [:]
        for seed in UInt64(0)..<60 {
            var walk = Walk(seed: seed, hand: hand)
            for step in 0..<120 {
                try walk.wander()
                let (reservation, price) = try walk.payment()
                let before = walk.channel
                let arrived = VoucherChannel.Event.paymentArrived(reservation, at: walk.now)
                let once = Outcome(before, [.paid(reservation, price: price, at: walk.now)])
                let twice = Outcome(before, [arrived, .served(reservation.id, price: price, at: walk.now)])
                #expect(once == twice, "seed \(seed), step \(step)")
                let isLetIn = Outcome(before, [arrived]).refusal == nil
                #expect(before.admits(reservation, at: walk.now) == isLetIn, "seed \(seed), step \(step)")
                var touched = before
                let isRefused = (try? touched.apply(.paid(reservation, price: price, at: walk.now))) == nil
                #expect(isRefused == (once.refusal != nil))
                #expect(
                    touched == once.channel && touched.floor == once.floor && touched.lastCharge == once.lastCharge,
                    "seed \(seed), step \(step): a refusal changed it")
                for road in Self.roads(before, once) { roads[road, default: 0] += 1 }
                if walk.chance(2) { walk.channel = once.channel }
            }
        }
        for road in [Road.paid, .refused, .paidBeside, .deposited, .droppedExpired] {
            #expect(roads[road, default: 0] > 20, "\(roads)")
        }
    }

    private static func roads(_ before: VoucherChannel, _ once: Outcome) -> [Road] {
        guard once.refusal == nil else { return [.refused] }
        var roads: [Road] = []
        switch once.channel.phase {
        case .idle: roads.append(.paid)
        case .serving: roads.append(.paidBeside)
        case .depositing: roads.append(.deposited)
        case .refunding: break
        }
        if once.channel.requests.count < before.requests.count { roads.append(.droppedExpired) }
        return roads
    }

    /// A channel in any state that it can be in, and payments good and bad.
    private struct Walk {
        static let limits = SigningAhead(maximum: 4, window: 300)
        var channel: VoucherChannel
        var now = noon
        private let hand: SigningHand
        private var random: SeededGenerator
        private var lastID: UInt64 = 0
        private var height: UInt64 = 1

        init(seed: UInt64, hand: SigningHand) {
            self.hand = hand
            random = SeededGenerator(seed: seed)
            channel = Bob(alice: hand.alice, balance: 2_000).channel
        }

        mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }
        private mutating func tens(_ range: ClosedRange<UInt64>) -> Amount {
            Amount(units: UInt128(UInt64.random(in: range, using: &random) * 10))
        }
        private mutating func draw() -> ReservationID {
            lastID += 1
            return ReservationID(lastID)
        }

        mutating func payment() throws -> (VoucherChannel.Reservation, price: Amount) {
            let price = tens(0...6)
            let isAhead = !chance(3)
            let due = channel.requests.reduce(channel.charged) { $0.adding($1.price) ?? .max }
            var ceiling = (isAhead && !chance(4) ? due : channel.charged).adding(price) ?? .max
            if chance(6) { ceiling = ceiling.adding(tens(0...40)) ?? .max }
            if chance(6) { ceiling = ceiling.clampedSubtracting(tens(0...9)) }
            let deposit = chance(12) ? try hand.deposit(tens(1...30), salt: 1) : nil
            let reservation = VoucherChannel.Reservation(
                id: draw(), voucher: try hand.voucher(ceiling), price: price, deposit: deposit,
                until: now.advanced(bySeconds: 20), ahead: isAhead ? Self.limits : nil)
            return (reservation, chance(8) ? tens(0...9) : min(price, tens(0...8)))
        }

        /// Something else happens to the channel, or nothing.
        mutating func wander() throws {
            now = now.advanced(bySeconds: Int64.random(in: 0...6, using: &random))
            let request = channel.requests.randomElement(using: &random)?.id ?? draw()
            let event: VoucherChannel.Event
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<5: event = .paymentArrived(try payment().0, at: now)
            case 5..<9: event = .served(request, price: tens(0...4), at: now)
            case 9: event = .released(request)
            case 10: event = .deliveryFailed(tens(0...3))
            case 11..<13:
                height += 1
                let claimed = chance(2) ? channel.earned : channel.ledger.totalClaimed
                let balance = max(channel.ledger.balance, channel.charged).adding(tens(0...20)) ?? .max
                event = .observed(
                    Bob.snapshot(
                        balance, claimed: min(claimed, balance),
                        withdrawing: chance(2) ? balance.clampedSubtracting(tens(0...250)) : nil, at: height))
            case 13: event = .refundAsked(draw(), try hand.voucher(channel.charged), amount: chance(2) ? nil : 10)
            case 14..<17:
                height += 1
                let snapshot = Bob.snapshot(
                    max(channel.ledger.balance, channel.charged), claimed: channel.ledger.totalClaimed, at: height)
                switch channel.phase {
                case .depositing(let reservation, _):
                    event = .deposited(reservation.id, snapshot, charging: chance(2), at: now)
                case .refunding(let refund): event = .refunded(refund.id, snapshot)
                case .idle, .serving: return
                }
            default: return
            }
            _ = try? channel.apply(event)
        }
    }
}
