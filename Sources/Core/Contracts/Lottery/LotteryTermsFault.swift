// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// Why nobody should open a lottery channel on these terms, wherever it is.
public enum LotteryTermsFault: Hashable, Sendable {
    case seats(UInt16)
    case zeroReserve
    case emptySeats
    case overflow
}

extension LotteryTerms {
    /// What is wrong with the terms; `nil` when nothing is.
    public var fault: LotteryTermsFault? {
        guard Self.seatCounts.contains(seats) else { return .seats(seats) }
        guard !reserve.isZero else { return .zeroReserve }
        guard !share.isZero else { return .emptySeats }
        guard opening != nil else { return .overflow }
        return nil
    }
}

extension LotteryTermsFault {
    public var message: String {
        switch self {
        case .seats(let count): "\(count) seats are outside 1–256."
        case .zeroReserve: "There is no reserve."
        case .emptySeats: "The reserve is less than one unit for each seat."
        case .overflow: "Deposit and reserve together are more than 2^128 - 1."
        }
    }
}
