// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// One side of a stream: which bytes are to be written where, and what came from the other side.
///
/// It has no clock, no network and no keys. Bytes are cut into segments with numbers; segment `n` is written under the
/// key `n` modulo ``window``, once the other side has taken the one that stood there.
struct StreamCore: Sendable {
    /// How many segments may stand in the graph that the other side has not taken.
    static let window: UInt64 = 8
    /// - Unit: bytes in one segment.
    static let segmentBytes = 16_384
    /// - Unit: bytes that wait to be cut; whoever writes more waits.
    static let comfortable = 65_536

    /// How a side's stream is.
    enum Condition: UInt8, Sendable {
        case open = 0
        /// Everything was said and taken, both ways.
        case closed = 1
        case broken = 2
    }

    // What goes out.
    private var pending: [UInt8] = []
    private var isFinished = false
    private var hasCutLast = false
    /// Segments that the other side has not taken.
    private(set) var standing: [UInt64: StreamSegment] = [:]
    /// How many segments were cut.
    private(set) var sent: UInt64 = 0

    // What comes in.
    private var arrived: [UInt64: StreamSegment] = [:]
    /// How many segments were read here.
    private(set) var taken: UInt64 = 0
    private var theirEnd: UInt64?
    private var theirBeat: UInt64 = 0
    /// How many segments the other side says to have written.
    private(set) var theirSent: UInt64 = 0

    /// How many segments came from the other side, or were taken by it.
    private(set) var moved: UInt64 = 0

    private(set) var condition = Condition.open
    private var beat: UInt64 = 0
    /// Which count of segments read the other side was told last.
    private var told: UInt64 = 0

    // MARK: - What goes out

    /// Whether more may be written.
    var hasRoom: Bool { pending.count < Self.comfortable }

    /// How many bytes were written that the other side has not taken.
    var ahead: Int { standing.values.reduce(pending.count) { $0 + $1.bytes.count } }

    /// Whether nothing more may be written.
    var isWriteClosed: Bool { isFinished || condition != .open }

    mutating func write(_ bytes: [UInt8]) { pending += bytes }

    mutating func closeWrite() { isFinished = true }

    /// Cuts the next segment, if there is something to say and room to say it.
    mutating func cut() -> StreamSegment? {
        guard condition == .open, UInt64(standing.count) < Self.window, !pending.isEmpty || (isFinished && !hasCutLast)
        else { return nil }
        let bytes = Array(pending.prefix(Self.segmentBytes))
        pending.removeFirst(bytes.count)
        let isLast = isFinished && pending.isEmpty
        let segment = StreamSegment(number: sent, taken: taken, isLast: isLast, bytes: bytes)
        hasCutLast = isLast
        standing[sent] = segment
        sent += 1
        told = taken
        return segment
    }

    /// What the other side is told of this one.
    mutating func status() -> StreamStatus {
        beat += 1
        told = taken
        return StreamStatus(beat: beat, taken: taken, sent: sent, condition: condition)
    }

    /// Whether something was read of which the other side was not told.
    var owesWord: Bool { told < taken && condition == .open }

    /// Whether the other side will soon have to wait for word.
    var owesWordNow: Bool { condition == .open && taken - told >= Self.window / 2 }

    // MARK: - What comes in

    /// The next bytes; empty when there are none yet, `nil` at the end.
    mutating func read() -> [UInt8]? {
        var bytes: [UInt8] = []
        while let segment = arrived.removeValue(forKey: taken) {
            taken += 1
            bytes += segment.bytes
            guard segment.isLast else { continue }
            theirEnd = taken
            // What stands behind the end is nobody's.
            arrived = [:]
        }
        return bytes.isEmpty && theirEnd == taken ? nil : bytes
    }

    /// Whether ``read()`` has something to say.
    var isReadable: Bool { arrived[taken] != nil || theirEnd == taken }

    /// Whether segments were written that did not come.
    var misses: Bool {
        theirSent > taken && (taken..<min(theirSent, taken + Self.window)).contains { arrived[$0] == nil }
    }

    /// Takes a segment that stood under a key.
    ///
    /// - Returns: Whether it says something new.
    mutating func take(_ segment: StreamSegment, at slot: UInt64) -> Bool {
        guard condition == .open else { return false }
        let next = taken
        guard segment.number % Self.window == slot, segment.number < next + Self.window, segment.taken <= sent,
            segment.bytes.count <= Self.segmentBytes, theirEnd.map({ segment.number < $0 }) ?? true
        else {
            // Only the other side can have written that, and it does not keep to the rules.
            condition = .broken
            return true
        }
        let isNews = acknowledge(segment.taken)
        theirSent = max(theirSent, segment.number + 1)
        guard segment.number >= next, arrived[segment.number] == nil else { return isNews }
        arrived[segment.number] = segment
        moved += 1
        return true
    }

    /// Takes the other side's status.
    ///
    /// - Returns: Whether it says something new.
    mutating func take(_ status: StreamStatus) -> Bool {
        guard condition == .open, status.beat > theirBeat else { return false }
        theirBeat = status.beat
        guard status.taken <= sent, status.sent <= taken + Self.window, status.condition != .broken else {
            condition = .broken
            return true
        }
        theirSent = max(theirSent, status.sent)
        _ = acknowledge(status.taken)
        // Who has closed has taken all that there was.
        if status.condition == .closed, status.taken != sent || !hasCutLast { condition = .broken }
        return true
    }

    private mutating func acknowledge(_ count: UInt64) -> Bool {
        let before = standing.count
        standing = standing.filter { $0.key >= count }
        moved += UInt64(before - standing.count)
        return standing.count != before
    }

    // MARK: - The end

    /// Whether all was said and taken, both ways.
    var isDone: Bool { condition == .open && theirEnd == taken && hasCutLast && standing.isEmpty }

    mutating func end(_ condition: Condition) {
        self.condition = condition
        pending = []
        standing = [:]
        if condition == .broken { arrived = [:] }
    }
}
