// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import Logging

/// What a host allows and how long it waits.
public struct HostConfiguration: Sendable {
    /// Streams of each connection.
    public var streams = YamuxLimits()
    /// Connections of either direction, all peers together.
    ///
    /// When as many are open, the address that has most of them gives up its oldest on which nothing is in hand for one
    /// that has fewer.
    public var connections = 256
    /// Connections of either direction with one peer.
    public var connectionsPerPeer = 8
    /// Connections that were accepted from one address of version 4, or from one network of 64 bits of version 6.
    public var connectionsPerAddress = 64
    /// Streams that were opened by all peers at one address, or in one network of 64 bits of version 6.
    public var streamsPerAddress = 1024
    /// Accepted sockets whose peers have not yet proved who they are.
    ///
    /// They come beside ``connections``. When as many are there, the address that has most of them gives up its oldest
    /// for one that has fewer.
    public var pendingConnections = 64
    /// How many streams one connection may have open of one protocol, unless its handler says otherwise.
    public var streamsPerProtocol = 128
    /// How many received bytes may wait unread on one connection; the stream that goes beyond is reset.
    public var unreadBytes = 16 << 20
    /// How many received bytes may wait unread on all connections together; those of one address may take as much as is
    /// still free, which is half of it at most.
    public var unreadBytesInAll = 256 << 20
    /// How many written bytes may wait on one stream before `write` suspends.
    public var unsentBytes = 128 << 10
    /// From the start of a dial until TCP is connected.
    public var dialTimeout: Duration = .seconds(10)
    /// From TCP until streams can be opened.
    public var upgradeTimeout: Duration = .seconds(15)
    /// For the choice of a stream's protocol.
    public var negotiationTimeout: Duration = .seconds(15)
    /// How long a request to the host's own services may take from the one before, with its answer: a ping, a push of
    /// identify, what a rendezvous point is asked.
    public var serviceTimeout: Duration = .seconds(60)
    /// How long a connection may be silent before the peer is asked for a sign of life.
    public var keepAliveInterval: Duration = .seconds(30)
    /// How long the peer has to give one.
    public var keepAliveTimeout: Duration = .seconds(20)
    /// How long a peer may keep a stream half open after this side is done with it.
    public var linger: Duration = .seconds(30)
    /// Whether a new peer is asked at once what it is and speaks.
    public var identifiesPeers = true
    /// What this host calls itself to others.
    public var agent = "farthing-libp2p"
    public var logger: Logger

    public init(logger: Logger = Logger(label: "libp2p") { _ in SwiftLogNoOpLogHandler() }) { self.logger = logger }
}
