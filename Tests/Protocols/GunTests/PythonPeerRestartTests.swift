// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingGun
import Foundation
import Testing

/// Nothing in here waits for a while and then looks: each wait ends with an event, or with the limit of the suite.
@Suite("Against a GUN peer in Python that goes and comes", .serialized, .timeLimit(.minutes(5)))
struct PythonPeerRestartTests {
    /// A client that waits as long as a slow machine may need to start a peer again.
    private static func client(_ port: Int) async throws -> GunClient {
        try await Loopback.client(port) {
            $0.connectionTimeout = .seconds(60)
            $0.timing.acknowledgement = 60_000
            $0.timing.answer = 60_000
        }
    }

    /// What a peer that follows a node prints of its key `n`.
    private static func told(_ value: JSON) -> JSON { ["key": "n", "value": value] }

    @Test("Its relay is killed and started again: our client goes on, and what it wrote meanwhile arrives")
    func theirRelay() async throws {
        let first = try PythonPeer("relay")
        let port = try await first.port()
        let writer = try await Self.client(port)
        let reader = try await Self.client(port)
        let changes = reader.changes(of: "s")
        try await writer.put(["n": 1], at: "s")
        #expect(await changes.first(with: 1) != nil)
        try await first.kill()
        async let receipt = writer.put(["n": 2], at: "s")
        let second = try PythonPeer("relay", "\(port)")
        #expect(try await second.port() == port)
        let stored = try await receipt
        #expect(stored == .acknowledged)
        // The new relay knows nothing but what was written while there was none.
        #expect(await changes.first(with: 2)?.key == "n")
        let stranger = try await Self.client(port)
        #expect(try await stranger.get("s", "n") == 2)
        try await writer.put(["n": 3], at: "s")
        #expect(await changes.first(with: 3) != nil)
        for client in [writer, reader, stranger] { await client.close() }
        try await second.end()
    }

    @Test("Its relay dies of a write before it answers: the write is made again at the next one")
    func pendingWrite() async throws {
        let first = try PythonPeer("mortal")
        let port = try await first.port()
        let client = try await Self.client(port)
        let mine = client.signed(by: GunKeyPair())
        try await mine.put(["n": 1], at: "c")
        async let receipt = mine.put(["last": 1], at: "c")
        #expect(try await first.untilItEnds() == SIGKILL)
        let second = try PythonPeer("relay", "\(port)")
        #expect(try await second.port() == port)
        let stored = try await receipt
        #expect(stored == .acknowledged)
        let stranger = try await Self.client(port)
        #expect(try await stranger.get(mine.soul("c"), "last") == 1)
        await client.close()
        await stranger.close()
        try await second.end()
    }

    @Test("Our relay is stopped and started again: its client finds what was stored, and hears what is written then")
    func ourRelay() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let first = try await place.relay()
        let port = await first.port
        let url = "ws://127.0.0.1:\(port)/gun"
        let client = try await Self.client(port)
        try await client.put(["n": 1], at: "s")
        let peer = try PythonPeer("hold", url, "s")
        #expect(try await peer.line() == "ready")
        #expect(try await peer.json() == Self.told(1))
        #expect(try await PythonPeer("write", url, "theirs", "x", "15").json()["ok"] == true)
        await first.shutdown()
        let second = try await place.relay(port: port)
        #expect(try await peer.line() == "ready")
        #expect(try await peer.json() == Self.told(1))
        #expect(try await PythonPeer("read", url, "theirs", "x").json() == 15)
        try await client.put(["n": 2], at: "s")
        #expect(try await peer.json() == Self.told(2))
        try await peer.end()
        await client.close()
        await second.shutdown()
    }

    @Test("The connection to its relay is cut: our client goes on, and hears what was written meanwhile")
    func cutFromTheirRelay() async throws {
        let relay = try PythonPeer("relay")
        let port = try await relay.port()
        let wire = try PythonPeer("wire", "\(port)")
        let direct = try await Self.client(port)
        let client = try await Self.client(try await wire.port())
        let changes = client.changes(of: "s")
        try await direct.put(["n": 1], at: "s")
        #expect(await changes.first(with: 1) != nil)
        #expect(try await wire.cut() == 1)
        try await direct.put(["n": 2], at: "s")
        #expect(await changes.first(with: 2) != nil)
        try await client.put(["n": 3], at: "s")
        #expect(try await direct.get("s", "n") == 3)
        await client.close()
        await direct.close()
        try await wire.end()
        try await relay.end()
    }

    @Test("The connection to our relay is cut: its client finds what was stored, and hears what is written then")
    func cutFromOurRelay() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let port = await relay.port
        let client = try await Self.client(port)
        try await client.put(["n": 1], at: "s")
        let wire = try PythonPeer("wire", "\(port)")
        let url = "ws://127.0.0.1:\(try await wire.port())/gun"
        let peer = try PythonPeer("hold", url, "s")
        #expect(try await peer.line() == "ready")
        #expect(try await peer.json() == Self.told(1))
        try await client.put(["n": 2], at: "s")
        #expect(try await peer.json() == Self.told(2))
        #expect(try await wire.cut() == 1)
        #expect(try await peer.line() == "ready")
        #expect(try await peer.json() == Self.told(2))
        try await client.put(["n": 3], at: "s")
        #expect(try await peer.json() == Self.told(3))
        try await peer.end()
        try await wire.end()
        await client.close()
        await relay.shutdown()
    }
}
