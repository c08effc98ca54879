// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Why the engine could not even ask a channel.
public enum EngineError: ExplainedError, Hashable {
    case unknownChannel(ChannelID)
    case otherScheme(ChannelID, stored: String, asked: String)

    public var code: String {
        switch self {
        case .unknownChannel: "channel.unknown"
        case .otherScheme: "channel.other-scheme"
        }
    }

    public var message: String {
        switch self {
        case .unknownChannel(let id): "Channel \(id) is not known here."
        case .otherScheme(let id, let stored, let asked):
            "Channel \(id) is one of scheme '\(stored)', not of '\(asked)'."
        }
    }

    public var remedy: String? {
        switch self {
        case .unknownChannel: "`farthing channels list` shows the known ones."
        case .otherScheme: nil
        }
    }
}
