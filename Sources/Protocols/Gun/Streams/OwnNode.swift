// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A node in a pair's own part of the graph, each value of which is written later than the one before.
struct OwnNode: Sendable {
    let soul: Soul
    let pair: GunKeyPair
    private var clock = GunClock()
    private var floor = -Double.infinity

    init(_ soul: Soul, _ pair: GunKeyPair) {
        self.soul = soul
        self.pair = pair
    }

    /// Signs values for a state of their own.
    mutating func signed(_ values: [NodeKey: GunValue]) throws(GunError) -> [NodeKey: GunEntry] {
        let state = nextState()
        var entries: [NodeKey: GunEntry] = [:]
        for (key, value) in values {
            entries[key] = GunEntry(try UserSpace.sign(value, at: key, of: soul, state: state, with: pair), state)
        }
        return entries
    }

    /// What was written under a clock that went ahead of this one: what comes next is later.
    mutating func rise(above node: GunNode?) {
        for entry in node?.entries.values.map(\.state.milliseconds) ?? [] { floor = max(floor, entry) }
    }

    private mutating func nextState() -> GunState {
        // A little behind, so that relays whose clocks are late take it at once.
        let next = clock.next(at: Date().timeIntervalSince1970 * 1000 - 50)
        guard next.milliseconds <= floor else { return next }
        floor += 1
        return GunState(finite: floor)
    }
}
