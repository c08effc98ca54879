// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A word by which a facilitator says why it did not do what it was asked.
///
/// - Source: x402 v2, "core error codes" and those of the schemes `batch-settlement` and `exact` on EVM.
public struct FacilitatorCode: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    private init(scheme rule: String) { rawValue = "invalid_batch_settlement_evm_\(rule)" }

    /// The transaction was sent and is not confirmed yet; the same request again asks how it stands.
    public static let settlementPending = FacilitatorCode(rawValue: "settlement_pending")
    public static let invalidPayload = FacilitatorCode(rawValue: "invalid_payload")
    public static let invalidRequirements = FacilitatorCode(rawValue: "invalid_payment_requirements")
    public static let unexpectedVerifyError = FacilitatorCode(rawValue: "unexpected_verify_error")
    public static let unexpectedSettleError = FacilitatorCode(rawValue: "unexpected_settle_error")
    public static let transactionFailed = FacilitatorCode(rawValue: "transaction_failed")
    public static let unsupportedScheme = FacilitatorCode(rawValue: "unsupported_scheme")

    /// Under the scheme `exact`.
    public static let exactNetworkMismatch = FacilitatorCode(rawValue: "network_mismatch")

    public static let scheme = FacilitatorCode(scheme: "scheme")
    public static let networkMismatch = FacilitatorCode(scheme: "network_mismatch")
    public static let payloadType = FacilitatorCode(scheme: "payload_type")
    public static let missingDomain = FacilitatorCode(scheme: "missing_eip712_domain")
    public static let voucherSignature = FacilitatorCode(scheme: "voucher_signature")
    public static let channelNotFound = FacilitatorCode(scheme: "channel_not_found")
    public static let exceedsBalance = FacilitatorCode(scheme: "cumulative_exceeds_balance")
    public static let belowClaimed = FacilitatorCode(scheme: "cumulative_below_claimed")
    public static let insufficientBalance = FacilitatorCode(scheme: "insufficient_balance")
    public static let validAfter = FacilitatorCode(scheme: "payload_authorization_valid_after")
    public static let validBefore = FacilitatorCode(scheme: "payload_authorization_valid_before")
    public static let authorizationSignature = FacilitatorCode(scheme: "receive_authorization_signature")
    public static let depositSimulation = FacilitatorCode(scheme: "deposit_simulation_failed")
    public static let depositTransaction = FacilitatorCode(scheme: "deposit_transaction_failed")
    public static let claimPayload = FacilitatorCode(scheme: "claim_payload")
    public static let claimSimulation = FacilitatorCode(scheme: "claim_simulation_failed")
    public static let claimTransaction = FacilitatorCode(scheme: "claim_transaction_failed")
    public static let authorizerNotConfigured = FacilitatorCode(scheme: "authorizer_not_configured")
    public static let authorizerMismatch = FacilitatorCode(scheme: "authorizer_address_mismatch")
    public static let settlePayload = FacilitatorCode(scheme: "settle_payload")
    public static let settleTransaction = FacilitatorCode(scheme: "settle_transaction_failed")
    public static let nothingToSettle = FacilitatorCode(scheme: "nothing_to_settle")
    public static let refundPayload = FacilitatorCode(scheme: "refund_payload")
    public static let refundNoBalance = FacilitatorCode(scheme: "refund_no_balance")
    public static let refundSimulation = FacilitatorCode(scheme: "refund_simulation_failed")
    public static let refundTransaction = FacilitatorCode(scheme: "refund_transaction_failed")
    public static let transactionReverted = FacilitatorCode(scheme: "transaction_reverted")
    public static let stateRead = FacilitatorCode(scheme: "channel_state_read_failed")
    public static let rpcRead = FacilitatorCode(scheme: "rpc_read_failed")
    public static let stateUnavailable = FacilitatorCode(scheme: "verification_state_unavailable")

    /// Whether the facilitator cannot say, because it cannot reach its chain.
    public var isTrouble: Bool {
        let troubles: Set<FacilitatorCode> = [
            .unexpectedVerifyError, .unexpectedSettleError, .stateRead, .rpcRead, .stateUnavailable,
        ]
        return troubles.contains(self)
    }
}
