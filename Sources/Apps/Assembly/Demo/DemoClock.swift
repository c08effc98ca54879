// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingLedgerSettlement
import FarthingPrimitives
import Synchronization

/// The time of a demo, which goes as it does everywhere until it leaps over the days that nobody wants to wait.
final class DemoClock: Sendable {
    private let ahead = Mutex<Int64>(0)

    var now: Instant { Ledger.systemClock().advanced(bySeconds: ahead.withLock { $0 }) }

    func leap(seconds: Int64) { ahead.withLock { $0 += seconds } }
}
