// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension MerkleTokenPayer {
    /// Why the payer does not go along; it is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        /// The channel has no tokens for this payee.
        case unknownPayee(Address)
        case purse(PayerPurse.Refusal)
        /// More than the payee takes at once are missing.
        case tooManyTokens(UInt32, most: UInt32)
        /// What the payee says cannot be.
        case overstatedTokens(floor: UInt32, most: UInt32)
    }
}

extension MerkleTokenPayer.Refusal {
    public var code: String {
        switch self {
        case .unknownPayee: "payer.unknown-payee"
        case .purse(let refusal): refusal.code
        case .tooManyTokens: "payer.too-many-tokens"
        case .overstatedTokens: "payer.overstated-tokens"
        }
    }

    public var message: String {
        switch self {
        case .unknownPayee(let payee): "The channel has no tokens for \(payee)."
        case .purse(let refusal): refusal.message
        case .tooManyTokens(let count, let most):
            "The payment would bring \(count) tokens at once; the payee takes \(most)."
        case .overstatedTokens(let floor, let most):
            "The payee says that it has all tokens below \(floor), and it was shown those below \(most)."
        }
    }

    public var remedy: String? {
        switch self {
        case .unknownPayee: "Open another channel."
        case .purse(let refusal): refusal.remedy
        case .tooManyTokens: "Wait for an answer, or open a channel with larger tokens."
        case .overstatedTokens: "Pay this payee nothing more."
        }
    }
}
