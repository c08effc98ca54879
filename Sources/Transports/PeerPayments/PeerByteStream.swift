// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Bytes to and from a peer, in order and without loss.
///
/// A stream of libp2p is one, and so is one through GUN relays. Whoever reads slowly slows the other side: ``write(_:)`` waits then.
public protocol PeerByteStream: Sendable {
    /// The next bytes, as many as there are; `nil` when the other side has closed.
    func read() async throws -> [UInt8]?

    /// Sends bytes, and returns when there is room for more.
    func write(_ bytes: [UInt8]) async throws

    /// Says that nothing more will be sent; what the other side sends can still be read.
    func closeWrite() async throws

    /// Breaks the stream off, in both directions.
    func reset() async

    /// Where the other side is on the network; `nil` where that cannot be told.
    ///
    /// Streams of one place share what one may use up.
    var place: String? { get }

    /// Keeps the stream from making room for others: something is in hand that was paid for.
    ///
    /// Each call needs one of ``release(isWritten:)``.
    func hold()

    /// Ends one ``hold()``.
    ///
    /// - Parameter isWritten: Whether what was paid for has been written; then it counts until the other side has it.
    func release(isWritten: Bool)
}

/// A stream that makes no room for others needs to know nothing.
extension PeerByteStream {
    public var place: String? { nil }
    public func hold() {}
    public func release(isWritten: Bool) {}
}
