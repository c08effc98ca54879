// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// An address of the internet protocol, version 4 or 6, without a zone.
///
/// - Source: RFC 4291 and RFC 5952 for the text of version 6.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// Four or sixteen bytes.
    public let bytes: [UInt8]

    public var isVersion4: Bool { bytes.count == 4 }

    /// Takes four or sixteen bytes, or answers `nil`.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Reads four decimal numbers without leading zeros.
    public init?(version4 text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
                part.utf8.count == 1 || part.utf8.first != 48, let value = UInt8(part)
            else { return nil }
            bytes.append(value)
        }
        self.bytes = bytes
    }

    /// Reads eight groups of hexadecimal digits, of which one run may be `::` and the last two may be dotted.
    public init?(version6 text: some StringProtocol) {
        guard text.utf8.count <= 45 else { return nil }
        var rest = String(text)
        var dotted: [UInt8] = []
        if let dot = rest.firstIndex(of: "."), let colon = rest[..<dot].lastIndex(of: ":") {
            guard let tail = IPAddress(version4: rest[rest.index(after: colon)...]) else { return nil }
            dotted = tail.bytes
            rest = String(rest[...colon])
            if !rest.hasSuffix("::") { rest.removeLast() }
        }
        let halves = Self.splitAtGap(rest)
        guard halves.count <= 2 else { return nil }
        var groups: [[UInt8]] = []
        for half in halves {
            guard let bytes = Self.groups(half) else { return nil }
            groups.append(bytes)
        }
        let known = groups.reduce(0) { $0 + $1.count } + dotted.count
        if halves.count == 2 {
            guard known <= 14 else { return nil }
            bytes = groups[0] + [UInt8](repeating: 0, count: 16 - known) + groups[1] + dotted
        } else {
            guard known == 16 else { return nil }
            bytes = groups[0] + dotted
        }
    }

    public var description: String {
        if isVersion4 { return bytes.map(String.init).joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        if groups.prefix(5).allSatisfy({ $0 == 0 }), groups[5] == 0xffff {
            return "::ffff:" + bytes.suffix(4).map(String.init).joined(separator: ".")
        }
        // The first longest run of at least two zero groups becomes `::`.
        var best = 0..<0
        var start = 0
        while start < 8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        let text = { (range: Range<Int>) in groups[range].map { String($0, radix: 16) }.joined(separator: ":") }
        return best.isEmpty ? text(0..<8) : text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }

    /// Whether only this machine can be reached by it.
    public var isLoopback: Bool {
        isVersion4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// Whether it stands for every address of this machine.
    public var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    private static func splitAtGap(_ text: String) -> [Substring] {
        var halves: [Substring] = []
        var start = text.startIndex
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == ":", next < text.endIndex, text[next] == ":" {
                halves.append(text[start..<index])
                start = text.index(after: next)
                index = start
            } else {
                index = next
            }
        }
        return halves + [text[start...]]
    }

    private static func groups(_ text: Substring) -> [UInt8]? {
        if text.isEmpty { return [] }
        var bytes: [UInt8] = []
        for part in text.split(separator: ":", omittingEmptySubsequences: false) {
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(Self.isHexDigit),
                let value = UInt16(part, radix: 16)
            else { return nil }
            bytes.append(uint16: value)
        }
        return bytes.count <= 16 ? bytes : nil
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte) || (65...70).contains(byte)
    }
}
