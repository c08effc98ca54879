// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How long a payee waits for a payer that does not go on.
///
/// Whoever opens a stream and then reads nothing, or begins a body and does not end it, would hold memory and a place
/// for ever otherwise. A stream on which nothing is under way may be silent for as long as its transport lets it.
public struct PeerPatience: Hashable, Sendable {
    /// How long a payer may take to make room for one piece of what it is sent; then the stream is broken off.
    ///
    /// A piece has at most 32 KiB, so whoever takes 1 KiB a second or two is slow enough.
    public var writing = Duration.seconds(30)
    /// How long a body, or a frame that came in part, may be silent; then the request is answered with 408.
    public var silence = Duration.seconds(30)
    /// How long a body may take in all, however often something comes.
    public var body = Duration.seconds(300)

    public init() {}

    /// How often it is looked.
    var pause: Duration { min(writing, silence, body) / 4 }
}
