// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension VoucherPayer {
    /// Why the payer did not go along; its books are then as they were before.
    public enum Refusal: ExplainedError, Hashable {
        case overflow
        case depositTooSmall(deposit: Amount, missing: Amount)
        case overcharged(charged: Amount, price: Amount)
        case unprovenCorrection(charged: Amount, signed: Amount)
        case refundTooLarge(amount: Amount, left: Amount)
        case requestInFlight
        case nothingInFlight

        public var code: String {
            switch self {
            case .overflow: "payer.overflow"
            case .depositTooSmall: "payer.deposit-too-small"
            case .overcharged: "payer.overcharged"
            case .unprovenCorrection: "payer.unproven-correction"
            case .refundTooLarge: "payer.refund-too-large"
            case .requestInFlight: "payer.request-in-flight"
            case .nothingInFlight: "payer.nothing-in-flight"
            }
        }

        public var message: String {
            switch self {
            case .overflow: "The sum is more than 2^128 - 1."
            case .depositTooSmall(let deposit, let missing): "A deposit of \(deposit) leaves \(missing) missing."
            case .overcharged(let charged, let price): "The payee charged \(charged); the price was \(price)."
            case .unprovenCorrection(let charged, let signed):
                "The payee says \(charged) was charged, and shows a voucher for \(signed) that does not prove it."
            case .refundTooLarge(let amount, let left): "A refund of \(amount) was told; only \(left) was left."
            case .requestInFlight: "A request on this channel is waiting for its answer."
            case .nothingInFlight: "No request on this channel is waiting for an answer."
            }
        }

        public var remedy: String? {
            switch self {
            case .depositTooSmall: "Deposit more."
            case .overcharged, .unprovenCorrection, .refundTooLarge: "Stop paying this payee, and withdraw the rest."
            case .requestInFlight: "Wait for it, or open another channel."
            case .overflow, .nothingInFlight: nil
            }
        }
    }
}
