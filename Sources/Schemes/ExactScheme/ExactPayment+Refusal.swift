// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension ExactPayment {
    /// Why a payment was refused; nothing has moved then.
    ///
    /// - Source: the codes are those of x402's `exact` on EVM, so that its clients understand them.
    public enum Refusal: ExplainedError, Hashable {
        case unreadable(field: String)
        /// Only EIP-3009 is understood.
        case permit2
        case missingDomain
        case recipientMismatch(sent: Address, offered: Address)
        case valueMismatch(sent: Amount, offered: Amount)
        case expired(validBefore: UInt64, now: Instant)
        case notYetValid(validAfter: UInt64, now: Instant)
        case signature(SignatureTrouble)
        // What only a settlement can know.
        case noToken(Address)
        case nonceUsed
        case tokenName(sent: String, stored: String)
        case tokenVersion(sent: String, stored: String)
        /// `has` is `nil` when the settlement does not tell.
        case insufficientBalance(has: Amount?, needs: Amount)
        case simulationFailed(SettlementError)
    }

    /// What is wrong with a signature.
    public enum SignatureTrouble: Hashable, Sendable {
        /// It is not one that a token would take.
        case malformed(Signature.Fault)
        /// Somebody else made it, or it is over something else.
        case foreign
    }
}

extension ExactPayment.Refusal {
    /// - Source: x402 v2, scheme `exact` on EVM, and x402's core error codes.
    public var code: String {
        switch self {
        case .unreadable, .permit2: "invalid_payload"
        case .missingDomain: "missing_eip712_domain"
        case .recipientMismatch: "invalid_exact_evm_payload_recipient_mismatch"
        case .valueMismatch: "invalid_exact_evm_payload_authorization_value_mismatch"
        case .expired: "invalid_exact_evm_payload_authorization_valid_before"
        case .notYetValid: "invalid_exact_evm_payload_authorization_valid_after"
        case .signature: "invalid_exact_evm_payload_signature"
        case .noToken: "asset_not_deployed_contract"
        case .nonceUsed: "invalid_exact_evm_nonce_already_used"
        case .tokenName: "invalid_exact_evm_token_name_mismatch"
        case .tokenVersion: "invalid_exact_evm_token_version_mismatch"
        case .insufficientBalance: "invalid_exact_evm_insufficient_balance"
        case .simulationFailed: "invalid_exact_evm_transaction_simulation_failed"
        }
    }

    public var message: String {
        switch self {
        case .unreadable(let field): "'payload.\(field)' is missing or malformed."
        case .permit2: "Only authorisations by EIP-3009 are taken, not by Permit2."
        case .missingDomain: "'extra' does not say how the token names itself."
        case .recipientMismatch(let sent, let offered): "The payment is to \(sent), not to \(offered)."
        case .valueMismatch(let sent, let offered): "The payment is of \(sent); exactly \(offered) is asked for."
        case .expired(let before, let now):
            "The authorisation is valid before \(before), and it is \(now.unixSeconds) (Unix seconds)."
        case .notYetValid(let after, let now):
            "The authorisation is valid after \(after), and it is \(now.unixSeconds) (Unix seconds)."
        case .signature(.malformed(.length(let count))): "The signature has \(count) bytes, not 65."
        case .signature(.malformed(.recoveryByte(let byte))): "The signature ends in \(byte), not in 27 or 28."
        case .signature(.malformed(.outOfRange)): "The signature holds a number that no signature can hold."
        case .signature(.malformed(.highS)): "The signature has a high s, which tokens refuse."
        case .signature(.foreign): "The authorisation is not signed by the payer."
        case .noToken(let address): "There is no token at \(address)."
        case .nonceUsed: "The authorisation's nonce was used before."
        case .tokenName(let sent, let stored): "The token is named '\(stored)', not '\(Self.short(sent))'."
        case .tokenVersion(let sent, let stored): "The token has version '\(stored)', not '\(Self.short(sent))'."
        case .insufficientBalance(let has?, let needs): "The payer holds \(has), and \(needs) is needed."
        case .insufficientBalance(nil, let needs): "The payer holds less than the \(needs) that is needed."
        case .simulationFailed(let error): error.message
        }
    }

    /// What comes from outside may be of any length.
    private static func short(_ text: String) -> String { String(text.prefix(64)) }

    public var remedy: String? {
        switch self {
        case .expired, .nonceUsed: "Sign a new authorisation."
        case .insufficientBalance: "Fund the account."
        case .missingDomain, .tokenName, .tokenVersion: "Offer the token by the name and version of its own domain."
        case .signature(.malformed): "Send r, s and v as 65 bytes, with v 27 or 28 and a low s."
        case .simulationFailed(let error): error.remedy
        default: nil
        }
    }
}
