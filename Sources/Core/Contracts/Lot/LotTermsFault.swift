// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// Why nobody should open a lot on these terms, wherever it is.
public enum LotTermsFault: Hashable, Sendable {
    case ticketCount(UInt16)
    case zeroTicket
    case overflow
    case revealBlocks(UInt64)
}

extension LotTerms {
    /// What is wrong with the terms; `nil` when nothing is.
    public var fault: LotTermsFault? {
        guard Self.ticketCounts.contains(ticketCount) else { return .ticketCount(ticketCount) }
        guard !ticketValue.isZero else { return .zeroTicket }
        guard deposit != nil else { return .overflow }
        guard Self.revealPeriods.contains(revealBlocks) else { return .revealBlocks(revealBlocks) }
        return nil
    }
}

extension LotTermsFault {
    public var message: String {
        switch self {
        case .ticketCount(let count): "A lot of \(count) tickets is outside 1–1024."
        case .zeroTicket: "A ticket is worth nothing."
        case .overflow: "All tickets together are worth more than 2^128 - 1."
        case .revealBlocks(let blocks): "\(blocks) blocks to reveal in are outside 10–200."
        }
    }
}
