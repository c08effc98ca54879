// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import FarthingPrimitives

/// What the text of a key file holds.
enum KeyText: ~Copyable {
    case open(PrivateKey)
    case locked(Keystore)

    /// - Unit: bytes. A keystore takes about 500.
    static let maximumBytes = 65_536

    init(_ text: [UInt8]) throws(KeyTextFault) {
        guard text.count <= Self.maximumBytes else { throw .tooLong(text.count) }
        let isInk = { (byte: UInt8) in byte > 0x20 }
        guard let first = text.firstIndex(where: isInk), let last = text.lastIndex(where: isInk) else {
            throw .damaged("it is empty")
        }
        self =
            text[first] == UInt8(ascii: "{")
            ? try Self.parsed(text) : .open(try PlainKey.key(digits: text[first...last]))
    }

    private static func parsed(_ text: [UInt8]) throws(KeyTextFault) -> KeyText {
        let json: JSON
        do {
            json = try JSON.parse(text, limits: JSON.Limits(maximumDepth: 8, maximumBytes: maximumBytes))
        } catch {
            // By its code: the words may hold what stands in the text.
            throw .damaged("it is not JSON (\(error.code))")
        }
        let fields = KeyFields(json)
        switch json["version"] {
        case .string(PlainKey.version): return .open(try PlainKey.key(in: fields))
        case .number(3): return .locked(try Keystore(fields))
        case .string(let version): throw .unsupported("its version is \(KeyFields.shown(version))")
        case .number(let version): throw .unsupported("its version is \(KeyFields.shown(version.text))")
        case nil, .null: throw .damaged("\"version\" is missing")
        case .bool, .array, .object: throw .damaged("\"version\" is neither a number nor a text")
        }
    }
}
