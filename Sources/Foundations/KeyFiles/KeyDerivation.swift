// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Crypto
internal import CryptoExtras
internal import FarthingEncodings
internal import FarthingPrimitives

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// How 32 bytes are made from a passphrase, slowly on purpose.
///
/// The costs come from the file, so they are bounded: a file from a stranger may ask for half a GiB and a dozen seconds,
/// not for all the memory there is.
///
/// - Source: Web3 Secret Storage Definition, "kdfparams"; RFC 7914 (scrypt); RFC 8018, section 5.2 (PBKDF2).
enum KeyDerivation {
    case scrypt(cost: (n: Int, r: Int, p: Int), salt: [UInt8])
    /// HMAC with SHA-256.
    case pbkdf2(rounds: Int, salt: [UInt8])

    /// - Unit: bytes.
    private static let length = 32
    /// - Unit: bytes of memory that scrypt may take for its table, and as much again for the blocks beside it.
    private static let maximumMemory = 256 << 20

    /// Reads `kdf` and `kdfparams` of the object `crypto`.
    init(_ crypto: KeyFields) throws(KeyTextFault) {
        let name = try crypto.text("kdf")
        let fields = try crypto.object("kdfparams")
        let salt = try fields.bytes("salt", count: 8...64)
        _ = try fields.number("dklen", "\(Self.length)") { $0 == Self.length }
        switch name {
        case "scrypt":
            let n = try fields.number("n", "a power of two, 2 through 2²⁰") {
                (2...1_048_576).contains($0) && $0 & ($0 - 1) == 0
            }
            // One table of n blocks, and p blocks beside it.
            let limit = Self.maximumMemory / (128 * max(n, 16))
            let r = try fields.number("r", "1 through \(limit) when n is \(n)") { $0 >= 1 && $0 <= limit }
            let p = try fields.number("p", "1 through 16") { (1...16).contains($0) }
            self = .scrypt(cost: (n: n, r: r, p: p), salt: salt)
        case "pbkdf2":
            try fields.text("prf", mustBe: "hmac-sha256")
            let rounds = try fields.number("c", "1 through 10000000") { (1...10_000_000).contains($0) }
            self = .pbkdf2(rounds: rounds, salt: salt)
        default:
            throw .unsupported("\"crypto.kdf\" is \(KeyFields.shown(name)), and only scrypt and pbkdf2 are taken")
        }
    }

    var name: String {
        switch self {
        case .scrypt: "scrypt"
        case .pbkdf2: "pbkdf2"
        }
    }

    /// What stands in `kdfparams`.
    var parameters: JSON {
        switch self {
        case .scrypt(let cost, let salt):
            [
                "dklen": .integer(Self.length), "n": .integer(cost.n), "p": .integer(cost.p), "r": .integer(cost.r),
                "salt": .string(Hex.digits(salt)),
            ]
        case .pbkdf2(let rounds, let salt):
            [
                "c": .integer(rounds), "dklen": .integer(Self.length), "prf": "hmac-sha256",
                "salt": .string(Hex.digits(salt)),
            ]
        }
    }

    /// The 32 bytes, which the caller wipes.
    func derive(from passphrase: [UInt8]) throws(KeyTextFault) -> [UInt8] {
        switch self {
        case .pbkdf2(let rounds, let salt):
            return try Self.pbkdf2(passphrase, salt: salt, rounds: rounds, count: Self.length)
        case .scrypt(let cost, let salt):
            let key = try? KDF.Scrypt.deriveKey(
                from: passphrase, salt: salt, outputByteCount: Self.length, rounds: cost.n, blockSize: cost.r,
                parallelism: cost.p)
            if let key { return key.withUnsafeBytes { Array($0) } }
            // The library keeps to n < 2^(16·r), which the definition's own example breaks, as many files do.
            return try Scrypt.derive(from: passphrase, salt: salt, cost: cost, count: Self.length)
        }
    }

    static func pbkdf2(
        _ passphrase: [UInt8], salt: [UInt8], rounds: Int, count: Int
    ) throws(KeyTextFault) -> [UInt8] {
        do {
            let key = try KDF.Insecure.PBKDF2.deriveKey(
                from: passphrase, salt: salt, using: .sha256, outputByteCount: count, unsafeUncheckedRounds: rounds)
            return key.withUnsafeBytes { Array($0) }
        } catch {
            throw .unsupported("PBKDF2 refused \(rounds) rounds")
        }
    }
}
