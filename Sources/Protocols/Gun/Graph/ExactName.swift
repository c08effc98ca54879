// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A name that is the same as another only byte for byte, and ordered as JavaScript orders it.
///
/// Swift calls two strings equal when Unicode does, `é` as one scalar or as two; GUN compares code unit by code unit.
public protocol ExactName: Hashable, Comparable, Sendable, CustomStringConvertible, ExpressibleByStringInterpolation
where StringLiteralType == String {
    var text: String { get }

    init(_ text: String)
}

extension ExactName {
    public init(stringLiteral value: String) { self.init(value) }

    public var description: String { text }

    public static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    /// Orders by UTF-16 code units.
    public static func < (left: Self, right: Self) -> Bool {
        left.text.utf16.lexicographicallyPrecedes(right.text.utf16)
    }

    /// Hashes the bytes, so that equivalent spellings do not fall on one hash.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(UInt8.max)
    }
}

/// The name of a node in the graph, such as `channels/c1` or `~` and a public key.
///
/// - Range: what a peer sends is at most ``GunLimits/soulBytes`` long.
public struct Soul: ExactName {
    public let text: String

    public init(_ text: String) { self.text = text }

    /// The name of a node inside this one, as GUN makes it for a nested object.
    public func child(_ key: NodeKey) -> Soul { Soul(text + "/" + key.text) }
}

/// The name of a value in a node.
///
/// - Range: what a peer sends is at most ``GunLimits/keyBytes`` long; `_` is taken, since the states lie there.
public struct NodeKey: ExactName {
    public let text: String

    public init(_ text: String) { self.text = text }
}

/// What a message is called, so that it can be answered and is not taken twice.
///
/// - Range: what a peer sends is at most ``GunLimits/idBytes`` long.
public struct MessageID: ExactName {
    public let text: String

    public init(_ text: String) { self.text = text }

    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// Nine characters of `0-9A-Za-z`, as GUN's own.
    public static func random(using generator: inout some RandomNumberGenerator) -> MessageID {
        // One number for all nine, since each draw may cost a call to the system; 62⁹.
        var number = UInt64.random(in: 0..<13_537_086_546_263_552, using: &generator)
        var characters: [UInt8] = []
        characters.reserveCapacity(9)
        for _ in 0..<9 {
            characters.append(Self.alphabet[Int(number % 62)])
            number /= 62
        }
        return MessageID(String(decoding: characters, as: UTF8.self))
    }
}
