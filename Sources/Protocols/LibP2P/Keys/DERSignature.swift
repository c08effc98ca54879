// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import FarthingPrimitives

/// An ECDSA signature on secp256k1 in DER, as libp2p sends it.
///
/// The high `s` of a signature is taken for its mirror image, n − s, since peers write either and both hold.
///
/// - Unit: SEQUENCE of two INTEGERs, 8 through 72 bytes.
/// - Source: ITU-T X.690, sections 8.3 and 10; SEC 1, appendix C.5.
enum DERSignature {
    static func encode(r: Hash32, s: Hash32) -> [UInt8] {
        let body = integer(r.bytes) + integer(s.bytes)
        return [0x30, UInt8(body.count)] + body
    }

    /// r and s, or `nil` for bytes that are not the one DER encoding of a signature.
    static func decode(_ bytes: [UInt8]) -> Signature? {
        var reader = ByteReader(bytes)
        guard (8...72).contains(bytes.count), (try? reader.byte()) == 0x30,
            let length = try? reader.byte(), Int(length) == reader.remaining,
            let r = number(from: &reader), let s = number(from: &reader), reader.isAtEnd
        else { return nil }
        if let signature = try? Signature(r: r, s: s, isOdd: false) { return signature }
        guard s < order, let mirrored = mirror(s) else { return nil }
        return try? Signature(r: r, s: mirrored, isOdd: false)
    }

    private static func integer(_ bytes: [UInt8]) -> [UInt8] {
        var digits = Array(bytes.drop { $0 == 0 })
        if digits.first.map({ $0 >= 128 }) ?? true { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }

    private static func number(from reader: inout ByteReader) -> Hash32? {
        guard (try? reader.byte()) == 0x02, let length = try? reader.byte(), (1...33).contains(length),
            let digits = try? reader.take(Int(length)), let first = digits.first, first < 128
        else { return nil }
        // A leading zero is there only to keep the number positive.
        if length > 1, first == 0, digits[digits.startIndex + 1] < 128 { return nil }
        let significant = digits.drop { $0 == 0 }
        return Hash32([UInt8](repeating: 0, count: max(0, 32 - significant.count)) + significant)
    }

    /// n − s.
    private static func mirror(_ s: Hash32) -> Hash32? {
        var result = [UInt8](repeating: 0, count: 32)
        var borrow = 0
        let (minuend, subtrahend) = (order.bytes, s.bytes)
        for index in (0..<32).reversed() {
            let difference = Int(minuend[index]) - Int(subtrahend[index]) - borrow
            borrow = difference < 0 ? 1 : 0
            result[index] = UInt8(truncatingIfNeeded: difference)
        }
        return borrow == 0 ? Hash32(result) : nil
    }

    private static let order =
        Hash32(hex: "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141") ?? .zero
}
