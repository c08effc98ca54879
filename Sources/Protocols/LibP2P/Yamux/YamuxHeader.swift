// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// The twelve bytes in front of every frame.
///
/// - Unit: version 0, type, flags (2 bytes), stream (4), length (4), the high bytes first.
/// - Source: hashicorp/yamux, spec.md; libp2p specs, yamux/README.md.
public struct YamuxHeader: Hashable, Sendable {
    public enum Kind: UInt8, Hashable, Sendable {
        case data = 0
        case window = 1
        case ping = 2
        case goAway = 3
    }

    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }
        public static let syn = Flags(rawValue: 1)
        public static let ack = Flags(rawValue: 2)
        public static let fin = Flags(rawValue: 4)
        public static let rst = Flags(rawValue: 8)
    }

    /// How the peer that goes away explains itself.
    public enum GoAway: UInt32, Hashable, Sendable {
        case normal = 0
        case protocolError = 1
        case internalError = 2
    }

    public static let byteCount = 12

    public let kind: Kind
    public let flags: Flags
    public let stream: UInt32
    /// Bytes of data that follow, a window's growth, a ping's value, or a code of ``GoAway``.
    public let length: UInt32

    public init(_ kind: Kind, _ flags: Flags = [], stream: UInt32 = 0, length: UInt32 = 0) {
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.length = length
    }

    /// Reads twelve bytes.
    public init(_ reader: inout ByteReader) throws(YamuxError) {
        guard let version = try? reader.byte(), let type = try? reader.byte(),
            let flags: UInt16 = try? reader.number(), let stream: UInt32 = try? reader.number(),
            let length: UInt32 = try? reader.number()
        else { throw .dataWithoutStream }
        guard version == 0 else { throw .wrongVersion(version) }
        guard let kind = Kind(rawValue: type) else { throw .unknownType(type) }
        self.init(kind, Flags(rawValue: flags), stream: stream, length: length)
    }

    public func append(to bytes: inout [UInt8]) {
        bytes.append(0)
        bytes.append(kind.rawValue)
        bytes.append(uint16: flags.rawValue)
        bytes.append(uint32: stream)
        bytes.append(uint32: length)
    }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }
}
