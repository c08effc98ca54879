// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A payment under the scheme `exact` whose payer signed it, so that nobody downstream checks that again.
///
/// - Source: x402 v2, scheme `exact` on EVM; EIP-3009, `TransferWithAuthorization`.
public struct ExactPayment: Hashable, Sendable {
    public let transfer: ExactTransfer
    /// In whose domain it was signed.
    public let token: TokenDomain
    public let signature: Signature

    init(transfer: ExactTransfer, token: TokenDomain, signature: Signature) {
        self.transfer = transfer
        self.token = token
        self.signature = signature
    }

    /// The payment as a settlement takes it.
    public var signedTransfer: SignedTransfer {
        SignedTransfer(
            token: token.address, payer: transfer.payer, receiver: transfer.receiver, amount: transfer.amount,
            validAfter: transfer.validAfter, validBefore: transfer.validBefore, nonce: transfer.nonce,
            signature: signature)
    }

    /// What a settlement's refusal says about the payment.
    ///
    /// - Parameter stored: The token as the settlement knows it; `nil` when there is none, or it cannot be read.
    /// - Returns: `nil` for trouble with the settlement itself, which says nothing about the payment.
    public func refusal(_ error: SettlementError, stored: TokenDomain?) -> Refusal? {
        switch error {
        case .unavailable, .cancelled: nil
        case .unknownToken(let address): .noToken(address)
        case .authorizationUsed: .nonceUsed
        case .authorizationExpired(let before, let now): .expired(validBefore: before, now: now)
        case .authorizationNotYetValid(let after, let now): .notYetValid(validAfter: after, now: now)
        case .insufficientBalance(let has, let needs): .insufficientBalance(has: has, needs: needs)
        case .authorizationSignature:
            // The payer signed what the payee told it; so it is the payee who has the token's names wrong.
            if let stored, stored.name != token.name {
                .tokenName(sent: token.name, stored: stored.name)
            } else if let stored, stored.version != token.version {
                .tokenVersion(sent: token.version, stored: stored.version)
            } else {
                .signature(.foreign)
            }
        default: .simulationFailed(error)
        }
    }
}
