// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// What a store's channels need, and is not there any more.
///
/// None is made anew in silence for a store that has channels: their money would be gone, or out of reach.
public enum LostFile: ExplainedError {
    /// The embedded ledger, where the channels' money is.
    case ledger(path: String, store: String)
    /// There is a ledger, and it never heard of what the store has read from its own: it is new, older, or another one.
    case newsOfLedger(path: String, store: String)
    /// The key that the channels name for claims and refunds, which on a chain also pays for gas.
    case authorizerKey(path: String, store: String)

    public var code: String {
        switch self {
        case .ledger: "ledger.missing"
        case .newsOfLedger: "ledger.behind"
        case .authorizerKey: "authorizer-key.missing"
        }
    }

    public var message: String {
        switch self {
        case .ledger(let path, let store):
            "There is no ledger at \(path), and the money of the channels in the store \(store) was on it."
        case .newsOfLedger(let path, let store):
            "The ledger at \(path) never heard of what the store \(store) has read from its own."
        case .authorizerKey(let path, let store):
            "The store \(store) has channels, and there is no key at \(path) with which to claim what they owe."
        }
    }

    public var remedy: String? {
        switch self {
        case .ledger, .newsOfLedger:
            "Restore it, or name it with --ledger; to begin anew without that money, name a new --store."
        case .authorizerKey:
            "Restore it, or name it with --authorizer-key; to go on with another, `farthing key new` makes one."
        }
    }
}
