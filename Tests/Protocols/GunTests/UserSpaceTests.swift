// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@testable import FarthingGun

@Suite("The parts of the graph that belong to somebody")
struct UserSpaceTests {
    private let now = 1_795_300_000_000.0

    @Test("The owner of a soul is read as GUN reads it")
    func owners() throws {
        for recorded in try Vectors.list("sea", "opt_pub") {
            #expect(UserSpace.owner(of: Soul(try recorded.text(of: "soul"))) == recorded["pub"]?.stringValue)
        }
    }

    @Test("Recorded values verify, and the same bytes are signed")
    func recorded() throws {
        let alice = try Vectors.pair("alice")
        let vectors = try Vectors.list("sea", "user_put")
        #expect(!vectors.isEmpty)
        for recorded in vectors {
            let soul = Soul(try recorded.text(of: "soul"))
            let key = NodeKey(try recorded.text(of: "key"))
            let state = state(try recorded.double(of: "state"))
            let value = try #require(GunValue(try recorded.at("value")))
            #expect(
                String(decoding: UserSpace.preimage(value, at: key, of: soul, state: state), as: UTF8.self)
                    == (try recorded.text(of: "preimage")))
            let wire = GunEntry(.text(try recorded.text(of: "wire_value")), state)
            #expect(UserSpace.check(wire, at: key, of: soul, now: now) == .owned(value, writer: alice.pub))
            #expect(value.json == (try recorded.at("unpacked")))
            let signed = try UserSpace.sign(value, at: key, of: soul, state: state, with: alice)
            #expect(
                UserSpace.check(GunEntry(signed, state), at: key, of: soul, now: now)
                    == .owned(value, writer: alice.pub))
            guard case .text(let made) = signed else { continue }
            #expect(made.prefix { $0 != "~" } == (try recorded.text(of: "wire_value")).prefix { $0 != "~" })
        }
    }

    @Test("A value with another state, key, soul, owner or content is refused")
    func forged() throws {
        let alice = try Vectors.pair("alice")
        let bob = try Vectors.pair("bob")
        let soul = alice.pub.soul.child("state")
        let signed = try UserSpace.sign(7, at: "n", of: soul, state: state(1000), with: alice)
        func verdict(_ value: GunValue, _ soul: Soul, _ at: Double = 1000, _ key: NodeKey = "n") -> UserSpace.Verdict {
            UserSpace.check(GunEntry(value, state(at)), at: key, of: soul, now: now)
        }
        let unverified = UserSpace.Verdict.refused("Unverified data.")
        #expect(verdict(signed, soul) == .owned(7, writer: alice.pub))
        #expect(verdict(signed, soul, 1001) == unverified)
        #expect(verdict(signed, soul, 1000, "m") == unverified)
        #expect(verdict(signed, alice.pub.soul) == unverified)
        #expect(verdict(signed, bob.pub.soul.child("state")) == unverified)
        #expect(verdict(7, soul) == unverified)
        #expect(verdict("7", soul) == unverified)
        #expect(verdict(nil, soul) == unverified)
        guard case .text(let text) = signed else { return }
        #expect(verdict(.text(text.replacing(#"":7"#, with: #"":8"#)), soul) == unverified)
        #expect(verdict(.text(text.replacing(#""~""#, with: #""*":"\#(bob.pub.text)","~""#)), soul) == unverified)
        #expect(throws: GunError.notOwnSoul) {
            try UserSpace.sign(7, at: "n", of: soul, state: state(1000), with: bob)
        }
        #expect(throws: GunError.notOwnSoul) { try UserSpace.sign(7, at: "n", of: "x", state: state(1), with: bob) }
    }

    @Test("Under pub stands the key itself, unsigned, and nothing else")
    func publicKey() throws {
        let alice = try Vectors.pair("alice")
        let entry = GunEntry(.text(alice.pub.text), state(1))
        #expect(
            UserSpace.check(entry, at: "pub", of: alice.pub.soul, now: now) == .owned(entry.value, writer: alice.pub))
        let other = GunEntry(.text(try Vectors.pair("bob").pub.text), state(1))
        #expect(UserSpace.check(other, at: "pub", of: alice.pub.soul, now: now) == .refused("Account not same!"))
        #expect(
            UserSpace.check(GunEntry("a.b", state(1)), at: "pub", of: "~a.b", now: now) == .refused("Account not same!")
        )
    }

    @Test("Aliases lead only where their names say")
    func aliases() {
        func verdict(_ soul: Soul, _ key: NodeKey, _ value: GunValue) -> UserSpace.Verdict {
            UserSpace.check(GunEntry(value, state(1)), at: key, of: soul, now: now)
        }
        #expect(verdict("~@", "alice", .link("~@alice")) == .common)
        #expect(verdict("~@", "alice", .link("~@bob")) == .refused("Alias not same!"))
        #expect(verdict("~@alice", "~a.b", .link("~a.b")) == .common)
        #expect(verdict("~@alice", "~a.b", .link("~c.d")) == .refused("Alias not same!"))
        #expect(verdict("~@alice", "~a.b", nil) == .refused("Alias not same!"))
    }

    @Test("A node named by content holds only what has the hash")
    func contentAddressed() {
        let hash = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
        let hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        func verdict(_ key: String, _ value: GunValue) -> UserSpace.Verdict {
            UserSpace.check(GunEntry(value, state(1)), at: NodeKey(key), of: "#files", now: now)
        }
        #expect(verdict(hash, "hello") == .common)
        #expect(verdict("2026#" + hash, "hello") == .common)
        #expect(verdict(hex, "hello") == .common)
        #expect(verdict(hash, "hellp") == .refused("Data hash not same as hash!"))
        #expect(verdict("hello", "hello") == .refused("Data hash not same as hash!"))
    }

    @Test("A soul that forgets drops what is too old")
    func forgetful() {
        let soul: Soul = "news<?60"
        #expect(UserSpace.check(GunEntry(1, state(now - 59_000)), at: "k", of: soul, now: now) == .common)
        #expect(UserSpace.check(GunEntry(1, state(now - 61_000)), at: "k", of: soul, now: now) == .expired)
        #expect(UserSpace.check(GunEntry(1, state(0)), at: "k", of: "news<?", now: now) == .common)
    }

    @Test("The recorded certificate verifies, and lets bob write into the inbox and nowhere else")
    func recordedCertificate() throws {
        let alice = try Vectors.pair("alice")
        let bob = try Vectors.pair("bob")
        let text = try #require(try Vectors.load("sea")["certify"]?["cert"]?.stringValue)
        let certificate = try #require(GunCertificate(.string(text), issuer: alice.pub))
        #expect(certificate.text == text)
        #expect(GunCertificate(.string(text), issuer: bob.pub) == nil)
        let inbox = alice.pub.soul.child("inbox")
        func verdict(_ soul: Soul, _ key: NodeKey, by pair: GunKeyPair) throws -> UserSpace.Verdict {
            let signed = try UserSpace.sign(
                "hi", at: key, of: soul, state: state(9), with: pair, certificate: certificate)
            return UserSpace.check(GunEntry(signed, state(9)), at: key, of: soul, now: now)
        }
        #expect(try verdict(inbox, "1", by: bob) == .owned("hi", writer: bob.pub))
        #expect(try verdict(alice.pub.soul, "inbox", by: bob) == .owned("hi", writer: bob.pub))
        #expect(try verdict(alice.pub.soul, "name", by: bob) == .refused("Certificate verification fail."))
        #expect(try verdict(inbox, "1", by: GunKeyPair()) == .refused("Certificate verification fail."))
        // JavaScript cuts a path at every slash, also at one that Swift takes for another letter with its accent.
        for soul in ["~\(alice.pub)/\u{301}x/inbox", "/~\(alice.pub)/inbox"] as [Soul] {
            #expect(try verdict(soul, "1", by: bob) == .refused("Certificate verification fail."))
        }
    }

    @Test("A certificate ends with its expiry, and where its issuer blocks the writer")
    func certificateLimits() throws {
        let alice = try Vectors.pair("alice")
        let bob = try Vectors.pair("bob")
        let inbox = alice.pub.soul.child("inbox")
        let expiring = try GunCertificate(by: alice, for: nil, writing: Lex(prefix: "inbox"), until: state(100))
        func verdict(_ certificate: GunCertificate, at time: Double, blocked: Bool = false) throws -> UserSpace.Verdict
        {
            let signed = try UserSpace.sign(
                "hi", at: "1", of: inbox, state: state(time), with: bob, certificate: certificate)
            return UserSpace.check(GunEntry(signed, state(time)), at: "1", of: inbox, now: now) { soul, key in
                blocked && soul == alice.pub.soul.child("blocked") && key == NodeKey(bob.pub.text) ? true : nil
            }
        }
        #expect(try verdict(expiring, at: 100) == .owned("hi", writer: bob.pub))
        #expect(try verdict(expiring, at: 101) == .refused("Certificate expired."))
        let terms = JSON.object(["c": [.string(bob.pub.text), "x"], "w": ["inbox/1"], "wb": "blocked"])
        let blockable = try #require(
            GunCertificate(.string(try SEA.sign(terms, with: alice)), issuer: alice.pub))
        #expect(try verdict(blockable, at: 5) == .owned("hi", writer: bob.pub))
        #expect(try verdict(blockable, at: 5, blocked: true) == .refused("Certificant \(bob.pub.text) blocked."))
    }
}
