// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore
import Synchronization

/// One stream of bytes each way between two peers, of one protocol.
///
/// Reading waits until something has come, and by reading on the peer gets leave to send more; writing suspends while
/// the peer, or the network, takes no more. One task may read while another writes, but no two may read at once.
///
/// ```swift
/// let stream = try await host.open("/echo/1.0.0", to: address)
/// try await stream.writeFrame(request)
/// stream.closeWrite()
/// let answer = try await stream.readFrame(limit: 65_536)
/// ```
///
/// A stream that goes out of scope before it was closed for writing is reset.
public final class PeerStream: Sendable {
    let core: StreamCore

    /// How many calls of ``hold()`` have not been ended yet.
    private let holds = Mutex(0)

    init(_ core: StreamCore) { self.core = core }

    deinit {
        core.abandon()
        // Whoever was to end them may have failed: a stream that is gone keeps no connection.
        core.connection.hold(-holds.withLock { $0 })
    }

    /// The protocol that both sides agreed on.
    public var protocolID: String { core.protocolID }

    /// The id of the stream within its connection.
    public var id: UInt32 { core.id }

    public var connection: PeerConnection { core.connection }

    /// Who is at the other end; the handshake has proved it.
    public var remotePeer: PeerID { core.connection.remotePeer }

    /// Where the peer is, as the limits of this host see it; `nil` for what has no address.
    public var place: String? { core.connection.place?.description }

    /// Keeps the connection from being closed for another peer's sake.
    ///
    /// Each call needs one of ``release(isWritten:)``; all end with the stream.
    public func hold() {
        holds.withLock { $0 += 1 }
        core.connection.hold(1)
    }

    /// Ends one ``hold()``.
    public func release(isWritten: Bool) {
        holds.withLock { $0 -= 1 }
        core.connection.hold(-1)
    }

    /// Says that nothing more will be written; the peer reads to the end of what was.
    public func closeWrite() { core.closeWrite() }

    /// Breaks the stream off for both sides at once; what is under way is lost.
    public func reset() { core.reset() }

    /// Breaks the stream off after a time, unless that is cancelled before.
    func reset(after time: Duration) -> Scheduled<Void> {
        let core = core
        return connection.schedule(after: time) { core.reset(.timedOut(.request)) }
    }

    /// Closes for writing, and lets go of what the peer may still send.
    public func close() {
        core.closeWrite()
        core.abandon()
    }
}
