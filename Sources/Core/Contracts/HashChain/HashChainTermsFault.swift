// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Why nobody should open a hash-chain channel on these terms, wherever it is.
public enum HashChainTermsFault: Hashable, Sendable {
    case stepCount(UInt32)
    case zeroStep
    case overflow
    case samePartner(Address)
}

extension HashChainTerms {
    /// What is wrong with the terms; `nil` when nothing is.
    public var fault: HashChainTermsFault? {
        guard Self.stepCounts.contains(stepCount) else { return .stepCount(stepCount) }
        guard !stepAmount.isZero else { return .zeroStep }
        guard deposit != nil else { return .overflow }
        guard payer != receiver else { return .samePartner(payer) }
        return nil
    }
}

extension HashChainTermsFault {
    public var message: String {
        switch self {
        case .stepCount(let count): "A chain of \(count) steps is outside 1–65535."
        case .zeroStep: "A step is worth nothing."
        case .overflow: "All steps together are worth more than 2^128 - 1."
        case .samePartner(let account): "\(account) would pay itself."
        }
    }
}
