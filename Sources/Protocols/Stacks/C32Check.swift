// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Base 32 with a version digit in front and a checksum behind.
///
/// - Source: SIP-005, "c32check": the checksum is the first 4 bytes of SHA-256(SHA-256(version ‖ bytes)).
public enum C32Check {
    /// The version's digit and the digits of `bytes` with their checksum.
    ///
    /// Only the lower 5 bits of the version are written.
    public static func encode(version: UInt8, _ bytes: [UInt8]) -> String {
        let version = version & 31
        let digit = String(decoding: [C32.alphabet[Int(version)]], as: UTF8.self)
        return digit + C32.encode(bytes + checksum(version, bytes))
    }

    /// The version and the bytes that `text` spells.
    ///
    /// - Throws: ``C32Fault``.
    public static func decode(_ text: some Collection<UInt8>) throws(C32Fault) -> (version: UInt8, bytes: [UInt8]) {
        // Nobody writes longer ones; the bound keeps a hostile text from costing anything.
        guard let first = text.first, text.count <= 128 else { throw .tooShort }
        guard let version = C32.value(of: first) else { throw .digit(first) }
        let all = try C32.decode(text.dropFirst())
        guard all.count >= 4 else { throw .tooShort }
        let bytes = Array(all.dropLast(4))
        guard checksum(version, bytes).elementsEqual(all.suffix(4)) else { throw .checksum }
        return (version, bytes)
    }

    private static func checksum(_ version: UInt8, _ bytes: [UInt8]) -> ArraySlice<UInt8> {
        Digests.sha256(Digests.sha256([version] + bytes)).prefix(4)
    }
}
