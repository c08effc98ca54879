// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Synchronization

/// The room that one request has taken for its body and payment, until nobody has the request any more.
///
/// Bodies that have come whole still wait for whoever answers them, which may take as long as it likes.
final class BodyRoom: Sendable {
    private let budget: ByteBudget
    private let taken = Atomic<Int>(0)

    init(in budget: ByteBudget) { self.budget = budget }

    deinit { budget.release(taken.load(ordering: .relaxed)) }

    /// Takes room for more; `false` when there is none.
    func grow(by bytes: Int) -> Bool {
        guard budget.reserve(bytes) else { return false }
        taken.add(bytes, ordering: .relaxed)
        return true
    }
}

extension ByteShares<String> {
    /// For the requests of all streams of this process, over libp2p and GUN, which is one place.
    static let ofAllRequests = ByteShares(ByteBudget(limit: PeerLimits.requestsInAll))
    /// For those of them whose bodies are still on their way.
    static let ofAllUploads = ByteShares(ByteBudget(limit: PeerLimits.uploadsInAll))
}
