// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import NIOCore
internal import Synchronization

/// The middle of a stream, where the tasks of a program and the event loop of the connection meet.
///
/// Received bytes wait here until they are read, at most a window of them; written bytes wait here or in the session
/// until they are sent, at most ``HostConfiguration/unsentBytes`` and a piece more.
final class StreamCore: Sendable {
    /// What a reader gets.
    enum Taken: Sendable {
        case bytes(ArraySlice<UInt8>)
        case end
        case failed(P2PError)
        case nothingYet
    }

    struct State: Sendable {
        var protocolID = ""
        var chunks = FIFO<ArraySlice<UInt8>>()
        var finished = false
        var failure: P2PError?
        var reader: CheckedContinuation<Void, Never>?
        /// Read, but not yet told to the session.
        var consumed = 0

        var outbox: [[UInt8]] = []
        var unsent = 0
        var writers: [CheckedContinuation<Void, Never>] = []
        var closeAsked = false
        var flushScheduled = false

        /// Nobody reads any more: what still comes is dropped, and after this time the stream is reset.
        var lingersUntil: NIODeadline?
    }

    let id: UInt32
    let connection: PeerConnection
    private let state = Mutex(State())
    private let creditLump: Int
    private let mostUnsent: Int

    init(id: UInt32, connection: PeerConnection) {
        self.id = id
        self.connection = connection
        creditLump = connection.configuration.streams.receiveWindow / 2
        mostUnsent = max(connection.configuration.unsentBytes, 1)
        connection.countStream(1)
    }

    deinit {
        connection.countStream(-1)
        // Nobody will read what is left.
        var left = 0
        state.withLock { while let chunk = $0.chunks.popFirst() { left += chunk.count } }
        connection.unread.release(left)
    }

    /// The protocol that both sides agreed on; empty before.
    var protocolID: String { state.withLock { $0.protocolID } }

    func agree(on protocolID: String) { state.withLock { $0.protocolID = protocolID } }

    // MARK: - From the event loop

    /// Keeps received bytes for the reader.
    ///
    /// - Returns: `false` when more waits unread on the whole connection than may.
    func deliver(_ bytes: [UInt8]) -> Bool {
        guard connection.unread.reserve(bytes.count) else { return false }
        let (reader, kept) = state.withLock { state -> (CheckedContinuation<Void, Never>?, Bool) in
            guard state.lingersUntil == nil, state.failure == nil else { return (nil, false) }
            state.chunks.join(bytes)
            return (state.reader.take(), true)
        }
        if !kept { connection.unread.release(bytes.count) }
        reader?.resume()
        return true
    }

    func peerFinished() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.finished = true
            return state.reader.take()
        }?.resume()
    }

    /// Ends the stream for everybody who waits on it; what is unread is kept only when the connection went away.
    func fail(_ error: P2PError) {
        let (waiting, dropped) = state.withLock { state -> ([CheckedContinuation<Void, Never>], Int) in
            guard state.failure == nil else { return ([], 0) }
            state.failure = error
            let waiting = state.writers + [state.reader.take()].compactMap(\.self)
            state.writers = []
            state.outbox = []
            var dropped = 0
            if error != .connectionClosed {
                while let chunk = state.chunks.popFirst() { dropped += chunk.count }
            }
            return (waiting, dropped)
        }
        connection.unread.release(dropped)
        for continuation in waiting { continuation.resume() }
    }

    /// What was written since the last call, and whether nothing will follow.
    func takeOutbox() -> (pieces: [[UInt8]], close: Bool) {
        state.withLock { state in
            state.flushScheduled = false
            defer { state.outbox = [] }
            return (state.outbox, state.closeAsked)
        }
    }

    /// Makes room for writers.
    func didSend(_ count: Int) {
        let writers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.unsent -= count
            guard state.unsent <= mostUnsent / 2 else { return [] }
            defer { state.writers = [] }
            return state.writers
        }
        for writer in writers { writer.resume() }
    }

    func lingersTooLong(at now: NIODeadline) -> Bool { state.withLock { $0.lingersUntil.map { $0 < now } ?? false } }

    // MARK: - From tasks

    /// Up to `limit` received bytes, without waiting.
    func take(upTo limit: Int) -> Taken {
        var credit = 0
        let taken = state.withLock { state -> Taken in
            if var chunk = state.chunks.popFirst() {
                if chunk.count > limit {
                    // Nothing is copied: a peer may make us take a long piece in very small ones.
                    state.chunks.prepend(chunk.dropFirst(limit))
                    chunk = chunk.prefix(limit)
                }
                state.consumed += chunk.count
                if state.consumed >= creditLump, !state.finished {
                    credit = state.consumed
                    state.consumed = 0
                }
                return .bytes(chunk)
            }
            if let failure = state.failure { return .failed(failure) }
            return state.finished ? .end : .nothingYet
        }
        if case .bytes(let bytes) = taken { connection.unread.release(bytes.count) }
        if credit > 0 { connection.consumed(credit, on: id) }
        return taken
    }

    /// Puts bytes back in front of all others; they have been accounted for already.
    func putBack(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        connection.unread.add(bytes.count)
        state.withLock { state in
            state.chunks.prepend(bytes)
            state.consumed -= bytes.count
        }
    }

    /// Waits until there is something to take, or the task is cancelled.
    ///
    /// - Returns: `false` when another task waits already.
    func waitToRead() async -> Bool {
        let overlaps = Mutex(false)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state -> Bool in
                    if state.reader != nil {
                        overlaps.withLock { $0 = true }
                        return true
                    }
                    if !state.chunks.isEmpty || state.finished || state.failure != nil || Task.isCancelled {
                        return true
                    }
                    state.reader = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.reader.take() }?.resume()
        }
        return !overlaps.withLock { $0 }
    }

    /// What became of a piece that was to be written.
    enum Placed: Sendable {
        case placed
        case full
        case failed(P2PError)
    }

    /// Lets a piece wait to be sent, if there is room.
    func place(_ piece: ArraySlice<UInt8>) -> Placed {
        var flushes = false
        let placed = state.withLock { state -> Placed in
            if let failure = state.failure { return .failed(failure) }
            if state.closeAsked { return .failed(.streamClosed) }
            guard state.unsent < mostUnsent else { return .full }
            state.outbox.append(Array(piece))
            state.unsent += piece.count
            flushes = !state.flushScheduled
            state.flushScheduled = true
            return .placed
        }
        if flushes { connection.flush(self) }
        return placed
    }

    /// Waits until there is room to write, or the stream failed, or the task is cancelled.
    func waitToWrite() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state -> Bool in
                    if state.failure != nil || state.unsent < mostUnsent || Task.isCancelled { return true }
                    state.writers.append(continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            let writers = state.withLock { state in
                defer { state.writers = [] }
                return state.writers
            }
            // Those that are not cancelled will find no room and wait again.
            for writer in writers { writer.resume() }
        }
    }

    func closeWrite() {
        let flushes = state.withLock { state -> Bool in
            guard !state.closeAsked, state.failure == nil else { return false }
            state.closeAsked = true
            defer { state.flushScheduled = true }
            return !state.flushScheduled
        }
        if flushes { connection.flush(self) }
    }

    /// Breaks the stream off, for this side with `error`.
    func reset(_ error: P2PError = .streamClosed) {
        fail(error)
        connection.reset(id)
    }

    /// Nobody reads any more.
    ///
    /// A stream that was closed for writing waits a while for the peer to close too; any other is broken off.
    func abandon() {
        let (resets, dropped) = state.withLock { state -> (Bool, Int) in
            guard state.failure == nil else { return (false, 0) }
            guard state.closeAsked else { return (true, 0) }
            if !state.finished { state.lingersUntil = .now() + TimeAmount(connection.configuration.linger) }
            var dropped = 0
            while let chunk = state.chunks.popFirst() { dropped += chunk.count }
            return (false, dropped)
        }
        connection.unread.release(dropped)
        if resets { reset() }
    }
}
