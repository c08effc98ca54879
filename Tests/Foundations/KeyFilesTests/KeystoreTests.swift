// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingKeyFiles

@Suite("A keystore")
struct KeystoreTests {
    @Test(arguments: [
        ("eth-account-scrypt", "tëst passphrase 🔑"), ("eth-account-pbkdf2", "tëst passphrase 🔑"),
        ("eth-account-empty-passphrase", ""),
    ])
    func `of another wallet is read`(name: String, passphrase: String) throws {
        let text = try Samples.keystore(name)
        let key = try KeyFile.importKey(from: text) { Array(passphrase.utf8) }
        #expect(Hex.digits(key.withBytes { Array($0) }) == Samples.secret)
        #expect(throws: KeyFileError.wrongPassphrase(path: nil)) {
            _ = try KeyFile.importKey(from: text) { Array("test passphrase".utf8) }
        }
    }

    @Test(arguments: ["definition-pbkdf2", "definition-scrypt"])
    func `of the definition itself is read`(name: String) throws {
        let key = try KeyFile.importKey(from: Samples.keystore(name)) { Array("testpassword".utf8) }
        let secret = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"
        #expect(Hex.digits(key.withBytes { Array($0) }) == secret)
    }

    @Test func `may spell its object with a capital, and say nothing of its address`() throws {
        let quick = try Samples.quickKeystore()
        let crypto = try #require(quick["crypto"])
        let text = JSON.object(["Crypto": crypto, "version": 3, "address": .null]).bytes
        #expect(try KeyFile.importKey(from: text) { [0x78] }.address == Samples.address)
    }

    @Test func `is refused when it states the address of another key`() throws {
        let other = JSON.string(String(repeating: "11", count: 20))
        let text = try Samples.quickKeystore().adding("address", other).bytes
        let reason =
            "it states the address 0x1111111111111111111111111111111111111111, "
            + "and its key has the address 0xb960bED53c17f9a021538b5d6f08e7466B966c53"
        #expect(throws: KeyFileError.damaged(path: nil, reason: reason)) {
            _ = try KeyFile.importKey(from: text) { [0x78] }
        }
    }

    @Test(arguments: ["ciphertext", "mac"])
    func `stays shut when one bit of it was altered`(member: String) throws {
        let quick = try Samples.quickKeystore()
        let crypto = try #require(quick["crypto"])
        let bytes = try #require(crypto[member]?.stringValue.flatMap { Hex.decode($0) })
        for index in [0, 15, 16, 31] {
            var altered = bytes
            altered[index] ^= 0x80
            let text = quick.adding("crypto", crypto.adding(member, .string(Hex.digits(altered)))).bytes
            #expect(throws: KeyFileError.wrongPassphrase(path: nil)) {
                _ = try KeyFile.importKey(from: text) { [0x78] }
            }
        }
    }

    @Test(
        arguments: [
            (["kdfparams", "n"], 0), (["kdfparams", "n"], 1), (["kdfparams", "n"], 3), (["kdfparams", "n"], 131_073),
            (["kdfparams", "n"], -2), (["kdfparams", "n"], 2_097_152), (["kdfparams", "n"], 4_611_686_018_427_387_904),
            (["kdfparams", "r"], 0), (["kdfparams", "r"], -8), (["kdfparams", "r"], 513),
            (["kdfparams", "r"], 9_223_372_036_854_775_807), (["kdfparams", "p"], 0), (["kdfparams", "p"], 17),
            (["kdfparams", "p"], -1), (["kdfparams", "dklen"], 31), (["kdfparams", "dklen"], 64), (["kdf"], "argon2id"),
            (["kdf"], "SCRYPT"), (["cipher"], "aes-256-ctr"), (["cipher"], "\u{1B}[2J"),
        ] as [([String], JSON)])
    func `is refused before any work when scrypt would cost too much, or is something else`(
        place: [String], value: JSON
    ) throws {
        let derivation = KeyDerivation.scrypt(cost: (n: 4_096, r: 8, p: 1), salt: [UInt8](repeating: 7, count: 32))
        let keystore = try Keystore(sealing: Samples.key(), passphrase: [0x78], derivation: derivation)
        let error = try refusal(of: keystore.json(id: "x"), with: value, at: ["crypto"] + place)
        #expect(error.code == "key-file.unsupported", "\(error)")
        #expect(!error.description.contains("\u{1B}"))
    }

    @Test(
        arguments: [
            (["crypto", "kdfparams", "c"], 0), (["crypto", "kdfparams", "c"], -1),
            (["crypto", "kdfparams", "c"], 10_000_001), (["crypto", "kdfparams", "dklen"], 16),
            (["crypto", "kdfparams", "prf"], "hmac-sha512"), (["version"], 1), (["version"], 4), (["version"], "3"),
            (["version"], "farthing-plain-2"),
        ] as [([String], JSON)])
    func `is refused before any work when PBKDF2 would cost too much, or is something else`(
        place: [String], value: JSON
    ) throws {
        let error = try refusal(of: Samples.quickKeystore(), with: value, at: place)
        #expect(error.code == "key-file.unsupported", "\(error)")
    }

    @Test(
        arguments: [
            (["crypto"], .null), (["crypto"], "x"), (["crypto", "cipher"], 1), (["crypto", "cipherparams"], []),
            (["crypto", "cipherparams", "iv"], "00"), (["crypto", "cipherparams", "iv"], .string(zeros(17))),
            (["crypto", "ciphertext"], ""), (["crypto", "ciphertext"], .string(zeros(31))),
            (["crypto", "ciphertext"], .string(zeros(33))), (["crypto", "ciphertext"], "xyz"),
            (["crypto", "mac"], .string(zeros(31))), (["crypto", "mac"], .null), (["crypto", "kdf"], .null),
            (["crypto", "kdfparams"], .null), (["crypto", "kdfparams", "salt"], .string(zeros(7))),
            (["crypto", "kdfparams", "salt"], .string(zeros(65))), (["crypto", "kdfparams", "salt"], ""),
            (["crypto", "kdfparams", "c"], "1"), (["crypto", "kdfparams", "c"], .null),
            (["crypto", "kdfparams", "c"], .number(JSON.Number(text: "1.5") ?? 0)),
            (["crypto", "kdfparams", "c"], .number(JSON.Number(text: "1e999") ?? 0)),
            (["crypto", "kdfparams", "c"], .number(JSON.Number(text: "18446744073709551617") ?? 0)),
            (["crypto", "kdfparams", "dklen"], .null), (["address"], "00"), (["address"], 7), (["version"], .null),
            (["version"], true),
        ] as [([String], JSON)])
    func `is called damaged when a member is missing or misshapen`(place: [String], value: JSON) throws {
        let error = try refusal(of: Samples.quickKeystore(), with: value, at: place)
        #expect(error.code == "key-file.damaged", "\(error)")
        #expect(error.message.contains(place.joined(separator: ".")), "\(error)")
    }

    private static func zeros(_ count: Int) -> String { String(repeating: "00", count: count) }

    /// How a keystore is refused with another value in one place, which must be before the passphrase is asked for.
    private func refusal(of keystore: JSON, with value: JSON, at place: [String]) throws -> KeyFileError {
        let altered = replacing(place[...], in: keystore, with: value)
        return try #require(throws: KeyFileError.self) {
            _ = try KeyFile.importKey(from: altered.bytes) {
                Issue.record("asked for a passphrase")
                return [0x78]
            }
        }
    }

    private func replacing(_ place: ArraySlice<String>, in json: JSON, with value: JSON) -> JSON {
        guard let name = place.first else { return value }
        return json.adding(name, replacing(place.dropFirst(), in: json[name] ?? .null, with: value))
    }
}
