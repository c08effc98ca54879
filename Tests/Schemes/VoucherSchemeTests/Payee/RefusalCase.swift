// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

/// One way in which a channel says no, and what leads there.
struct RefusalCase: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let refusal: VoucherChannel.Refusal
    let code: String
    /// What to tell a channel of 10,000 of which 1,000 was charged.
    let prepare: @Sendable (inout Bob) throws -> VoucherChannel.Event

    init(
        _ what: String, _ refusal: VoucherChannel.Refusal, _ code: String,
        prepare: @escaping @Sendable (inout Bob) throws -> VoucherChannel.Event
    ) {
        testDescription = what
        self.refusal = refusal
        self.code = code
        self.prepare = prepare
    }
}

extension RefusalCase {
    static let payments = [
        RefusalCase(
            "a voucher for less than is due", .cumulativeMismatch(signed: 1_999, charged: 1_000, price: 1_000),
            "cumulative_amount_mismatch"
        ) { bob in
            .paymentArrived(try bob.reservation(bob.draw(), ceiling: 1_999, price: 1_000), at: noon)
        },
        RefusalCase(
            "a voucher for more than is due", .cumulativeMismatch(signed: 2_001, charged: 1_000, price: 1_000),
            "cumulative_amount_mismatch"
        ) { bob in
            .paymentArrived(try bob.reservation(bob.draw(), ceiling: 2_001, price: 1_000), at: noon)
        },
        RefusalCase(
            "a price that overflows", .cumulativeMismatch(signed: .max, charged: 1_000, price: .max),
            "cumulative_amount_mismatch"
        ) { bob in
            .paymentArrived(try bob.reservation(bob.draw(), ceiling: .max, price: .max), at: noon)
        },
        RefusalCase(
            "a voucher above the balance", .exceedsBalance(signed: 10_001, balance: 10_000),
            "cumulative_exceeds_balance"
        ) { bob in
            .paymentArrived(try bob.reservation(bob.draw(), ceiling: 10_001, price: 9_001), at: noon)
        },
        RefusalCase(
            "a voucher above the balance and the deposit", .exceedsBalance(signed: 11_001, balance: 11_000),
            "cumulative_exceeds_balance"
        ) { bob in
            let deposit = try bob.alice.deposit(1_000)
            let reservation = try bob.reservation(bob.draw(), ceiling: 11_001, price: 10_001, deposit: deposit)
            return .paymentArrived(reservation, at: noon)
        },
        RefusalCase(
            "a voucher that proves nothing beyond what was claimed", .belowClaimed(signed: 1_000, claimed: 1_000),
            "cumulative_below_claimed"
        ) { bob in
            _ = try bob.channel.apply(.observed(Bob.snapshot(10_000, claimed: 1_000, at: 2)))
            return .paymentArrived(try bob.reservation(bob.draw(), ceiling: 1_000, price: 0), at: noon)
        },
        RefusalCase("a channel without money", .channelNotFound, "channel_not_found") { bob in
            bob = Bob(alice: bob.alice)
            return .paymentArrived(try bob.reservation(bob.draw(), ceiling: 1_000, price: 1_000), at: noon)
        },
        RefusalCase("a second request", .busy, "channel_busy") { bob in
            try bob.letIn(price: 1_000)
            return .paymentArrived(
                try bob.reservation(bob.draw(), ceiling: 2_000, price: 1_000),
                at: noon.advanced(bySeconds: 59))
        },
        RefusalCase(
            "a second request whose voucher is wrong as well",
            .cumulativeMismatch(signed: 3_000, charged: 1_000, price: 1_000), "cumulative_amount_mismatch"
        ) { bob in
            try bob.letIn(price: 1_000)
            return .paymentArrived(try bob.reservation(bob.draw(), ceiling: 3_000, price: 1_000), at: noon)
        },
        RefusalCase("a request while a deposit is on its way", .busy, "channel_busy") { bob in
            _ = try bob.startDeposit()
            return .paymentArrived(
                try bob.reservation(bob.draw(), ceiling: 2_000, price: 1_000),
                at: noon.advanced(bySeconds: 9_999))
        },
        RefusalCase("a request while a refund is on its way", .busy, "channel_busy") { bob in
            _ = try bob.startRefund()
            return .paymentArrived(
                try bob.reservation(bob.draw(), ceiling: 2_000, price: 1_000),
                at: noon.advanced(bySeconds: 9_999))
        },
    ]

    static let answers = [
        RefusalCase(
            "a handler that charges more than was offered", .chargeExceedsCeiling(charge: 1_001, ceiling: 1_000),
            "charge_exceeds_signed_cumulative"
        ) { bob in
            .served(try bob.letIn(price: 1_000), price: 1_001, at: noon)
        },
        RefusalCase(
            "a charge that the voucher covers no more, since others claimed meanwhile",
            .chargeExceedsCeiling(charge: 1_000, ceiling: 2_000), "charge_exceeds_signed_cumulative"
        ) { bob in
            let id = try bob.letIn(price: 1_000)
            _ = try bob.channel.apply(.observed(Bob.snapshot(10_000, claimed: 1_500, at: 2)))
            return .served(id, price: 1_000, at: noon)
        },
        RefusalCase(
            "a deposit that locked nothing new", .exceedsBalance(signed: 10_500, balance: 10_000),
            "cumulative_exceeds_balance"
        ) { bob in
            try bob.pay(9_000)
            let id = try bob.letIn(price: 500, deposit: try bob.alice.deposit(1_000))
            _ = try bob.channel.apply(.served(id, price: 500, at: noon))
            return .deposited(id, Bob.snapshot(10_000, at: 2), charging: true, at: noon)
        },
        RefusalCase(
            "more failed deliveries than charges", .chargeExceedsCeiling(charge: 601, ceiling: 1_000),
            "charge_exceeds_signed_cumulative"
        ) { bob in
            _ = try bob.channel.apply(.deliveryFailed(400))
            return .deliveryFailed(601)
        },
        RefusalCase(
            "failed deliveries that overflow", .chargeExceedsCeiling(charge: .max, ceiling: 1_000),
            "charge_exceeds_signed_cumulative"
        ) { bob in
            _ = try bob.channel.apply(.deliveryFailed(1))
            return .deliveryFailed(.max)
        },
        RefusalCase("an answer to nothing", .reservationLost, "channel_busy") { _ in
            .served(ReservationID(77), price: 1, at: noon)
        },
        RefusalCase("an answer to another request", .reservationLost, "channel_busy") { bob in
            try bob.letIn(price: 1_000)
            return .served(ReservationID(77), price: 1, at: noon)
        },
        RefusalCase("an answer while a deposit is on its way", .reservationLost, "channel_busy") { bob in
            .served(try bob.startDeposit(), price: 1_000, at: noon)
        },
        RefusalCase("a release of nothing", .reservationLost, "channel_busy") { _ in .released(ReservationID(77)) },
        RefusalCase("a release of another request", .reservationLost, "channel_busy") { bob in
            try bob.letIn(price: 1_000)
            return .released(ReservationID(77))
        },
        RefusalCase("a release while a deposit is on its way", .reservationLost, "channel_busy") { bob in
            .released(try bob.startDeposit())
        },
        RefusalCase("a deposit that nobody made", .reservationLost, "channel_busy") { _ in
            .deposited(ReservationID(77), Bob.snapshot(20_000, at: 2), charging: true, at: noon)
        },
        RefusalCase("another request's deposit", .reservationLost, "channel_busy") { bob in
            _ = try bob.startDeposit()
            return .deposited(ReservationID(77), Bob.snapshot(20_000, at: 2), charging: true, at: noon)
        },
        RefusalCase("another request's failed deposit", .reservationLost, "channel_busy") { bob in
            _ = try bob.startDeposit()
            return .depositFailed(ReservationID(77))
        },
    ]

    static let refunds = [
        RefusalCase(
            "a refund voucher for less than was charged",
            .cumulativeMismatch(signed: 999, charged: 1_000, price: 0), "cumulative_amount_mismatch"
        ) { bob in
            .refundAsked(bob.draw(), try bob.alice.voucher(999), amount: nil)
        },
        RefusalCase(
            "a refund voucher for more than was charged",
            .cumulativeMismatch(signed: 1_001, charged: 1_000, price: 0), "cumulative_amount_mismatch"
        ) { bob in
            .refundAsked(bob.draw(), try bob.alice.voucher(1_001), amount: nil)
        },
        RefusalCase("a refund of nothing", .refundAmountInvalid, "refund_amount_invalid") { bob in
            .refundAsked(bob.draw(), try bob.alice.voucher(1_000), amount: 0)
        },
        RefusalCase(
            "a refund of more than is left", .refundNoBalance(asked: 9_001, refundable: 9_000), "refund_no_balance"
        ) { bob in
            .refundAsked(bob.draw(), try bob.alice.voucher(1_000), amount: 9_001)
        },
        RefusalCase(
            "a refund when nothing is left", .refundNoBalance(asked: nil, refundable: 0), "refund_no_balance"
        ) { bob in
            try bob.pay(9_000)
            return .refundAsked(bob.draw(), try bob.alice.voucher(10_000), amount: nil)
        },
        RefusalCase("a refund of a channel without money", .channelNotFound, "channel_not_found") { bob in
            bob = Bob(alice: bob.alice)
            return .refundAsked(bob.draw(), try bob.alice.voucher(0), amount: nil)
        },
        RefusalCase("a refund while a request is answered", .busy, "channel_busy") { bob in
            try bob.letIn(price: 1_000)
            return .refundAsked(bob.draw(), try bob.alice.voucher(1_000), amount: nil)
        },
        RefusalCase("a refund while a deposit is on its way", .busy, "channel_busy") { bob in
            _ = try bob.startDeposit()
            return .refundAsked(bob.draw(), try bob.alice.voucher(1_000), amount: nil)
        },
        RefusalCase("a second refund", .busy, "channel_busy") { bob in
            _ = try bob.startRefund()
            return .refundAsked(bob.draw(), try bob.alice.voucher(1_000), amount: nil)
        },
        RefusalCase("a refund's answer to nothing", .reservationLost, "channel_busy") { _ in
            .refunded(ReservationID(77), Bob.snapshot(1_000, at: 2))
        },
        RefusalCase("another refund's answer", .reservationLost, "channel_busy") { bob in
            _ = try bob.startRefund()
            return .refunded(ReservationID(77), Bob.snapshot(1_000, at: 2))
        },
        RefusalCase("another refund's failure", .reservationLost, "channel_busy") { bob in
            _ = try bob.startRefund()
            return .refundFailed(ReservationID(77))
        },
    ]
}

extension Bob {
    /// Serves a request with a deposit of 1,000 and waits for the ledger.
    fileprivate mutating func startDeposit() throws -> ReservationID {
        let id = try letIn(price: 1_000, deposit: try alice.deposit(1_000))
        _ = try channel.apply(.served(id, price: 1_000, at: noon))
        return id
    }

    /// Asks for all that is left and waits for the ledger.
    fileprivate mutating func startRefund() throws -> ReservationID {
        let id = draw()
        _ = try channel.apply(.refundAsked(id, try alice.voucher(channel.charged), amount: nil))
        return id
    }
}
