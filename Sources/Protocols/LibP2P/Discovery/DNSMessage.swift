// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings

/// The part of DNS that multicast discovery needs: questions, and records that point or hold text.
///
/// - Range: at most 9000 bytes, 128 questions and records.
/// - Source: RFC 1035, section 4; RFC 6762, sections 17 and 18.
struct DNSMessage: Hashable, Sendable {
    enum Fault: Error, Hashable, Sendable {
        case tooLong
        case tooMany
        case truncated
        /// A name that is too long, points forward, or is no name.
        case badName
    }

    /// The labels of a name, without the empty one at its end.
    struct Name: Hashable, Sendable {
        var labels: [[UInt8]]

        init(_ labels: [[UInt8]]) { self.labels = labels }
        init(_ text: String) { labels = text.split(separator: ".").map { Array($0.utf8) } }

        /// Names are the same whatever the case of their letters.
        static func == (left: Name, right: Name) -> Bool { left.lowered == right.lowered }
        func hash(into hasher: inout Hasher) { hasher.combine(lowered) }
        private var lowered: [[UInt8]] { labels.map { $0.map { (65...90).contains($0) ? $0 + 32 : $0 } } }
    }

    enum Data: Hashable, Sendable {
        case pointer(Name)
        case text([[UInt8]])
        case other(type: UInt16)
    }

    struct Record: Hashable, Sendable {
        var name: Name
        /// Seconds; 0 says goodbye.
        var ttl: UInt32
        var data: Data
    }

    static let longest = 9000
    static let mostEntries = 128
    static let pointerType: UInt16 = 12
    static let textType: UInt16 = 16
    static let anyType: UInt16 = 255

    var isResponse = false
    /// Names that are asked for, with the type of the record that is wanted.
    var questions: [(name: Name, type: UInt16)] = []
    /// Answers and additional records alike.
    var records: [Record] = []

    init() {}

    static func == (left: DNSMessage, right: DNSMessage) -> Bool {
        left.isResponse == right.isResponse && left.records == right.records
            && left.questions.elementsEqual(right.questions) { $0.name == $1.name && $0.type == $1.type }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(records) }
}

extension DNSMessage {
    init(bytes: [UInt8]) throws(Fault) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        do throws(WireError) {
            var reader = ByteReader(bytes)
            _ = try reader.take(2)
            isResponse = try reader.uint16() & 0x8000 != 0
            let questionCount = Int(try reader.uint16())
            var recordCount = 0
            for _ in 0..<3 { recordCount += Int(try reader.uint16()) }
            guard questionCount + recordCount <= Self.mostEntries else { throw .badField }
            var position = bytes.count - reader.remaining
            for _ in 0..<questionCount {
                let name = try Self.name(in: bytes, at: &position)
                var rest = ByteReader(bytes[position...])
                questions.append((name, try rest.uint16()))
                _ = try rest.take(2)
                position = bytes.count - rest.remaining
            }
            for _ in 0..<recordCount { records.append(try Self.record(in: bytes, at: &position)) }
        } catch {
            switch error {
            case .badField: throw .tooMany
            case .badText: throw .badName
            default: throw .truncated
            }
        }
    }

    private static func record(in bytes: [UInt8], at position: inout Int) throws(WireError) -> Record {
        let name = try name(in: bytes, at: &position)
        var reader = ByteReader(bytes[position...])
        let type = try reader.uint16()
        _ = try reader.take(2)
        let ttl: UInt32 = try reader.number()
        let length = Int(try reader.uint16())
        let start = bytes.count - reader.remaining
        let content = try reader.take(length)
        position = start + length
        switch type {
        case pointerType:
            var inner = start
            return Record(name: name, ttl: ttl, data: .pointer(try Self.name(in: bytes, at: &inner)))
        case textType:
            var strings: [[UInt8]] = []
            var text = ByteReader(content)
            while !text.isAtEnd { strings.append(Array(try text.take(Int(try text.byte())))) }
            return Record(name: name, ttl: ttl, data: .text(strings))
        default: return Record(name: name, ttl: ttl, data: .other(type: type))
        }
    }

    /// Reads a name; each pointer must lead further back, so there is an end to them.
    private static func name(in bytes: [UInt8], at position: inout Int) throws(WireError) -> Name {
        var labels: [[UInt8]] = []
        var length = 0
        var index = position
        var lowest = position
        var jumped = false
        while true {
            guard index < bytes.count else { throw .truncated }
            let head = Int(bytes[index])
            switch head {
            case 0:
                if !jumped { position = index + 1 }
                return Name(labels)
            case 1...63:
                guard index + 1 + head <= bytes.count else { throw .truncated }
                length += head + 1
                guard length <= 254 else { throw .badText }
                labels.append(Array(bytes[index + 1..<index + 1 + head]))
                index += 1 + head
            case 192...255:
                guard index + 1 < bytes.count else { throw .truncated }
                if !jumped { position = index + 2 }
                jumped = true
                index = (head & 63) << 8 | Int(bytes[index + 1])
                guard index < lowest else { throw .badText }
                lowest = index
            default: throw .badText
            }
        }
    }

    /// The bytes, without compression; class IN, and questions ask for answers to all.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(uint16: 0)
        bytes.append(uint16: isResponse ? 0x8400 : 0)
        bytes.append(uint16: UInt16(clamping: questions.count))
        bytes.append(uint16: UInt16(clamping: records.count))
        bytes.append(uint32: 0)
        for question in questions {
            Self.append(question.name, to: &bytes)
            bytes.append(uint16: question.type)
            bytes.append(uint16: 1)
        }
        for record in records {
            Self.append(record.name, to: &bytes)
            var content: [UInt8] = []
            var type = Self.pointerType
            switch record.data {
            case .pointer(let name): Self.append(name, to: &content)
            case .text(let strings):
                type = Self.textType
                for string in strings {
                    content.append(UInt8(clamping: string.count))
                    content += string.prefix(255)
                }
            case .other(let other): type = other
            }
            bytes.append(uint16: type)
            bytes.append(uint16: 1)
            bytes.append(uint32: record.ttl)
            bytes.append(uint16: UInt16(clamping: content.count))
            bytes += content
        }
        return bytes
    }

    private static func append(_ name: Name, to bytes: inout [UInt8]) {
        for label in name.labels where !label.isEmpty {
            bytes.append(UInt8(clamping: min(label.count, 63)))
            bytes += label.prefix(63)
        }
        bytes.append(0)
    }
}

extension ByteReader {
    fileprivate mutating func uint16() throws(WireError) -> UInt16 { try number() }
}
