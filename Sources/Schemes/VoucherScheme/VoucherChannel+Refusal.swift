// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension VoucherChannel {
    /// Why a payment was refused; the channel is then as it was before.
    ///
    /// - Source: the codes are those of x402's `batch-settlement`, so that its clients understand them.
    public enum Refusal: ExplainedError, Hashable {
        // What was sent cannot be read.
        case payloadType(String)
        case payload(PayloadKind, field: String)
        case channelIDInvalid
        // What was sent is for another channel, or for somebody else.
        case channelIDMismatch(sent: ChannelID, computed: ChannelID)
        case receiverMismatch(sent: Address, offered: Address)
        case receiverAuthorizerMismatch(sent: Address, offered: Address)
        /// The terms leave it to the payer's account which vouchers are good.
        case missingPayerAuthorizer
        case tokenMismatch(sent: Address, offered: Address)
        case withdrawDelayMismatch(sent: UInt64, offered: UInt64)
        case withdrawDelayOutOfRange(UInt64)
        // Signatures.
        case voucherSignature(SignatureTrouble)
        case depositSignature(SignatureTrouble)
        // Deposits.
        case authorizationRequired
        case permit2Required
        case permit2Spender(sent: Address, collector: Address)
        case permit2Amount(permitted: Amount, deposit: Amount)
        case permit2Expired(deadline: UInt64, now: Instant)
        case permit2Signature(SignatureTrouble)
        case authorizationNotYetValid(validAfter: UInt64, now: Instant)
        case authorizationExpired(validBefore: UInt64, now: Instant)
        /// `has` is `nil` when the settlement does not tell.
        case insufficientBalance(has: Amount?, needs: Amount)
        case depositBelowMinimum(deposit: Amount, minimum: Amount)
        case depositSimulationFailed(SettlementError)
        case depositFailed(SettlementError)
        /// Who settles would not show the channel, or would not take the deposit.
        case turnedDown(SettlementError)
        // The books.
        case channelNotFound
        case cumulativeMismatch(signed: Amount, charged: Amount, price: Amount)
        /// A voucher that was signed ahead covers too little or too much, or was seen before.
        case aheadMismatch(signed: Amount, charged: Amount, due: Amount, floor: Amount, top: Amount)
        case exceedsBalance(signed: Amount, balance: Amount)
        case belowClaimed(signed: Amount, claimed: Amount)
        case chargeExceedsCeiling(charge: Amount, ceiling: Amount)
        case busy
        case reservationLost
        // Refunds.
        case refundAmountInvalid
        case refundNoBalance(asked: Amount?, refundable: Amount)
        case refundFailed(SettlementError)
        /// The payee pays for as many deposits of a payer within an hour; `leastOfMore` is set for small ones.
        case depositsTooOften(perHour: Int, leastOfMore: Amount?, seconds: Int64)
        /// The payee pays for as many refunds of a payer within an hour; `leastOfMore` is set for small ones.
        case refundsTooOften(perHour: Int, leastOfMore: Amount?, seconds: Int64)
    }

    public enum PayloadKind: String, Hashable, Sendable {
        case deposit
        case voucher
        case refund
    }

    /// What is wrong with a signature.
    public enum SignatureTrouble: Hashable, Sendable {
        /// It is not one that a contract would take.
        case malformed(Signature.Fault)
        /// Somebody else made it, or it is over something else.
        case foreign
    }
}

extension VoucherChannel.Refusal {
    /// - Source: x402 v2, scheme `batch-settlement` on EVM, "error codes"; `missing_payer_authorizer`,
    ///   `deposits_too_often` and `refunds_too_often` are ours.
    public var code: String { Self.prefix + rule }

    private static let prefix = "invalid_batch_settlement_evm_"

    private var rule: String {
        switch self {
        case .payloadType: "payload_type"
        case .payload(let kind, _): "\(kind.rawValue)_payload"
        case .channelIDInvalid: "channel_id_invalid"
        case .channelIDMismatch: "channel_id_mismatch"
        case .receiverMismatch: "receiver_mismatch"
        case .receiverAuthorizerMismatch: "receiver_authorizer_mismatch"
        case .missingPayerAuthorizer: "missing_payer_authorizer"
        case .tokenMismatch: "token_mismatch"
        case .withdrawDelayMismatch: "withdraw_delay_mismatch"
        case .withdrawDelayOutOfRange: "withdraw_delay_out_of_range"
        case .voucherSignature: "voucher_signature"
        case .depositSignature: "receive_authorization_signature"
        case .authorizationRequired: "erc3009_authorization_required"
        case .permit2Required: "permit2_authorization_required"
        case .permit2Spender: "permit2_invalid_spender"
        case .permit2Amount: "permit2_amount_mismatch"
        case .permit2Expired: "permit2_deadline_expired"
        case .permit2Signature: "permit2_invalid_signature"
        case .authorizationNotYetValid: "payload_authorization_valid_after"
        case .authorizationExpired: "payload_authorization_valid_before"
        case .insufficientBalance: "insufficient_balance"
        case .depositBelowMinimum: "deposit_below_min_deposit"
        case .depositSimulationFailed: "deposit_simulation_failed"
        case .depositFailed: "deposit_transaction_failed"
        case .turnedDown(.refused(let code, _)) where code.hasPrefix(Self.prefix):
            String(code.dropFirst(Self.prefix.count))
        case .turnedDown: "channel_state_read_failed"
        case .channelNotFound: "channel_not_found"
        case .cumulativeMismatch, .aheadMismatch: "cumulative_amount_mismatch"
        case .exceedsBalance: "cumulative_exceeds_balance"
        case .belowClaimed: "cumulative_below_claimed"
        case .chargeExceedsCeiling: "charge_exceeds_signed_cumulative"
        case .busy, .reservationLost: "channel_busy"
        case .refundAmountInvalid: "refund_amount_invalid"
        case .refundNoBalance: "refund_no_balance"
        case .refundFailed: "refund_transaction_failed"
        case .depositsTooOften: "deposits_too_often"
        case .refundsTooOften: "refunds_too_often"
        }
    }

    /// Whether the payer's books differ from ours, so that it helps to show ours.
    public var callsForCorrection: Bool {
        switch self {
        case .cumulativeMismatch, .aheadMismatch: true
        default: false
        }
    }
}
