// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@testable import FarthingKeyFiles

@Suite("The text of a key")
struct KeyImportTests {
    @Test(arguments: [
        Samples.secret, "0x\(Samples.secret)", Samples.secret.uppercased(), "  \(Samples.secret)\r\n",
        "\n0x\(Samples.secret)\n",
        "{\"version\":\"farthing-plain-1\",\"private_key\":\"\(Samples.secret)\",\"address\":\"\(Samples.address.hex)\"}",
        " {\"address\":\"\(Samples.address.hex.dropFirst(2))\",\"note\":[1],\"private_key\":\"0x\(Samples.secret)\","
            + "\"version\":\"farthing-plain-1\"} ",
    ])
    func `is read in every plain form`(text: String) throws {
        let key = try KeyFile.importKey(from: Array(text.utf8)) {
            Issue.record("asked for a passphrase")
            return nil
        }
        #expect(key.address == Samples.address)
    }

    @Test(arguments: [
        ("", "it is empty"), (" \n", "it is empty"),
        ("0x", "it is neither JSON nor 64 hexadecimal digits"),
        ("\(Samples.secret.dropLast())", "it is neither JSON nor 64 hexadecimal digits"),
        ("\(Samples.secret)0", "it is neither JSON nor 64 hexadecimal digits"),
        ("\(Samples.secret.dropLast())g", "it is neither JSON nor 64 hexadecimal digits"),
        ("0X\(Samples.secret)", "it is neither JSON nor 64 hexadecimal digits"),
        ("0x0x\(Samples.secret)", "it is neither JSON nor 64 hexadecimal digits"),
        ("\(Samples.secret.prefix(32)) \(Samples.secret.suffix(32))", "it is neither JSON nor 64 hexadecimal digits"),
        ("[]", "it is neither JSON nor 64 hexadecimal digits"),
        (String(repeating: "0", count: 64), "its number is no private key of secp256k1"),
        (String(repeating: "f", count: 64), "its number is no private key of secp256k1"),
        ("{", "it is not JSON (json.truncated)"), ("{}", "\"version\" is missing"),
        ("{\"\(Samples.secret)\":1,\"\(Samples.secret)\":2}", "it is not JSON (json.duplicate-member)"),
        ("{\"version\":\"farthing-plain-1\"}", "\"address\" is missing"),
        (
            "{\"version\":\"farthing-plain-1\",\"address\":\"0x1111111111111111111111111111111111111111\"}",
            "\"private_key\" is missing"
        ),
        (
            "{\"version\":\"farthing-plain-1\",\"address\":\"0x1111111111111111111111111111111111111111\","
                + "\"private_key\":\"0x\(Samples.secret)\"}",
            "it states the address 0x1111111111111111111111111111111111111111, "
                + "and its key has the address 0xb960bED53c17f9a021538b5d6f08e7466B966c53"
        ),
        (
            "{\"version\":\"farthing-plain-1\",\"address\":\"0x1111111111111111111111111111111111111111\","
                + "\"private_key\":\"\(Samples.secret)00\"}", "\"private_key\" has 33 bytes"
        ),
    ])
    func `is refused with a reason that holds no part of the key`(text: String, reason: String) throws {
        let error = try #require(throws: KeyFileError.self) {
            _ = try KeyFile.importKey(from: Array(text.utf8)) { nil }
        }
        #expect(error == .damaged(path: nil, reason: reason))
        #expect(!error.description.contains(Samples.secret.prefix(16)))
    }

    @Test func `that nests for ever is refused`() {
        let text = Array(String(repeating: "{\"a\":", count: 10_000).utf8)
        #expect(throws: KeyFileError.damaged(path: nil, reason: "it is not JSON (json.too-deep)")) {
            _ = try KeyFile.importKey(from: text) { nil }
        }
    }

    @Test func `is told by its path when it came from a file, and is explained in two sentences`() {
        let error = KeyFileError.wrongPassphrase(path: "payer.key")
        #expect(error.message == "The passphrase does not open the key file payer.key.")
        #expect(error.description == "\(error.message) \(error.remedy ?? "")")
        #expect(KeyFileError.damaged(path: nil, reason: "it is empty").message == "The key is damaged: it is empty.")
        #expect(
            KeyFileError.passphraseNeeded(path: "payer.key").message
                == "The key file payer.key is encrypted, and no passphrase was given.")
    }
}
