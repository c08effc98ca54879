// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore
import Testing

@testable import FarthingGun

@Suite("What a relay keeps for peers that read nothing", .timeLimit(.minutes(5)))
struct StuckPeerTests {
    private static let soul: Soul = "wide"
    private static let text = String(repeating: "x", count: 200_000)

    /// Peers that asked for all that is written at the soul, and read none of it.
    private func stuck(_ count: Int, at relay: GunRelay) async throws -> [RawConnection] {
        var connections: [RawConnection] = []
        for number in 0..<count {
            let connection = try await RawConnection.open(await relay.port)
            connections.append(connection)
            let question = Array("{\"#\":\"g\(number)\",\"get\":{\"#\":\"\(Self.soul)\"}}".utf8)
            let bytes = RawConnection.handshake() + RawConnection.frame(0x81, question)
            try await connection.channel.channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
        }
        return connections
    }

    @Test("All of them together hold no more than the bound, and who reads goes on")
    func together() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let most = 1_500_000
        let relay = try await place.relay(onDisk: false) {
            $0.limits.outboxBytes = 16_000_000
            $0.limits.outboxBytesInAll = most
            $0.bytesPerSecond = 1e9
        }
        let idle = try await stuck(3, at: relay)
        let (writer, reader) = (try await Loopback.client(relay.port), try await Loopback.client(relay.port))
        let changes = reader.changes(of: Self.soul)
        for number in 0..<24 {
            let outcome = try await writer.put(["n": .value(.text(Self.text + "\(number)"))], at: Self.soul)
            #expect(outcome == .acknowledged)
            #expect(relay.waitingToBeSent.used <= most)
        }
        #expect(await changes.first(with: .text(Self.text + "23")) != nil)
        for connection in idle { try await connection.channel.executeThenClose { _, _ in } }
        await writer.close()
        await reader.close()
        await relay.shutdown()
    }

    @Test("Halves of messages take bounded room together, and whoever is gone holds none of it")
    func halves() async throws {
        let place = try Loopback()
        defer { place.remove() }
        // Nobody may hold more than is left for all others: room for two of the halves, and for none besides.
        let most = 2_800_000
        let relay = try await place.relay(onDisk: false) {
            $0.limits.inboxBytesInAll = most
            $0.bytesPerSecond = 1e9
        }
        let half = RawConnection.frame(0x81, [UInt8](repeating: 0x20, count: 900_000)).dropLast()
        let bytes = ByteBuffer(bytes: RawConnection.handshake() + half)
        let writer = try await Loopback.client(relay.port)
        let deadline = ContinuousClock.now + .seconds(60)
        var strangers: [RawConnection] = []
        for number in 1...2 {
            let stranger = try await RawConnection.open(await relay.port)
            strangers.append(stranger)
            try await stranger.channel.channel.writeAndFlush(bytes).get()
            while relay.waitingToBeRead.used < number * half.count, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        #expect(relay.waitingToBeRead.used == 2 * half.count)
        for _ in 0..<6 {
            let late = try await RawConnection.open(await relay.port)
            // It is disconnected while it writes, so that this ends.
            try? await late.channel.executeThenClose { inbound, outbound in
                try await outbound.write(bytes)
                for try await _ in inbound {}
            }
        }
        for round in 0..<20 {
            #expect(try await writer.put(["n": .value(.number(Double(round)))], at: Self.soul) == .acknowledged)
        }
        #expect(relay.waitingToBeRead.used <= most)
        for stranger in strangers { try? await stranger.channel.executeThenClose { _, _ in } }
        let gone = ContinuousClock.now + .seconds(60)
        while relay.waitingToBeRead.used > 0, ContinuousClock.now < gone {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(relay.waitingToBeRead.used == 0, "what was read counts no longer")
        await writer.close()
        await relay.shutdown()
    }

    @Test("Who asks at once for more than may wait, and reads it, gets all of it")
    func slowReader() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) {
            $0.limits.outboxBytes = 1_000_000
            $0.bytesPerSecond = 1e9
        }
        let writer = try await Loopback.client(relay.port)
        try await writer.put(["n": .value(.text(Self.text))], at: Self.soul)
        let connection = try await RawConnection.open(await relay.port)
        var bytes = RawConnection.handshake()
        for number in 0..<40 {
            let question = Array("{\"#\":\"g\(number)\",\"get\":{\"#\":\"\(Self.soul)\"}}".utf8)
            bytes += RawConnection.frame(0x81, question)
        }
        let most = 40 * Self.text.utf8.count
        let asked = ByteBuffer(bytes: bytes)
        let heard = try await connection.channel.executeThenClose { inbound, outbound in
            try await outbound.write(asked)
            // Its line is slow to begin with.
            try await Task.sleep(for: .milliseconds(500))
            var heard = 0
            for try await buffer in inbound {
                heard += buffer.readableBytes
                if heard >= most { break }
            }
            return heard
        }
        #expect(heard >= most)
        await writer.close()
        await relay.shutdown()
    }

    @Test("One that makes no room for a while is disconnected, with less waiting than may")
    func patience() async throws {
        let place = try Loopback()
        defer { place.remove() }
        let relay = try await place.relay(onDisk: false) {
            $0.limits.writing = .seconds(1)
            $0.bytesPerSecond = 1e9
        }
        let idle = try #require(try await stuck(1, at: relay).first)
        let writer = try await Loopback.client(relay.port)
        var most = 0
        for number in 0..<10 {
            try await writer.put(["n": .value(.text(Self.text + "\(number)"))], at: Self.soul)
            most = max(most, relay.waitingToBeSent.used)
        }
        #expect(most > 0)
        let deadline = ContinuousClock.now + .seconds(20)
        var round = 0.0
        while relay.waitingToBeSent.used > 0, ContinuousClock.now < deadline {
            round += 1
            try await writer.put(["n": .value(.number(round))], at: "elsewhere")
        }
        #expect(relay.waitingToBeSent.used == 0)
        let heard = try await idle.channel.executeThenClose { inbound, _ in
            var heard = 0
            do {
                for try await buffer in inbound { heard += buffer.readableBytes }
            } catch {
                // Cut off with something still under way.
            }
            return heard
        }
        #expect(heard < 10 * Self.text.utf8.count)
        await writer.close()
        await relay.shutdown()
    }
}
