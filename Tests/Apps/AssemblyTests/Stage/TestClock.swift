// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Synchronization

/// A clock that stands until a test moves it.
final class TestClock: Sendable {
    static let noon = Instant(unixSeconds: 1_800_000_000)

    private let time: Mutex<Instant>
    init(_ time: Instant = noon) { self.time = Mutex(time) }

    var now: Instant { time.withLock { $0 } }
    func pass(_ seconds: Int64) { time.withLock { $0 = $0.advanced(bySeconds: seconds) } }
}

func units(_ units: UInt128) -> Amount { Amount(units: units) }
