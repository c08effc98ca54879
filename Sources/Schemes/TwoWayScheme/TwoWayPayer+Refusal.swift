// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives

extension TwoWayPayer {
    /// Why the payer does not go along; it is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        case purse(PayerPurse.Refusal)
        /// What would be signed, or was shown, breaks the rules of both sides.
        case party(TwoWayParty.Refusal)
    }
}

extension TwoWayPayer.Refusal {
    public var code: String {
        switch self {
        case .purse(let refusal): refusal.code
        case .party(let refusal): "payer.\(refusal.rule)"
        }
    }

    public var message: String {
        switch self {
        case .purse(let refusal): refusal.message
        case .party(let refusal): refusal.message
        }
    }

    public var remedy: String? {
        switch self {
        case .purse(let refusal): refusal.remedy
        case .party(let refusal): refusal.remedy
        }
    }
}
