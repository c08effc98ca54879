// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@testable import FarthingGun

@Suite("Signatures, secrets and accounts of SEA")
struct SEATests {
    @Test("Key pairs read as they are written")
    func pairs() throws {
        let json = try #require(try Vectors.load("sea")["pairs"]?["alice"])
        let pair = try GunKeyPair(json)
        #expect(pair.secretJSON == json)
        #expect("\(pair)" == pair.pub.text)
        #expect(!String(reflecting: pair).contains(try json.text(of: "priv")))
    }

    @Test("A key pair whose halves do not belong together is refused")
    func wrongPair() throws {
        let alice = try Vectors.pair("alice")
        let bob = try Vectors.pair("bob")
        #expect(throws: GunError.badKey) { try GunKeyPair(alice.secretJSON.adding("pub", .string(bob.pub.text))) }
        #expect(throws: GunError.badKey) { try GunKeyPair(priv: String(repeating: "A", count: 43), epriv: alice.epriv) }
        #expect(throws: GunError.badKey) { try GunPublicKey("abc.def") }
        #expect(throws: GunError.badKey) { try GunPublicKey(String(alice.pub.text.dropLast()) + "A") }
    }

    @Test("Both sides find the recorded shared secret")
    func secrets() throws {
        for recorded in try Vectors.list("sea", "secret") {
            let mine = try Vectors.pair(try recorded.text(of: "my"))
            let theirs = try Vectors.pair(try recorded.text(of: "their"))
            #expect(try SEA.secret(with: theirs.epub, of: mine) == (try recorded.text(of: "k")))
        }
    }

    @Test("Slow and quick hashes come out as recorded")
    func hashes() throws {
        for recorded in try Vectors.list("sea", "work") {
            let options = try recorded.at("opt")
            let rounds = options["iterations"]?.integerValue.map { Int($0) } ?? 100_000
            let count = options["length"]?.integerValue.map { Int($0) / 8 } ?? 64
            let bytes = try SEA.work(
                try recorded.at("data"), salt: try recorded.text(of: "salt"), rounds: rounds, count: count)
            #expect(encoded(bytes, options) == (try recorded.text(of: "out")))
        }
        for recorded in try Vectors.list("sea", "sha256") {
            let bytes = SEA.digest(try recorded.at("data"))
            #expect(encoded(bytes, try recorded.at("opt")) == (try recorded.text(of: "out")))
        }
    }

    private func encoded(_ bytes: [UInt8], _ options: JSON) -> String {
        guard options["encode"] == "hex" else { return Base64.encode(bytes) }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test("Recorded signatures verify, and new ones are made over the same bytes")
    func signatures() throws {
        let alice = try Vectors.pair("alice")
        for recorded in try Vectors.list("sea", "sign") {
            let value = SEA.meaning(try recorded.at("input"))
            #expect(value == (try recorded.at("m")))
            #expect(String(decoding: SEA.preimage(value), as: UTF8.self) == (try recorded.text(of: "preimage")))
            let output = try recorded.text(of: "output")
            #expect(SEA.verify(output, by: alice.pub) == (try recorded.at("verified")))
            let made = try SEA.sign(try recorded.at("input"), with: alice)
            #expect(made.prefix { $0 != "s" } == output.prefix { $0 != "s" })
            #expect(SEA.verify(made, by: alice.pub) == value)
        }
    }

    @Test("Recorded refusals are refused")
    func refusals() throws {
        for recorded in try Vectors.list("sea", "sign_errors") {
            if let key = recorded["key"]?.stringValue {
                let pair = try Vectors.pair(key)
                #expect(SEA.verify(try recorded.text(of: "output"), by: pair.pub) == nil)
            } else {
                let alice = try Vectors.pair("alice")
                #expect(try SEA.sign(try recorded.at("in"), with: alice) == (try recorded.text(of: "out")))
            }
        }
    }

    @Test("Recorded ciphertexts open, and are made again byte for byte from the same salt and nonce")
    func encryption() throws {
        for recorded in try Vectors.list("sea", "encrypt") {
            let key = try recorded.text(of: "key")
            let output = try recorded.text(of: "output")
            #expect(try SEA.decrypt(.string(output), key: key) == (try recorded.at("decrypted")))
            let again = try SEA.encrypted(
                try recorded.at("input"), key: key, salt: try bytes(recorded, "salt_hex"),
                nonce: try bytes(recorded, "iv_hex"))
            #expect("SEA" + JavaScriptJSON.text(again) == output)
            #expect(throws: GunError.cannotDecrypt) { try SEA.decrypt(.string(output), key: key + "x") }
        }
        let made = try SEA.encrypt(["a": "b"], key: "k")
        #expect(try SEA.decrypt(.string(made), key: "k") == ["a": "b"])
    }

    @Test(
        "What is no ciphertext is refused",
        arguments: ["", "SEA{}", #"SEA{"ct":"AA==","iv":"AAAA","s":"AA=="}"#, "[1]"])
    func noCiphertext(text: String) {
        #expect(throws: GunError.badEnvelope) { try SEA.decrypt(.string(text), key: "k") }
    }

    private func bytes(_ json: JSON, _ name: String) throws -> [UInt8] {
        let text = Array(try json.text(of: name).utf8)
        return try stride(from: 0, to: text.count, by: 2).map { index in
            try #require(UInt8(String(decoding: text[index..<index + 2], as: UTF8.self), radix: 16))
        }
    }

    @Test("The recorded account opens with its passphrase, and with no other")
    func account() throws {
        let recorded = try #require(try Vectors.load("sea")["account"])
        let alice = try Vectors.pair("alice")
        let auth = try recorded.at("auth")
        let pass = try recorded.text(of: "pass")
        let proof = try SEA.work(.string(pass), salt: try recorded.text(of: "salt"))
        #expect(Base64.encode(proof) == (try recorded.text(of: "proof")))
        let opened = try GunAccount.open(auth: auth, passphrase: pass, pub: alice.pub)
        #expect(opened.secretJSON == alice.secretJSON)
        #expect(throws: GunError.noAccount) { try GunAccount.open(auth: auth, passphrase: "password2", pub: alice.pub) }
        #expect(throws: GunError.noAccount) {
            try GunAccount.open(auth: auth, passphrase: pass, pub: try Vectors.pair("bob").pub)
        }
    }

    @Test("A new account is stored in nodes that verify, and opens again")
    func newAccount() throws {
        let account = try GunAccount(alias: "carol", passphrase: "long enough")
        let nodes = try account.nodes(state: state(5))
        #expect(nodes.map(\.soul) == [account.pair.pub.soul, "~@carol"])
        for node in nodes {
            for (key, entry) in node.entries {
                let verdict = UserSpace.check(entry, at: key, of: node.soul, now: 10)
                if case .refused(let reason) = verdict { Issue.record("\(key): \(reason)") }
                if key == "auth", case .owned(.text(let auth), _) = verdict {
                    let pair = try GunAccount.open(
                        auth: .string(auth), passphrase: "long enough", pub: account.pair.pub)
                    #expect(pair.secretJSON == account.pair.secretJSON)
                }
            }
        }
        #expect(throws: GunError.passphraseTooShort) { try GunAccount(alias: "carol", passphrase: "short") }
        #expect(throws: GunError.invalidValue) { try GunAccount(alias: "", passphrase: "long enough") }
    }
}
