// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Why nobody should open a two-way channel on these terms, wherever it is.
public enum TwoWayTermsFault: Hashable, Sendable {
    case samePartner(Address)
    case nothingDeposited
    case overflow
    case challengePeriod(seconds: UInt64)
}

extension TwoWayTerms {
    /// What is wrong with the terms; `nil` when nothing is.
    public var fault: TwoWayTermsFault? {
        guard first != second else { return .samePartner(first) }
        guard let deposit else { return .overflow }
        guard !deposit.isZero else { return .nothingDeposited }
        guard Self.challengePeriods.contains(challengeSeconds) else {
            return .challengePeriod(seconds: challengeSeconds)
        }
        return nil
    }
}

extension TwoWayTermsFault {
    public var message: String {
        switch self {
        case .samePartner(let account): "\(account) would share a channel with itself."
        case .nothingDeposited: "Neither party puts anything in."
        case .overflow: "Both deposits together are more than 2^128 - 1."
        case .challengePeriod(let seconds): "A challenge period of \(seconds) s is outside 900–2592000 s."
        }
    }
}
