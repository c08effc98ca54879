// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Finds frames in bytes that come in any pieces.
///
/// It never holds more than one frame and the piece that came last.
public struct FrameDecoder: Sendable {
    private var bytes: [UInt8] = []
    private var position = 0

    public init() {}

    public mutating func append(_ piece: [UInt8]) {
        if position == bytes.count {
            bytes = piece
            position = 0
        } else {
            if position > 0 { bytes.removeFirst(position) }
            position = 0
            bytes += piece
        }
    }

    /// The next frame, or `nil` when more bytes are needed.
    public mutating func next() throws(PeerFrameFault) -> PeerFrame? {
        var length = 0
        var start = position
        var shift = 0
        while true {
            guard start < bytes.count else { return nil }
            let byte = bytes[start]
            start += 1
            length |= Int(byte & 0x7F) << shift
            guard length <= PeerLimits.longestFrame else { throw .tooLong(length) }
            if byte < 0x80 {
                guard byte > 0 || shift == 0 else { throw .malformed("length") }
                break
            }
            shift += 7
            guard shift <= 21 else { throw .malformed("length") }
        }
        guard bytes.count - start >= length else { return nil }
        position = start + length
        return try PeerFrame(content: Array(bytes[start..<position]))
    }

    /// Whether part of a frame waits for the rest.
    public var isTorn: Bool { position < bytes.count }

    /// Refuses an end within a frame.
    public func finish() throws(PeerFrameFault) {
        guard !isTorn else { throw .cutShort }
    }
}
