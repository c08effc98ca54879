// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// When a value was written, by its writer's clock: what decides between two values of one key.
///
/// - Unit: milliseconds since 1970, with fractions for what was written within one of them.
/// - Range: finite.
public struct GunState: Hashable, Comparable, Sendable {
    public let milliseconds: Double

    /// `nil` when the number is not finite.
    public init?(_ milliseconds: Double) {
        guard milliseconds.isFinite else { return nil }
        self.milliseconds = milliseconds
    }

    init(finite milliseconds: Double) { self.milliseconds = milliseconds }

    public static func < (left: GunState, right: GunState) -> Bool { left.milliseconds < right.milliseconds }
}

/// A value with the state it was written in.
public struct GunEntry: Hashable, Sendable {
    public let value: GunValue
    public let state: GunState

    public init(_ value: GunValue, _ state: GunState) {
        self.value = value
        self.state = state
    }
}

/// A node, or a part of one: what stands under each key, and since when.
public struct GunNode: Hashable, Sendable {
    public let soul: Soul
    public internal(set) var entries: [NodeKey: GunEntry]

    public init(_ soul: Soul, _ entries: [NodeKey: GunEntry] = [:]) {
        self.soul = soul
        self.entries = entries
    }

    /// The value under a key; `nil` when nothing was ever written there, and ``GunValue/null`` when it was deleted.
    public subscript(_ key: NodeKey) -> GunValue? { entries[key]?.value }

    /// What of this node is newer than, or missing in, an older version of it.
    ///
    /// Both sides are compared as ``HAM`` would merge them.
    public func changes(since older: GunNode?) -> GunNode {
        let changed = entries.filter { key, entry in
            HAM.wins(entry, over: older?.entries[key])
        }
        return GunNode(soul, changed)
    }
}

/// The state machine that decides, key by key, which of two values stays.
///
/// Every peer that has seen the same values ends with the same graph, in whatever order they came.
///
/// - Source: GUN, "Hypothetical Amnesia Machine".
public enum HAM {
    public enum Verdict: Hashable, Sendable {
        /// It is written.
        case applied
        /// Its state lies ahead of the clock: it waits, and nobody sees it until then.
        case deferred
        /// Something newer stands there already.
        case stale
        /// It is the same, or loses against another value of the same state.
        case unchanged
    }

    public static func verdict(on incoming: GunEntry, over stored: GunEntry?, at now: Double) -> Verdict {
        guard incoming.state.milliseconds <= now else { return .deferred }
        if let stored, incoming.state < stored.state { return .stale }
        return wins(incoming, over: stored) ? .applied : .unchanged
    }

    /// Whether this value replaces the other, whatever the clock says.
    static func wins(_ incoming: GunEntry, over stored: GunEntry?) -> Bool {
        guard let stored else { return true }
        guard incoming.state == stored.state else { return incoming.state > stored.state }
        guard incoming.value != stored.value else { return false }
        return stored.value.jsonText.utf16.lexicographicallyPrecedes(incoming.value.jsonText.utf16)
    }
}
