// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension VoucherPayer {
    /// Why the payer did not go along; its books are then as they were before.
    public enum Refusal: ExplainedError, Hashable {
        case overflow
        case depositTooSmall(deposit: Amount, missing: Amount)
        case depositOutstanding(amount: Amount, validBefore: UInt64)
        case overcharged(charged: Amount, price: Amount)
        case unprovenCorrection(charged: Amount, signed: Amount)
        case overstated(charged: Amount, known: Amount)
        case refundTooLarge(amount: Amount, left: Amount)
        case nothingToRefund(asked: Amount?, left: Amount)
        case tooManyDoubts(Int)
        case suspended(Misconduct)
        case requestInFlight
        case nothingInFlight

        public var code: String {
            switch self {
            case .overflow: "payer.overflow"
            case .depositTooSmall: "payer.deposit-too-small"
            case .depositOutstanding: "payer.deposit-outstanding"
            case .overcharged: "payer.overcharged"
            case .unprovenCorrection: "payer.unproven-correction"
            case .overstated: "payer.overstated"
            case .refundTooLarge: "payer.refund-too-large"
            case .nothingToRefund: "payer.nothing-to-refund"
            case .tooManyDoubts: "payer.too-many-doubts"
            case .suspended: "payer.suspended"
            case .requestInFlight: "payer.request-in-flight"
            case .nothingInFlight: "payer.nothing-in-flight"
            }
        }

        public var message: String {
            switch self {
            case .overflow: "The sum is more than 2^128 - 1."
            case .depositTooSmall(let deposit, let missing): "A deposit of \(deposit) leaves \(missing) missing."
            case .depositOutstanding(let amount, let validBefore):
                "A deposit of \(amount) was signed and may still be locked until \(validBefore) (Unix seconds)."
            case .overcharged(let charged, let price): "The payee charged \(charged); the price was \(price)."
            case .unprovenCorrection(let charged, let signed):
                "The payee says \(charged) was charged, and shows a voucher for \(signed) that does not prove it."
            case .overstated(let charged, let known):
                "The payee says \(charged) was charged; its own answers come to \(known)."
            case .refundTooLarge(let amount, let left): "A refund of \(amount) was told; only \(left) was left."
            case .nothingToRefund(let asked?, let left): "A refund of \(asked) was asked for; \(left) is left."
            case .nothingToRefund(nil, let left): "There is nothing to refund: \(left) is left."
            case .tooManyDoubts(let count): "\(count) payments on this channel have an unknown outcome."
            case .suspended(let misconduct): "Nothing more is paid on this channel: \(misconduct.text)"
            case .requestInFlight: "A request on this channel is waiting for its answer."
            case .nothingInFlight: "No request on this channel is waiting for an answer."
            }
        }

        public var remedy: String? {
            switch self {
            case .depositTooSmall: "Deposit more."
            case .depositOutstanding: "Wait until then, or let the settlement tell whether it was locked."
            case .overcharged, .unprovenCorrection, .overstated, .refundTooLarge, .suspended:
                "Stop paying this payee, and withdraw the rest."
            case .tooManyDoubts: "Reconcile the channel."
            case .requestInFlight: "Wait for it, or open another channel."
            case .overflow, .nothingToRefund, .nothingInFlight: nil
            }
        }
    }
}

extension VoucherPayer.Misconduct {
    public var text: String {
        switch self {
        case .overcharged(let charged, let price): "its payee charged \(charged) where the price was \(price)."
        case .overstated(let charged, let known):
            "its payee said that \(charged) was charged where its own answers come to \(known)."
        case .overclaimed(let claimed, let known):
            "its payee claimed \(claimed) where no more than \(known) can have been owed."
        }
    }
}
