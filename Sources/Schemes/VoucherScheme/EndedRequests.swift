// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// The requests for which a channel set something aside before, and does not any more.
///
/// Both states keep their requests in the order in which they came, so going through them once finds all, and costs no
/// memory.
public struct EndedRequests: Sequence, IteratorProtocol {
    private let before: VoucherChannel.Phase
    private let after: VoucherChannel.Phase
    private var seen = 0
    private var kept = 0

    init(from before: VoucherChannel.Phase, to after: VoucherChannel.Phase) {
        self.before = before
        self.after = after
    }

    public mutating func next() -> ReservationID? {
        while let id = before.reservation(at: seen) {
            seen += 1
            guard after.reservation(at: kept) == id else { return id }
            kept += 1
        }
        return nil
    }
}

extension VoucherChannel {
    /// The requests that ended since the channel was like this, answered or not.
    public func requestsEnded(since before: VoucherChannel) -> EndedRequests {
        EndedRequests(from: before.phase, to: phase)
    }
}

extension VoucherChannel.Phase {
    fileprivate func reservation(at index: Int) -> ReservationID? {
        switch self {
        case .idle, .refunding: nil
        case .serving(let requests): index < requests.reservations.count ? requests.reservations[index].id : nil
        case .depositing(let reservation, _): index == 0 ? reservation.id : nil
        }
    }
}
