// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore

/// Takes out of a stream of server-sent events what the gate says of the payments, and leaves all else as it came.
///
/// The gate's events stand between others, begin with their names and end lines with LF. Of each event only the first
/// line is held back, and only as long as it may be one of them.
///
/// - Source: `Specs/streams.md`.
struct EventSieve {
    private static let names = ["event: payment-need\n", "event: payment-receipt\n"].map { Array($0.utf8) }

    private enum Place {
        /// At the beginning of an event, which may be the gate's.
        case beginning
        case others
        case gates
    }

    private var place = Place.beginning
    /// What is held back.
    private var held: [UInt8] = []
    private var ends = EventEnds()
    /// Whether the last event ended with a CR, to which an LF may still belong.
    private var endedWithReturn = false

    /// Takes in a part of the body.
    ///
    /// - Returns: What may be read of it, and of what was held back.
    mutating func take(_ part: ByteBuffer) -> ByteBuffer {
        var out: [UInt8] = []
        out.reserveCapacity(part.readableBytes + held.count)
        for byte in part.readableBytesView { take(byte, &out) }
        return ByteBuffer(bytes: out)
    }

    /// The body is over.
    ///
    /// - Returns: What was held back.
    mutating func finish() -> ByteBuffer {
        defer { held = [] }
        return ByteBuffer(bytes: held)
    }

    private mutating func take(_ byte: UInt8, _ out: inout [UInt8]) {
        if endedWithReturn {
            endedWithReturn = false
            if byte == UInt8(ascii: "\n") { return out.append(byte) }
        }
        switch place {
        case .beginning:
            held.append(byte)
            if Self.names.contains(held) {
                (held, place, ends) = ([], .gates, EventEnds())
            } else if !Self.names.contains(where: { $0.starts(with: held) }) {
                let other = held
                (held, place, ends) = ([], .others, EventEnds())
                for byte in other { pass(byte, &out) }
            }
        case .others: pass(byte, &out)
        case .gates: if ends.ends(with: byte) { place = .beginning }
        }
    }

    private mutating func pass(_ byte: UInt8, _ out: inout [UInt8]) {
        // What was held back is shorter than an event and a name together.
        guard case .others = place else { return take(byte, &out) }
        out.append(byte)
        guard ends.ends(with: byte) else { return }
        place = .beginning
        endedWithReturn = byte == UInt8(ascii: "\r")
    }
}
