// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why a store could not do its part.
///
/// Nothing was written when one of these is thrown.
///
/// Conformers turn `CancellationError` into ``cancelled``, because a typed throw lets nothing else through.
public enum StoreError: ExplainedError {
    /// Somebody else committed in between; `stored` is the version that stands now.
    case conflict(stored: Version?)
    /// Another process holds the store.
    case inUse(path: String, by: Int32?)
    /// The disk has no room left.
    case full(path: String)
    /// The file is not a store, or its pages are damaged.
    case damaged(path: String, reason: String)
    /// A later version of Farthing wrote the store.
    case newer(path: String)
    /// There is nothing at this path.
    case missing(path: String)
    /// Any other trouble, told in the words of the database.
    case unavailable(reason: String)
    case cancelled

    public var code: String {
        switch self {
        case .conflict: "store.conflict"
        case .inUse: "store.in-use"
        case .full: "store.full"
        case .damaged: "store.damaged"
        case .newer: "store.newer"
        case .missing: "store.missing"
        case .unavailable: "store.unavailable"
        case .cancelled: "store.cancelled"
        }
    }

    public var message: String {
        switch self {
        case .conflict(let stored?): "Another writer already committed version \(stored.number) of this channel."
        case .conflict(nil): "This channel is not stored yet."
        case .inUse(let path, let process?): "The store \(path) is in use by process \(process)."
        case .inUse(let path, nil): "The store \(path) is in use by another process."
        case .full(let path): "The disk that holds \(path) is full."
        case .damaged(let path, let reason): "The store \(path) is damaged: \(reason.unended)."
        case .newer(let path): "The store \(path) was written by a later version of Farthing."
        case .missing(let path): "There is no store at \(path)."
        case .unavailable(let reason): "The channel store cannot be used: \(reason.unended)."
        case .cancelled: "The work was cancelled before anything was stored."
        }
    }

    public var remedy: String? {
        switch self {
        case .conflict: "Load the channel again and apply the event to what you get."
        case .inUse: "Stop the other process first, or name another store."
        case .full: "Make room; nothing that was answered is lost."
        case .damaged: "Restore the file from a backup, then run `farthing store verify`."
        case .newer: "Run that version, or a later one."
        case .missing: "Check the path; `farthing serve` makes a new store."
        case .unavailable: "Check the path and its permissions."
        case .cancelled: nil
        }
    }
}
