// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore

/// The peers that were told of, so that each is told of only once for the same addresses.
///
/// It is bounded, since anybody makes up peers, and it forgets, since a network that is full of those would have no
/// room for others. What was heard of lately is kept apart from what was heard of before, which is forgotten as a whole:
/// when the former is full, or after a time.
struct RememberedPeers: Sendable {
    private var lately: [PeerID: [Multiaddr]] = [:]
    private var before: [PeerID: [Multiaddr]] = [:]
    private var turnsAt = NIODeadline.uptimeNanoseconds(0)
    private let limit: Int
    private let time: TimeAmount

    /// - Parameters:
    ///   - limit: How many peers it holds.
    ///   - time: For how long at least a peer is remembered that is not heard of, if there is room; at most twice that.
    init(limit: Int, time: TimeAmount) {
        self.limit = limit
        self.time = time
    }

    var count: Int { lately.count + before.count }

    /// Remembers a peer that was heard of.
    ///
    /// - Returns: Whether it was not remembered with these addresses.
    mutating func isNews(_ peer: DiscoveredPeer, at now: NIODeadline) -> Bool {
        if now >= turnsAt + time { lately = [:] }
        if now >= turnsAt { turn(at: now) }
        let known = lately[peer.peer] ?? before.removeValue(forKey: peer.peer)
        if lately[peer.peer] == nil, lately.count >= max(limit / 2, 1) { turn(at: now) }
        lately[peer.peer] = peer.addresses
        return known != peer.addresses
    }

    private mutating func turn(at now: NIODeadline) {
        (before, lately) = (lately, [:])
        turnsAt = now + time
    }
}
