// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Reads the fields of a frame, one after the other.
struct FieldReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte(_ what: StaticString) throws(PeerFrameFault) -> UInt8 {
        guard position < bytes.count else { throw .malformed("\(what)") }
        defer { position += 1 }
        return bytes[position]
    }

    /// A number of up to 32 bits, seven bits a byte, the lowest first, in as few bytes as can be.
    ///
    /// - Source: multiformats, unsigned varint.
    mutating func number(_ what: StaticString) throws(PeerFrameFault) -> UInt32 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 28, by: 7) {
            let byte = try byte(what)
            value |= UInt64(byte & 0x7F) << shift
            guard byte < 0x80 else { continue }
            guard byte > 0 || shift == 0, let number = UInt32(exactly: value) else { throw .malformed("\(what)") }
            return number
        }
        throw .malformed("\(what)")
    }

    /// So many bytes as the number in front of them says.
    mutating func bytes(_ what: StaticString, atMost limit: Int = .max) throws(PeerFrameFault) -> [UInt8] {
        let count = Int(try number(what))
        guard count <= limit, count <= bytes.count - position else { throw .malformed("\(what)") }
        defer { position += count }
        return Array(bytes[position..<(position + count)])
    }

    mutating func text(_ what: StaticString, atMost limit: Int = .max) throws(PeerFrameFault) -> String {
        guard let text = String(validating: try bytes(what, atMost: limit), as: UTF8.self) else {
            throw .malformed("\(what)")
        }
        return text
    }

    mutating func rest() -> [UInt8] {
        defer { position = bytes.count }
        return Array(bytes[position...])
    }

    func finish(_ what: StaticString) throws(PeerFrameFault) {
        guard isAtEnd else { throw .malformed("\(what)") }
    }
}

/// Writes the fields of a frame.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    mutating func write(byte: UInt8) { bytes.append(byte) }

    mutating func write(number: UInt32) { Self.write(number: number, to: &bytes) }

    mutating func write(_ value: [UInt8]) {
        write(number: UInt32(clamping: value.count))
        bytes += value
    }

    mutating func write(_ text: String) {
        write(number: UInt32(clamping: text.utf8.count))
        bytes += text.utf8
    }

    mutating func write(rest: [UInt8]) { bytes += rest }

    static func write(number: UInt32, to bytes: inout [UInt8]) {
        var left = number
        while left >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: left) | 0x80)
            left >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: left))
    }
}
