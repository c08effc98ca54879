// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Synchronization

/// What waits to be written to one connection, within a bound.
///
/// Bytes count until the system has taken them: what the writer has is no less in memory than what it has not.
final class Outbox: Sendable {
    enum Item: Sendable {
        case text([UInt8])
        case ping
        case pong([UInt8])
        case close(UInt16, String)

        var bytes: [UInt8] {
            switch self {
            case .text(let bytes), .pong(let bytes): bytes
            case .ping, .close: []
            }
        }

        /// What is in memory of it while it waits; the last words have room in any case.
        var length: Int { if case .close = self { 0 } else { bytes.count + Outbox.overhead } }

        /// What counts of it: of a long text the piece that is being written is in memory a second time.
        var size: Int { bytes.count > Outbox.pieceLength ? length + Outbox.pieceLength + Outbox.overhead : length }
    }

    /// What goes into one frame: an item, or a stretch of a long text.
    struct Piece: Sendable {
        let item: Item
        let range: Range<Int>

        var isFirst: Bool { range.lowerBound == 0 }
        var isLast: Bool { range.upperBound == item.bytes.count }
    }

    private struct State: Sendable {
        /// What came since the writer last took all, in order.
        var items: [Item] = []
        /// What the writer took, the last first, so that each is let go as soon as it is written.
        var rest: [Item] = []
        /// How much of the next of these has been written.
        var offset = 0
        var bytes = 0
        /// Of these, what is being written.
        var underWay = 0
        /// Of what is being written, what counts with the rest of its text.
        var covered = 0
        /// Of all bytes, what is kept free for the pieces of long texts; it counts in all, and not for this connection.
        var spare = 0

        /// Counts for this connection.
        var held: Int { bytes - spare }
        /// Whether a ping waits, and whether one is being written; it has room in any case.
        var ping = (waits: false, isUnderWay: false)
        var isFinished = false
        var reader: CheckedContinuation<Void, Never>?
        var watcher: CheckedContinuation<Void, Never>?
        /// Who waits for half of the room.
        var patient: CheckedContinuation<Void, Never>?
    }

    /// How much is written at once: whoever takes that is not stuck.
    ///
    /// - Unit: bytes; a text that is longer takes several frames.
    static let pieceLength = 65_536
    private static let overhead = 16

    private let state = Mutex(State())
    private let limit: Int
    private let total: ByteBudget?

    /// - Parameter total: Where what waits here counts together with what waits elsewhere.
    init(limit: Int, total: ByteBudget? = nil) {
        self.limit = limit
        self.total = total
    }

    deinit { total?.release(state.withLock(\.bytes)) }

    /// How much would be let go by ``abandon(with:)``.
    var waiting: Int { state.withLock { $0.bytes - $0.underWay } }

    /// Adds an item; `false` when it no longer fits, here or in all, or nothing is written any more.
    ///
    /// - Parameter isReserved: Whether its ``Item/size`` was reserved in all; what is not taken is released.
    @discardableResult
    func offer(_ item: Item, isReserved: Bool = false) -> Bool {
        let (isTaken, reader) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isFinished, state.held + item.length <= limit,
                isReserved || total?.reserve(item.size) ?? true
            else { return (false, nil) }
            state.items.append(item)
            state.bytes += item.size
            state.spare += item.size - item.length
            defer { state.reader = nil }
            return (true, state.reader)
        }
        if isReserved, !isTaken { total?.release(item.size) }
        reader?.resume()
        return isTaken
    }

    /// Asks the peer for a word before all that waits; `false` while another ping is not written, or when it has ended.
    func ping() -> Bool {
        let (isTaken, reader) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isFinished, !state.ping.waits, !state.ping.isUnderWay else { return (false, nil) }
            state.ping.waits = true
            defer { state.reader = nil }
            return (true, state.reader)
        }
        reader?.resume()
        return isTaken
    }

    private func count(_ bytes: Int, _ state: inout State) {
        state.bytes += bytes
        total?.add(bytes)
    }

    /// Whether nothing more is taken.
    var isFinished: Bool { state.withLock(\.isFinished) }

    /// Ends it at once: what waits is let go, and only the last words are written, its own where it has ended already.
    func abandon(with last: Item) {
        state.withLock { state in
            let own = (state.rest.reversed() + state.items).filter { if case .close = $0 { true } else { false } }
            (state.rest, state.items, state.offset) = (state.isFinished ? own : [last], [], 0)
            count(state.underWay - state.bytes, &state)
            (state.covered, state.spare) = (0, 0)
            state.ping.waits = false
        }
        finish()
    }

    /// Ends it: what waits is still written, and nothing after that.
    func finish(with last: Item? = nil) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>?] in
            if !state.isFinished, let last { state.items.append(last) }
            state.isFinished = true
            defer { (state.reader, state.watcher, state.patient) = (nil, nil, nil) }
            return [state.reader, state.watcher, state.patient]
        }
        for continuation in waiting { continuation?.resume() }
    }

    /// Returns once it has ended, or the task is cancelled, which ends it too.
    func waitUntilFinished() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFinished = state.withLock { state in
                    if !state.isFinished { state.watcher = continuation }
                    return state.isFinished
                }
                if isFinished { continuation.resume() }
            }
        } onCancel: {
            finish()
        }
    }

    /// Returns once no more than half of the room is taken, or it has ended; for one task at a time.
    func waitForRoom() async {
        await withCheckedContinuation { continuation in
            let mayGo = state.withLock { state in
                let mayGo = state.isFinished || state.held <= limit / 2
                if !mayGo { state.patient = continuation }
                return mayGo
            }
            if mayGo { continuation.resume() }
        }
    }

    /// What is to be written next, once something is; `nil` when it has ended and nothing is left.
    ///
    /// Whoever asks has written what it was given before.
    func next() async -> [Piece]? {
        while true {
            let (pieces, isFinished, patient) = state.withLock { state in
                let pieces = take(&state)
                let patient = state.held <= limit / 2 ? state.patient.take() : nil
                return (pieces, state.isFinished, patient)
            }
            patient?.resume()
            if !pieces.isEmpty { return pieces }
            if isFinished || Task.isCancelled { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        guard state.items.isEmpty, !state.ping.waits, !state.isFinished, !Task.isCancelled else {
                            return true
                        }
                        state.reader = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                finish()
            }
        }
    }

    /// What is taken was counted when it was offered, so that nothing more is held than there was room for.
    private func take(_ state: inout State) -> [Piece] {
        count(state.covered - state.underWay, &state)
        (state.underWay, state.covered) = (0, 0)
        if state.rest.isEmpty { (state.rest, state.items) = (state.items.reversed(), []) }
        state.ping = (false, state.ping.waits)
        var pieces: [Piece] = state.ping.isUnderWay ? [Piece(item: .ping, range: 0..<0)] : []
        while let item = state.rest.last {
            let end = min(item.bytes.count, state.offset + Self.pieceLength)
            let size = min(item.length, end - state.offset + Self.overhead)
            guard pieces.isEmpty || state.underWay + size <= Self.pieceLength else { break }
            pieces.append(Piece(item: item, range: state.offset..<end))
            state.underWay += size
            state.offset = end
            guard end == item.bytes.count else {
                state.covered += size
                continue
            }
            state.rest.removeLast()
            state.offset = 0
            count(size - item.size, &state)
            state.spare -= item.size - item.length
        }
        return pieces
    }
}
