// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Why the wallet's own files cannot be used; nothing was signed then.
public enum JournalError: ExplainedError, Hashable {
    case unavailable(path: String, reason: String)
    case full(path: String)
    case damaged(path: String, reason: String)
    /// Written by a later version of Farthing.
    case newer(path: String)
    /// Another process has the channel, and does not give it back.
    case channelInUse(ChannelID)
    case cancelled

    public var code: String {
        switch self {
        case .unavailable: "wallet.unavailable"
        case .full: "wallet.full"
        case .damaged: "wallet.damaged"
        case .newer: "wallet.newer"
        case .channelInUse: "wallet.channel-in-use"
        case .cancelled: "wallet.cancelled"
        }
    }

    public var message: String {
        switch self {
        case .unavailable(let path, let reason): "The wallet's journal \(path) cannot be used: \(reason)."
        case .full(let path): "There is no room left for the wallet's journal \(path)."
        case .damaged(let path, let reason): "The wallet's journal \(path) is damaged: \(reason)."
        case .newer(let path): "The wallet's journal \(path) was written by a later version of Farthing."
        case .channelInUse(let id): "Another payment out of channel \(id) is under way, and does not end."
        case .cancelled: "The payment was cancelled before anything was signed."
        }
    }

    public var remedy: String? {
        switch self {
        case .unavailable: "See whether the folder is there and may be written to."
        case .full: "Make room; what was signed is safe."
        case .damaged: "Take it away, and rebuild the wallet from its key: farthing wallet reconcile."
        case .newer: "Run that version, or a later one."
        case .channelInUse: "Wait for it, or allow more channels."
        case .cancelled: nil
        }
    }
}
