// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingGun

/// What a slot's name says: whose it is, of which channel, and whether states or signatures lie there.
struct StateSlot: Hashable, Sendable {
    enum Kind: String, Sendable {
        case state = "channels"
        case signature = "signatures"
    }

    let kind: Kind
    let channel: ChannelID
    let side: TwoWaySide

    init(_ kind: Kind, of channel: ChannelID, by side: TwoWaySide) {
        self.kind = kind
        self.channel = channel
        self.side = side
    }

    init?(_ name: String) {
        let parts = name.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let kind = Kind(rawValue: String(parts[0])),
            let channel = ChannelID(hex: String(parts[1]))
        else { return nil }
        switch parts[2] {
        case "client": side = .first
        case "relay": side = .second
        default: return nil
        }
        self.kind = kind
        self.channel = channel
    }

    /// Under which key of a party's node it lies.
    var key: NodeKey { kind == .state ? "state" : "signature" }
}
