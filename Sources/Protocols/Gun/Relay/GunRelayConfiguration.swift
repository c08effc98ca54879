// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How a relay is run.
public struct GunRelayConfiguration: Sendable {
    /// The address to listen on.
    public var host = "127.0.0.1"
    /// The port to listen on; 0 takes any that is free.
    public var port = 8765
    /// The file in which the graph is kept; `nil` keeps it in memory only.
    public var file: String?
    /// To whom writes are passed on.
    public var forwarding = RelayCore.Forwarding.subscribers
    /// Names that a client may call this relay by, without ports; `nil` for any.
    public var hosts: Set<String>?
    /// Origins whose pages may connect; `nil` for any.
    public var origins: Set<String>?
    public var limits = GunLimits()
    /// How much is read from one connection; bursts of twice as much pass at once.
    ///
    /// It also bounds how many signatures a peer can have checked: a signed value is at least some 150 bytes long.
    ///
    /// - Unit: bytes a second.
    public var bytesPerSecond = 1_048_576.0
    /// After what time without a word of a peer it is disconnected.
    ///
    /// Anything that comes is a word. After a third of this time without one the peer is asked by a ping of WebSocket,
    /// which browsers and other clients answer by themselves, and after two thirds again.
    ///
    /// - Unit: time; 3 s or more, since a peer may take more than a ping a second for an attack.
    public var silence = Duration.seconds(75)
    /// How long a connection may take to become a WebSocket.
    public var handshakeTimeout = Duration.seconds(10)

    public init() {}

    /// The path at which GUN is spoken, as its clients expect.
    public static let path = "/gun"
}
