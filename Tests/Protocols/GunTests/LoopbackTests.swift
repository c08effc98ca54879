// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingGun
import Foundation
import Testing

@Suite("Clients and relays on loopback", .timeLimit(.minutes(1)))
struct LoopbackTests {
    @Test("What one writes another reads, at once and as it changes")
    func writeAndRead() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay()
        let writer = try await Loopback.client(relay.port)
        let reader = try await Loopback.client(relay.port)
        let changes = reader.changes(of: "channels/c1")
        #expect(try await writer.put(["nonce": 1, "state": ["balance": "970"]], at: "channels/c1") == .acknowledged)
        #expect(await changes.first(with: 1)?.key == "nonce")
        #expect(try await reader.get("channels/c1", "nonce") == 1)
        #expect(try await reader.get("channels/c1", "state") == .link("channels/c1/state"))
        #expect(try await reader.get("channels/c1/state")?["balance"] == "970")
        #expect(try await reader.get("nowhere") == nil)
        try await writer.put(["nonce": 2], at: "channels/c1")
        #expect(await changes.first(with: 2) != nil)
        try await writer.put(["nonce": nil], at: "channels/c1")
        #expect(await changes.first(with: nil)?.key == "nonce")
        await writer.close()
        await reader.close()
        await relay.shutdown()
    }

    @Test("What was acknowledged survives a restart, and subscriptions go on after it")
    func restart() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let first = try await place.relay()
        let port = await first.port
        let writer = try await Loopback.client(port)
        let reader = try await Loopback.client(port)
        let changes = reader.changes(of: "s")
        let odd: GunTree = ["é": "\u{0}\u{1F}☃😀", "e\u{301}": -0.5, "zero": 0, "big": 1e300, "link": ["x": true]]
        try await writer.put(odd, at: "s")
        #expect(await changes.first(with: -0.5) != nil)
        await first.shutdown()
        let second = try await place.relay(port: port)
        #expect(await second.node("s")?["é"] == "\u{0}\u{1F}☃😀")
        #expect(await second.node("s")?["e\u{301}"] == -0.5)
        #expect(await second.node("s")?["big"] == 1e300)
        try await writer.put(["after": 1], at: "s")
        #expect(await changes.first(with: 1)?.key == "after")
        await writer.close()
        await reader.close()
        await second.shutdown()
    }

    @Test("A write made while no relay is there is stored once one is")
    func writeWhileAway() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let first = try await place.relay()
        let port = await first.port
        let client = try await Loopback.client(port)
        await first.shutdown()
        async let receipt = client.put(["a": 1], at: "s")
        let second = try await place.relay(port: port)
        #expect(try await receipt == .acknowledged)
        #expect(await second.node("s")?["a"] == 1)
        await client.close()
        await second.shutdown()
    }

    @Test("A file that is not a relay's, or is in the way, is refused")
    func foreignFile() async throws {
        let place = try Loopback()
        defer { place.remove() }
        try Data("not a database, but long enough to be read as one".utf8).write(to: URL(fileURLWithPath: place.file))
        await #expect(throws: GunError.self) { try await place.relay() }
    }

    @Test("In user space what is signed is stored and read, links included, and forgeries are refused")
    func userSpace() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay()
        let client = try await Loopback.client(relay.port)
        let reader = try await Loopback.client(relay.port)
        let pair = GunKeyPair()
        let mine = client.signed(by: pair)
        #expect(try await mine.put(["nonce": 12, "clientBalance": "970"], at: "channels/c1") == .acknowledged)
        let read = try #require(try await reader.get(mine.soul("channels/c1")))
        #expect(read["nonce"] == 12 && read["clientBalance"] == "970")
        #expect(try await reader.get(mine.soul(), "channels") == .link(mine.soul("channels")))
        #expect(try await reader.get(mine.soul("channels"), "c1") == .link(mine.soul("channels/c1")))
        await #expect(throws: GunError.refused(text: "Unverified data.")) {
            try await client.put(["nonce": 13], at: mine.soul("channels/c1"))
        }
        let changes = reader.changes(of: mine.soul("channels/c1"))
        try await mine.put(["nonce": 14], at: "channels/c1")
        #expect(await changes.first(with: 14)?.writer == pair.pub)
        await client.close()
        await reader.close()
        await relay.shutdown()
    }

    @Test("A certificate lets others write where it says")
    func certificates() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay()
        let client = try await Loopback.client(relay.port)
        let owner = GunKeyPair()
        let guest = client.signed(by: GunKeyPair())
        let certificate = try GunCertificate(by: owner, for: [guest.pair.pub], writing: Lex(prefix: "inbox"))
        let inbox = owner.pub.soul.child("inbox")
        #expect(try await guest.put(["hi": "there"], at: inbox, certificate: certificate) == .acknowledged)
        #expect(try await client.get(inbox, "hi") == "there")
        await #expect(throws: GunError.refused(text: "Certificate verification fail.")) {
            try await guest.put(["hi": "there"], at: owner.pub.soul.child("private"), certificate: certificate)
        }
        await client.close()
        await relay.shutdown()
    }

    @Test("An account is found by its alias and opens with its passphrase alone")
    func accounts() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay()
        let client = try await Loopback.client(relay.port)
        let account = try await client.createAccount(alias: "carol", passphrase: "correct horse")
        let opened = try await client.openAccount(alias: "carol", passphrase: "correct horse")
        #expect(opened.secretJSON == account.pair.secretJSON)
        await #expect(throws: GunError.noAccount) {
            try await client.openAccount(alias: "carol", passphrase: "wrong horse")
        }
        await client.close()
        await relay.shutdown()
    }

    @Test("Several relays are read as one, and one that is gone does not matter")
    func severalRelays() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let first = try await place.relay(onDisk: false)
        let second = try await place.relay(onDisk: false)
        let both = try await Loopback.client(first.port, second.port)
        let one = try await Loopback.client(second.port)
        try await one.put(["a": 1], at: "s")
        // Which of the two was there first does not matter.
        let changes = both.changes(of: "s")
        #expect(await changes.first(with: 1) != nil)
        #expect(try await both.get("s", "a") == 1)
        await first.shutdown()
        try await both.put(["a": 2], at: "s")
        #expect(try await one.get("s", "a") == 2)
        await both.close()
        await one.close()
        await second.shutdown()
    }

    @Test("A client that is closed ends what waits for it")
    func closing() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let client = try await Loopback.client(relay.port)
        let changes = client.changes(of: "s")
        async let ended = changes.first { _ in true }
        await client.close()
        #expect(await ended == nil)
        await #expect(throws: GunError.closed) { try await client.put(["a": 1], at: "s") }
        await #expect(throws: GunError.closed) { try await client.get("s") }
        await relay.shutdown()
    }

    @Test("Nobody there is an error, and so is an address that is none")
    func nobody() async throws {
        await #expect(throws: GunError.badAddress("http://x")) { try await GunClient.connect(to: ["http://x"]) }
        await #expect(throws: GunError.notConnected) {
            try await Loopback.client(1) { $0.connectionTimeout = .milliseconds(100) }
        }
    }

    @Test("A task that is cancelled waits no longer")
    func cancellation() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let client = try await Loopback.client(relay.port)
        await relay.shutdown()
        let write = Task { try await client.put(["a": 1], at: "s") }
        write.cancel()
        await #expect(throws: GunError.cancelled) { try await write.value }
        await client.close()
    }

    @Test("A slow reader of changes gets the newest value, and none that was overwritten is kept")
    func coalescing() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let client = try await Loopback.client(relay.port)
        let changes = client.changes(of: "s")
        for number in 1...50 { try await client.put(["n": .value(.number(Double(number)))], at: "s") }
        var seen: [GunValue] = []
        for await change in changes {
            seen.append(change.value)
            if change.value == 50 { break }
        }
        #expect(seen.last == 50 && seen.count <= 2)
        await client.close()
        await relay.shutdown()
    }
}
