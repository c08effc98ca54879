// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Puts the frames of one WebSocket connection together, and knows which of them break the rules.
///
/// GUN speaks in text messages only. Nothing is kept but a message that is not complete yet, within its limit.
///
/// - Source: RFC 6455, sections 5.2 through 5.5 and 7.4.
public struct FrameAssembly: Sendable {
    public enum Side: Sendable {
        case server
        case client
    }

    /// A frame as it came, already unmasked.
    public struct Frame: Sendable {
        public let opcode: UInt8
        public let isFinal: Bool
        public let hasReservedBits: Bool
        public let isMasked: Bool
        public let payload: [UInt8]

        public init(opcode: UInt8, isFinal: Bool, hasReservedBits: Bool, isMasked: Bool, payload: [UInt8]) {
            self.opcode = opcode
            self.isFinal = isFinal
            self.hasReservedBits = hasReservedBits
            self.isMasked = isMasked
            self.payload = payload
        }
    }

    public enum Outcome: Hashable, Sendable {
        case nothing
        case message([UInt8])
        /// Send this back as a pong.
        case pong([UInt8])
        /// The peer closes; answer with the same code.
        case close(UInt16)
        /// Close with this code.
        case violation(UInt16, String)
    }

    private let side: Side
    private let limit: Int
    private var message: [UInt8]?
    private var fragments = 0
    private var controls: TokenBucket

    /// How many fragments a message may have.
    private static let maximumFragments = 1024

    /// - Parameters:
    ///   - limit: Bytes of one message.
    ///   - now: Milliseconds of any clock that does not go back.
    public init(_ side: Side, limit: Int, now: Double) {
        self.side = side
        self.limit = limit
        // Pings and pongs: one in a second on the whole, sixty at once.
        controls = TokenBucket(capacity: 60, perSecond: 1, now: now)
    }

    public mutating func take(_ frame: Frame, at now: Double) -> Outcome {
        guard !frame.hasReservedBits else { return .violation(1002, "reserved bits are set") }
        guard frame.isMasked == (side == .server) else {
            return .violation(1002, side == .server ? "the frame is not masked" : "the frame is masked")
        }
        switch frame.opcode {
        case 0x0:
            guard message != nil else { return .violation(1002, "nothing is to be continued") }
            return append(frame)
        case 0x1:
            guard message == nil else { return .violation(1002, "the message before is not complete") }
            message = []
            fragments = 0
            return append(frame)
        case 0x2: return .violation(1003, "only text is spoken")
        case 0x8, 0x9, 0xA: return control(frame, at: now)
        default: return .violation(1002, "the opcode is unknown")
        }
    }

    private mutating func append(_ frame: Frame) -> Outcome {
        let length = (message?.count ?? 0) + frame.payload.count
        fragments += 1
        guard length <= limit, fragments <= Self.maximumFragments else {
            message = nil
            return .violation(1009, "the message is longer than \(limit) bytes")
        }
        message?.append(contentsOf: frame.payload)
        guard frame.isFinal, let complete = message else { return .nothing }
        message = nil
        return .message(complete)
    }

    private mutating func control(_ frame: Frame, at now: Double) -> Outcome {
        guard frame.isFinal, frame.payload.count <= 125 else { return .violation(1002, "a control frame is too long") }
        if frame.opcode == 0x8 {
            guard frame.payload.count != 1 else { return .violation(1002, "half a close code") }
            return .close(frame.payload.count < 2 ? 1000 : UInt16(frame.payload[0]) << 8 | UInt16(frame.payload[1]))
        }
        guard controls.take(1, at: now) == 0 else { return .violation(1008, "too many pings") }
        return frame.opcode == 0x9 ? .pong(frame.payload) : .nothing
    }
}

/// How much may pass in a time, with a reserve for bursts.
public struct TokenBucket: Sendable {
    private let capacity: Double
    private let perMillisecond: Double
    private var tokens: Double
    private var filledAt: Double

    /// - Parameter now: Milliseconds of any clock; when it goes back, the bucket fills from then on.
    public init(capacity: Double, perSecond: Double, now: Double) {
        self.capacity = capacity
        perMillisecond = perSecond / 1000
        tokens = capacity
        filledAt = now
    }

    /// Takes tokens, and answers how long to wait until they are there; 0 when they are.
    ///
    /// They are taken in any case, except where that cannot be waited for because the rate is 0.
    ///
    /// - Unit: milliseconds.
    public mutating func take(_ count: Double, at now: Double) -> Double {
        tokens = min(capacity, tokens + max(0, now - filledAt) * perMillisecond)
        filledAt = now
        tokens -= count
        guard tokens < 0 else { return 0 }
        return perMillisecond > 0 ? -tokens / perMillisecond : .infinity
    }
}
