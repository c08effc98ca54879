// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import FarthingPrimitives

/// Text whose first letter says in which base the rest is written.
///
/// - Source: multiformats/multibase.
public enum Multibase: String, Hashable, Sendable, CaseIterable {
    case base16 = "f"
    case base32 = "b"
    case base36 = "k"
    case base58btc = "z"
    case base64 = "m"
    case base64url = "u"

    public func encode(_ bytes: [UInt8]) -> String { rawValue + encodeWithoutLetter(bytes) }

    /// - Throws: ``WireError/unknownBase(_:)``, or what the base itself refuses.
    public static func decode(_ text: String) throws(WireError) -> [UInt8] {
        guard text.utf8.count <= PositionalBase.longestText else {
            throw .tooLong(length: UInt64(text.utf8.count), limit: PositionalBase.longestText)
        }
        guard let letter = text.unicodeScalars.first else { throw .truncated }
        guard let base = Multibase(rawValue: String(letter)) else { throw .unknownBase(String(letter)) }
        let rest = String(String.UnicodeScalarView(text.unicodeScalars.dropFirst()))
        return try base.decodeWithoutLetter(rest)
    }

    private func encodeWithoutLetter(_ bytes: [UInt8]) -> String {
        switch self {
        case .base16: Hex.digits(bytes)
        case .base32: Base32.encode(bytes)
        case .base36: PositionalBase.base36.encode(bytes)
        case .base58btc: PositionalBase.base58btc.encode(bytes)
        case .base64: String(Base64.encode(bytes).prefix { $0 != "=" })
        case .base64url: Base64.encode(bytes, alphabet: .urlUnpadded)
        }
    }

    private func decodeWithoutLetter(_ text: String) throws(WireError) -> [UInt8] {
        switch self {
        case .base16:
            guard !text.hasPrefix("0x"), let bytes = Hex.decode(text) else { throw .badText }
            return bytes
        case .base32: return try Base32.decode(text)
        case .base36: return try PositionalBase.base36.decode(text)
        case .base58btc: return try PositionalBase.base58btc.decode(text)
        case .base64:
            guard !text.contains("=") else { throw .badCharacter }
            return try Self.decode64(text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4), .standard)
        case .base64url: return try Self.decode64(text, .urlUnpadded)
        }
    }

    private static func decode64(_ text: String, _ alphabet: Base64.Alphabet) throws(WireError) -> [UInt8] {
        do { return try Base64.decode(text, alphabet: alphabet, maximumBytes: text.utf8.count) } catch {
            throw .badText
        }
    }
}
