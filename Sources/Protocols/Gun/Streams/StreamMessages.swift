// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A piece of a stream, as it is sealed: `number 8 · taken 8 · last 1 · bytes`.
struct StreamSegment: Hashable, Sendable {
    /// Counted from 0.
    let number: UInt64
    /// How many segments of the other side the sender has taken.
    let taken: UInt64
    /// Whether nothing follows.
    let isLast: Bool
    let bytes: [UInt8]

    static let headBytes = 17

    init(number: UInt64, taken: UInt64, isLast: Bool, bytes: [UInt8]) {
        self.number = number
        self.taken = taken
        self.isLast = isLast
        self.bytes = bytes
    }

    init?(_ message: [UInt8]) {
        guard message.count >= Self.headBytes, message[16] <= 1 else { return nil }
        number = UInt64(bigEndian: message[0..<8])
        taken = UInt64(bigEndian: message[8..<16])
        isLast = message[16] == 1
        bytes = Array(message[Self.headBytes...])
        guard number < .max - StreamCore.window else { return nil }
    }

    var message: [UInt8] { number.bigEndianBytes + taken.bigEndianBytes + [isLast ? 1 : 0] + bytes }
}

/// How a side of a stream is, as it is sealed: `beat 8 · taken 8 · sent 8 · condition 1`.
struct StreamStatus: Hashable, Sendable {
    /// More with each that is written, so that an old one is known as such.
    let beat: UInt64
    let taken: UInt64
    /// How many segments were written.
    let sent: UInt64
    let condition: StreamCore.Condition

    init(beat: UInt64, taken: UInt64, sent: UInt64, condition: StreamCore.Condition) {
        self.beat = beat
        self.taken = taken
        self.sent = sent
        self.condition = condition
    }

    init?(_ message: [UInt8]) {
        guard message.count == 25, let condition = StreamCore.Condition(rawValue: message[24]) else { return nil }
        beat = UInt64(bigEndian: message[0..<8])
        taken = UInt64(bigEndian: message[8..<16])
        sent = UInt64(bigEndian: message[16..<24])
        self.condition = condition
    }

    var message: [UInt8] {
        beat.bigEndianBytes + taken.bigEndianBytes + sent.bigEndianBytes + [condition.rawValue]
    }
}

extension UInt64 {
    fileprivate init(bigEndian bytes: ArraySlice<UInt8>) { self = bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    fileprivate var bigEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) } }
}
