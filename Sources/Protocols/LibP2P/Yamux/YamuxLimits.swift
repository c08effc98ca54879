// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How much of a connection one peer may use.
public struct YamuxLimits: Hashable, Sendable {
    /// What each side of each stream may send before anything was consumed.
    ///
    /// - Source: hashicorp/yamux, spec.md, "Flow Control".
    public static let initialWindow = 262_144

    /// How many streams the peer may have open at once; more are reset.
    public var inboundStreams: Int
    /// How many streams this side may have open at once.
    public var outboundStreams: Int
    /// How many bytes of a stream may be under way to this side; at least ``initialWindow``, at most 16 MiB.
    public var receiveWindow: Int
    /// How many streams may be opened before the peer acknowledges one.
    public var unacknowledgedStreams: Int
    /// How long the body of one frame gets that is sent.
    public var frameBody: Int

    public init(
        inboundStreams: Int = 256, outboundStreams: Int = 1024, receiveWindow: Int = initialWindow,
        unacknowledgedStreams: Int = 256, frameBody: Int = NoiseTransport.longestPlaintext - YamuxHeader.byteCount
    ) {
        self.inboundStreams = inboundStreams
        self.outboundStreams = outboundStreams
        self.receiveWindow = min(max(receiveWindow, Self.initialWindow), 16 << 20)
        self.unacknowledgedStreams = max(unacknowledgedStreams, 1)
        self.frameBody = max(frameBody, 1)
    }
}
