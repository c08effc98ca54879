// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// Why nobody should open a Merkle-token channel on these terms, wherever it is.
public enum MerkleTokenTermsFault: Hashable, Sendable {
    case tokenCount(UInt32)
    case zeroToken
    case overflow
}

extension MerkleTokenTerms {
    /// What is wrong with the terms; `nil` when nothing is.
    public var fault: MerkleTokenTermsFault? {
        guard Self.tokenCounts.contains(tokenCount) else { return .tokenCount(tokenCount) }
        guard !tokenAmount.isZero else { return .zeroToken }
        guard deposit != nil else { return .overflow }
        return nil
    }
}

extension MerkleTokenTermsFault {
    public var message: String {
        switch self {
        case .tokenCount(let count): "A tree of \(count) tokens is outside 1–1048576."
        case .zeroToken: "A token is worth nothing."
        case .overflow: "All tokens together may be worth more than 2^128 - 1."
        }
    }
}
