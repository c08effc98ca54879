// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingGun
import Foundation
import Testing

@Suite("Against a GUN peer in Python", .serialized, .timeLimit(.minutes(5)))
struct PythonPeerTests {
    @Test("Our client at its relay writes, signs, reads, follows and is refused")
    func theirRelay() async throws {
        let peer = try PythonPeer("relay")
        let port = try #require(Int(try await peer.line()))
        let client = try await Loopback.client(port)
        let reader = try await Loopback.client(port)
        let changes = reader.changes(of: "channels/c1")
        #expect(try await client.put(["nonce": 1, "é\n": "☃\u{1}/"], at: "channels/c1") == .acknowledged)
        #expect(await changes.first(with: 1)?.key == "nonce")
        #expect(try await reader.get("channels/c1")?["é\n"] == "☃\u{1}/")
        #expect(try await reader.get("nowhere") == nil)
        let mine = client.signed(by: GunKeyPair())
        #expect(
            try await mine.put(["nonce": 12, "note": "näive \"x\"", "f": 0.1, "gone": nil], at: "c") == .acknowledged)
        #expect(try await reader.get(mine.soul("c"))?["note"] == "näive \"x\"")
        await #expect(throws: GunError.refused(text: "Unverified data.")) {
            try await client.put(["nonce": 13], at: mine.soul("c"))
        }
        await client.close()
        await reader.close()
        try await peer.end()
    }

    @Test("A relay that lies can hide what is newer from a stranger, and forge nothing")
    func liar() async throws {
        let peer = try PythonPeer("liar")
        let port = try #require(Int(try await peer.line()))
        let client = try await Loopback.client(port) {
            $0.timing.acknowledgement = 200
            $0.timing.answer = 60_000
        }
        let mine = client.signed(by: GunKeyPair())
        try await mine.put(["n": 1])
        try await mine.put(["n": 2])
        // Who has seen the newer value is not led back.
        #expect(try await mine.get()?["n"] == 2)
        #expect(await client.disbelieved > 0)
        // A stranger can be told an old truth, but no lie.
        let stranger = try await Loopback.client(port)
        #expect(try await stranger.get(mine.soul())?["n"] == 1)
        let changes = stranger.changes(of: mine.soul())
        #expect(await changes.first { _ in true }?.value == 1)
        #expect(await stranger.disbelieved >= 4)
        // What it drops is not taken for stored.
        await #expect(throws: GunError.unconfirmed) { try await mine.put(["lost": 1]) }
        await client.close()
        await stranger.close()
        try await peer.end()
    }

    @Test("Its client at our relay writes, signs, reads and is refused")
    func theirClient() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay()
        let url = "ws://127.0.0.1:\(await relay.port)/gun"
        let signing = try await PythonPeer("sign", url, "chan", "k", ##"{"#": "a/b"}"##).json()
        let pub = try GunPublicKey(try signing.text(of: "pub"))
        #expect(signing["ok"] == true && signing["named"] == true && signing["forged"] == "Unverified data.")
        #expect(signing["read"] == ["#": "a/b"])
        let client = try await Loopback.client(relay.port)
        #expect(try await client.get(pub.soul.child("chan"), "k") == .link("a/b"))
        #expect(try await PythonPeer("write", url, "s", "x", "1.5").json()["ok"] == true)
        #expect(try await client.get("s", "x") == 1.5)
        try await client.put(["y": "ünï ☃"], at: "s")
        #expect(try await PythonPeer("read", url, "s", "y").json() == "ünï ☃")
        #expect(try await PythonPeer("read", url, "s", "nothing").json() == .null)
        let mine = client.signed(by: GunKeyPair())
        try await mine.put(["v": ["w": 1795225994662.001]], at: "p")
        let read = try await PythonPeer("read", url, mine.soul("p/v").text, "w").json()
        #expect(read.stringValue?.contains(#"":1795225994662.001,"#) == true)
        await client.close()
        await relay.shutdown()
    }

    @Test("Its client follows what ours writes")
    func theirFollower() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let client = try await Loopback.client(relay.port)
        try await client.put(["n": 1], at: "s")
        let peer = try PythonPeer("follow", "ws://127.0.0.1:\(await relay.port)/gun", "s")
        #expect(try await peer.line() == "ready")
        #expect(try await peer.json() == ["key": "n", "value": 1])
        try await client.put(["n": 2], at: "s")
        #expect(try await peer.json() == ["key": "n", "value": 2])
        try await peer.end()
        await client.close()
        await relay.shutdown()
    }

    @Test("It opens an account that ours has made")
    func theirAccount() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let client = try await Loopback.client(relay.port)
        let account = try await client.createAccount(alias: "carol", passphrase: "correct hörse")
        let url = "ws://127.0.0.1:\(await relay.port)/gun"
        let opened = try await PythonPeer("open", url, "carol", "correct hörse").json()
        #expect(opened == ["pub": .string(account.pair.pub.text), "epub": .string(account.pair.epub)])
        await client.close()
        await relay.shutdown()
    }
}
