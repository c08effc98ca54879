// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The lines of multistream-select, cut out of bytes as they come.
///
/// - Unit: uvarint length, newline included ‖ UTF-8 ‖ newline.
/// - Range: at most 1024 bytes a line; no more than one line and what came with it is kept.
/// - Source: multiformats/multistream-select 1.0.
public struct MultistreamLines: Sendable {
    public static let header = "/multistream/1.0.0"
    public static let refusal = "na"
    public static let longestLine = 1024

    private var buffer: [UInt8] = []

    public init() {}

    /// Bytes that came in and are part of no line that was taken: what follows the negotiation.
    public var rest: [UInt8] { buffer }

    public mutating func append(_ bytes: some Collection<UInt8>) { buffer.append(contentsOf: bytes) }

    /// The next whole line, without its newline, or `nil` until more has come.
    public mutating func next() throws(MultistreamError) -> String? {
        let length: UInt64
        let start: Int
        do throws(WireError) {
            guard case .value(let value, let count) = try UVarint.read(buffer.prefix(9)) else { return nil }
            (length, start) = (value, count)
        } catch { throw .badLength }
        guard length > 0 else { throw .badLength }
        guard length <= UInt64(Self.longestLine) else { throw .lineTooLong(length: length, limit: Self.longestLine) }
        let end = start + Int(length)
        guard buffer.count >= end else { return nil }
        guard buffer[end - 1] == UInt8(ascii: "\n"),
            let line = String(validating: buffer[start..<end - 1], as: UTF8.self)
        else { throw .badLine }
        buffer.removeFirst(end)
        return line
    }

    /// Fails as soon as what has come so far cannot become the header.
    func checkHeader() throws(MultistreamError) {
        guard Self.encode(Self.header).starts(with: buffer) else { throw .wrongVersion }
    }

    /// The bytes of some lines, one behind the other.
    public static func encode(_ lines: String...) -> [UInt8] {
        var bytes: [UInt8] = []
        for line in lines { bytes.append(prefixed: Array(line.utf8) + [UInt8(ascii: "\n")]) }
        return bytes
    }

    /// Whether a protocol's name can be sent in a line.
    public static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count < longestLine && !name.utf8.contains(UInt8(ascii: "\n")) && name != refusal
    }
}
