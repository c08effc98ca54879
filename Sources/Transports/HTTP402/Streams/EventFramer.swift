// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore

/// Cuts a body into pieces that go out one after the other: for server-sent events one event each.
///
/// What a meter says comes between two events, never within one. An event that is too long to be kept is cut.
///
/// Events end as `EventEnds` has it.
struct EventFramer {
    /// How much of one event is kept.
    ///
    /// - Unit: bytes.
    static let longestEvent = 64 * 1024

    /// Something of the body that may go out.
    struct Unit {
        var bytes: ByteBuffer
        /// Whether it is an event, or the end of one.
        let endsEvent: Bool
        /// Whether it is an event from its beginning to its end.
        let isWhole: Bool
    }

    private let isEvents: Bool
    private var buffer = ByteBuffer()
    /// How much of the buffer was looked at.
    private var seen = 0
    private var ends = EventEnds()
    private var isCut = false
    private var isOver = false

    /// - Parameter isEvents: Whether the body is a stream of events; any other is not looked into.
    init(isEvents: Bool) { self.isEvents = isEvents }

    var isEmpty: Bool { buffer.readableBytes == 0 }

    mutating func append(_ bytes: ByteBuffer) {
        var bytes = bytes
        guard !isEmpty else {
            buffer = bytes
            return
        }
        // What was taken out would stay in memory for as long as a part of an event is always left.
        buffer.discardReadBytes()
        buffer.writeBuffer(&bytes)
    }

    /// The body is over: what is left goes out as it is.
    mutating func finish() { isOver = true }

    /// Takes the next unit out.
    mutating func next() -> Unit? {
        guard !isEmpty else { return nil }
        guard isEvents else {
            defer { buffer = ByteBuffer() }
            return Unit(bytes: buffer, endsEvent: true, isWhole: false)
        }
        let bytes = buffer.readableBytesView
        var index = bytes.startIndex + seen
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            seen += 1
            guard ends.ends(with: byte) else { continue }
            if ends.wasReturn, index < bytes.endIndex, bytes[index] == UInt8(ascii: "\n") {
                seen += 1
                ends = EventEnds()
            }
            return take(endsEvent: true)
        }
        guard isOver || buffer.readableBytes > Self.longestEvent else { return nil }
        return take(endsEvent: false)
    }

    private mutating func take(endsEvent: Bool) -> Unit? {
        let count = seen
        seen = 0
        let wasCut = isCut
        isCut = !endsEvent
        guard let slice = buffer.readSlice(length: count) else { return nil }
        if isEmpty { buffer = ByteBuffer() }
        return Unit(bytes: slice, endsEvent: endsEvent, isWhole: endsEvent && !wasCut)
    }
}
