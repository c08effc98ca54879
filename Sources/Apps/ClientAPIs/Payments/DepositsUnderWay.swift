// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Synchronization

/// The deposits that are being made, by the salts that tell them apart: each is one caller's, who has no answer yet.
///
/// They are the program's and no object's: of a deposit that is in the books, all who share the store must know whether
/// it is under way or its answer was lost.
enum DepositsUnderWay {
    private static let salts = Mutex<Set<Hash32>>([])

    /// - Returns: Whether it is the caller's from now on; otherwise somebody else is making it.
    static func claim(_ salt: Hash32) -> Bool { salts.withLock { $0.insert(salt).inserted } }

    static func release(_ salt: Hash32) { _ = salts.withLock { $0.remove(salt) } }
}
