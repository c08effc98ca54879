// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// What is to be sent, in order; whoever has much to send waits until there is room.
final class FrameOutbox: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        /// Answers that go into one frame with others that are ready by then.
        var paid: [PaidAnswer] = []
        /// About how long they are.
        var paidBytes = 0
        /// How many holds of the stream end once all of this is written.
        var holds = 0
        /// Since when the other side has not made room for the piece that is being sent.
        var writingSince: ContinuousClock.Instant?
        var isFinished = false
        /// Whether nobody takes anything any more.
        var hasFailed = false
        var writer: CheckedContinuation<Void, Never>?
        var waiting: [CheckedContinuation<Void, Never>] = []

        var isEmpty: Bool { bytes.isEmpty && paid.isEmpty }
    }

    /// From how many bytes on whoever can wait must wait.
    private static let comfortable = 256 * 1024
    /// How much may wait, of those who need not wait themselves, before nothing more is asked for.
    ///
    /// - Unit: bytes, of which those of payments are an estimate.
    private static let most = 1024 * 1024
    /// How much is sent at once: the other side makes progress with each.
    private static let piece = 32 * 1024
    private let state = Mutex(State())

    /// - Parameter holds: How many holds of the stream end once the frame is written.
    func put(_ frame: PeerFrame, holds: Int = 0) {
        change { state in
            frame.append(to: &state.bytes)
            state.holds += holds
        }
    }

    /// Puts payments into as few frames as hold them.
    func put(_ payments: [RepeatedPayment]) {
        guard !payments.isEmpty else { return }
        change { state in
            for part in Self.parts(of: payments, \.estimatedLength) {
                PeerFrame.payments(Array(part)).append(to: &state.bytes)
            }
        }
    }

    /// Puts answers that were paid for, for each of which the stream is held until it is written.
    func put(_ answers: [PaidAnswer]) {
        let length = answers.reduce(0) { $0 + $1.estimatedLength }
        change { state in
            state.paid += answers
            state.paidBytes += length
            state.holds += answers.count
        }
    }

    /// Waits while more is to be sent than should lie here, or until nobody takes it any more.
    func waitForRoom() async {
        while true {
            let isFull = state.withLock { !$0.hasFailed && $0.bytes.count + $0.paidBytes > Self.most }
            guard isFull else { return }
            await withCheckedContinuation { (turn: CheckedContinuation<Void, Never>) in
                let mayGo = state.withLock { state in
                    if state.hasFailed || state.isEmpty { return true }
                    state.waiting.append(turn)
                    return false
                }
                if mayGo { turn.resume() }
            }
        }
    }

    /// Whether the other side has not made room for anything for so long.
    func isStuck(for time: Duration) -> Bool {
        state.withLock { state in state.writingSince.map { .now - $0 > time } ?? false }
    }

    /// Puts a frame where there is room for it.
    ///
    /// - Throws: `CancellationError` when nobody takes it any more.
    func putInTurn(_ frame: PeerFrame) async throws {
        while true {
            await withCheckedContinuation { (turn: CheckedContinuation<Void, Never>) in
                let mayGo = state.withLock { state in
                    if state.hasFailed || state.bytes.count < Self.comfortable { return true }
                    state.waiting.append(turn)
                    return false
                }
                if mayGo { turn.resume() }
            }
            let (hasFailed, hasRoom) = state.withLock { ($0.hasFailed, $0.bytes.count < Self.comfortable) }
            guard !hasFailed else { throw CancellationError() }
            if hasRoom { return put(frame) }
        }
    }

    /// Nothing more will be put.
    func finish() { change { $0.isFinished = true } }

    /// Sends what there is, until all is sent that ever will be.
    func drain(to stream: any PeerByteStream) async throws {
        do {
            while let (bytes, holds) = await next() {
                if bytes.count <= Self.piece {
                    try await send(bytes, to: stream)
                } else {
                    for start in stride(from: 0, to: bytes.count, by: Self.piece) {
                        try await send(Array(bytes[start..<min(start + Self.piece, bytes.count)]), to: stream)
                    }
                }
                for _ in 0..<holds { stream.release(isWritten: true) }
            }
        } catch {
            let waiting = state.withLock { state in
                state.hasFailed = true
                state.bytes = []
                state.paid = []
                state.paidBytes = 0
                defer { state.waiting = [] }
                return state.waiting
            }
            for turn in waiting { turn.resume() }
            throw error
        }
    }

    private func send(_ bytes: [UInt8], to stream: any PeerByteStream) async throws {
        state.withLock { $0.writingSince = .now }
        defer { state.withLock { $0.writingSince = nil } }
        try await stream.write(bytes)
    }

    private typealias Piece = (bytes: [UInt8], holds: Int)

    private func next() async -> Piece? {
        while true {
            let taken = state.withLock { state -> (piece: Piece?, waiting: [CheckedContinuation<Void, Never>])? in
                guard !state.isEmpty else { return state.isFinished ? (nil, []) : nil }
                for part in Self.parts(of: state.paid, \.estimatedLength) {
                    PeerFrame.paid(Array(part)).append(to: &state.bytes)
                }
                defer { (state.bytes, state.paid, state.paidBytes, state.holds, state.waiting) = ([], [], 0, 0, []) }
                return ((state.bytes, state.holds), state.waiting)
            }
            if let taken {
                for turn in taken.waiting { turn.resume() }
                return taken.piece
            }
            await withCheckedContinuation { (writer: CheckedContinuation<Void, Never>) in
                let isThere = state.withLock { state in
                    if !state.isEmpty || state.isFinished { return true }
                    state.writer = writer
                    return false
                }
                if isThere { writer.resume() }
            }
        }
    }

    /// What fits one frame each.
    private static func parts<Entry>(of entries: [Entry], _ length: (Entry) -> Int) -> [ArraySlice<Entry>] {
        var parts: [ArraySlice<Entry>] = []
        var (start, size) = (0, 0)
        for (index, entry) in entries.enumerated() {
            let length = length(entry)
            if index > start,
                size + length > PeerLimits.longestFrame / 2 || index - start == PeerLimits.paymentsAFrame
            {
                parts.append(entries[start..<index])
                (start, size) = (index, 0)
            }
            size += length
        }
        if start < entries.count { parts.append(entries[start...]) }
        return parts
    }

    private func change(_ body: (inout State) -> Void) {
        let writer = state.withLock { state in
            guard !state.hasFailed else { return nil as CheckedContinuation<Void, Never>? }
            body(&state)
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume()
    }
}
