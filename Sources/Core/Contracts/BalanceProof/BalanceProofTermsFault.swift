// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Why nobody should open a balance-proof channel on these terms, wherever it is.
public enum BalanceProofTermsFault: Hashable, Sendable {
    case samePartner(Address)
    case challengePeriod(blocks: UInt64)
}

extension BalanceProofTerms {
    /// What is wrong with the terms; `nil` when nothing is.
    public var fault: BalanceProofTermsFault? {
        guard sender != receiver else { return .samePartner(sender) }
        guard Self.challengePeriods.contains(challengeBlocks) else { return .challengePeriod(blocks: challengeBlocks) }
        return nil
    }
}

extension BalanceProofTermsFault {
    public var message: String {
        switch self {
        case .samePartner(let account): "\(account) would pay itself."
        case .challengePeriod(let blocks): "A challenge period of \(blocks) blocks is outside 500–500000."
        }
    }
}
