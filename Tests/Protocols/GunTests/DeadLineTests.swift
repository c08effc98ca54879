// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingGun
import NIOCore
import Testing

@Suite("Lines that go dead without a word", .timeLimit(.minutes(2)))
struct DeadLineTests {
    @Test("A client leaves a relay of which nothing comes, connects anew, and misses nothing")
    func deadRelay() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false)
        let wire = try await FrailWire.start(to: relay.port)
        let client = try await Loopback.client(wire.port) { $0.silence = .milliseconds(1500) }
        let other = try await Loopback.client(relay.port)
        let changes = client.changes(of: "calls")
        try await client.put(["a": 1], at: "s")
        try await other.put(["call": 1], at: "calls")
        #expect(await changes.first(with: 1) != nil)
        let before = wire.accepted
        wire.forget()
        // Who says nothing itself must notice it too.
        try await other.put(["call": 2], at: "calls")
        #expect(await changes.first(with: 2) != nil)
        #expect(wire.accepted > before)
        wire.forget()
        try await client.put(["a": 2], at: "s")
        #expect(await relay.node("s")?["a"] == 2)
        #expect(wire.accepted > before + 1)
        await client.close()
        await other.close()
        await wire.stop()
        await relay.shutdown()
    }

    @Test(
        "Who is quiet and there is not left, since it answers pings",
        arguments: [(client: 6, relay: 75), (client: 75, relay: 6)])
    func quiet(client seconds: Int, relay others: Int) async throws {
        let place = try Loopback()
        defer { place.remove() }
        // The relay's own heartbeat comes later than this test ends.
        let relay = try await place.relay(onDisk: false) { $0.silence = .seconds(others) }
        let wire = try await FrailWire.start(to: relay.port)
        let client = try await Loopback.client(wire.port) { $0.silence = .seconds(seconds) }
        try await Task.sleep(for: .seconds(14))
        #expect(wire.accepted == 1)
        try await client.put(["a": 1], at: "s")
        #expect(wire.accepted == 1)
        await client.close()
        await wire.stop()
        await relay.shutdown()
    }

    @Test("A relay asks a peer that says nothing twice for a word, and disconnects it then")
    func deadPeer() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) { $0.silence = .milliseconds(600) }
        let begun = ContinuousClock.now
        let heard = try await RawConnection.exchange(await relay.port, [RawConnection.handshake()])
        #expect(ContinuousClock.now - begun >= .milliseconds(600))
        let pings = heard.indices.count { heard[$0...].starts(with: [0x89, 0]) }
        // More where this machine itself stood still for a second.
        #expect(pings >= 2)
        let close = try #require(heard.indices.last { heard[$0...].starts(with: [0x88]) })
        #expect(heard[close...].dropFirst(2).starts(with: [0x03, 0xE9]))
        await relay.shutdown()
    }
}
