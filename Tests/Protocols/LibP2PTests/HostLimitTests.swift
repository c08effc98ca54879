// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Synchronization
import Testing

@testable import FarthingLibP2P

@Suite("The limits of a host", .timeLimit(.minutes(5)))
struct HostLimitTests {
    @Test("Connections beyond the number in all are closed")
    func connections() async throws {
        try await HostPair.run(.changed { $0.connections = 2 }) { pair in
            var hosts: [PeerHost] = []
            for index in 0..<2 {
                let host = try await PeerHost.listen(identity: try Samples.identity(UInt8(10 + index)))
                let connection = try await host.connect(to: pair.address)
                _ = try await host.ping(connection)
                hosts.append(host)
            }
            await #expect(throws: P2PError.self) {
                _ = try await pair.dialer.ping(try await pair.dialer.connect(to: pair.address))
            }
            _ = try await hosts[0].ping(try #require(hosts[0].connections.first))
            for host in hosts { await host.shutdown(grace: .zero) }
        }
    }

    @Test("Connections with one peer beyond their number are closed")
    func connectionsPerPeer() async throws {
        try await HostPair.run(.changed { $0.connectionsPerPeer = 2 }) { pair in
            let first = try await pair.dialer.dial(pair.address)
            _ = try await pair.dialer.dial(pair.address)
            await #expect(throws: P2PError.tooManyConnectionsToPeer(limit: 2)) {
                try await pair.dialer.dial(pair.address)
            }
            _ = try await pair.dialer.ping(first)
        }
    }

    @Test("Connections from one address beyond their number are closed, whatever the peers call themselves")
    func connectionsPerAddress() async throws {
        try await HostPair.run(.changed { $0.connectionsPerAddress = 2 }) { pair in
            var hosts: [PeerHost] = []
            for index in 0..<3 {
                hosts.append(try await PeerHost.listen(identity: try Samples.identity(UInt8(10 + index))))
            }
            for host in hosts.prefix(2) { _ = try await host.ping(try await host.connect(to: pair.address)) }
            await #expect(throws: P2PError.self) {
                _ = try await hosts[2].ping(try await hosts[2].connect(to: pair.address))
            }
            // Those that are there go on, and one that leaves makes room.
            _ = try await hosts[1].ping(try #require(hosts[1].connections.first))
            await hosts[0].shutdown(grace: .zero)
            // Its place is given back a moment after the connection has gone.
            let end = ContinuousClock.now + .seconds(60)
            while (try? await hosts[2].ping(try await hosts[2].connect(to: pair.address))) == nil {
                try #require(ContinuousClock.now < end)
                try await Task.sleep(for: .milliseconds(10))
            }
            for host in hosts { await host.shutdown(grace: .zero) }
        }
    }

    @Test("Streams of all peers at one address beyond their number are reset")
    func streamsPerAddress() async throws {
        try await HostPair.run(.changed { $0.streamsPerAddress = 3 }) { pair in
            let go = Signal()
            defer { go.fire() }
            try pair.listener.handle("/wait/1.0.0") { _ in await go.wait() }
            var hosts: [PeerHost] = []
            var streams: [PeerStream] = []
            for index in 0..<3 {
                let host = try await PeerHost.listen(
                    identity: try Samples.identity(UInt8(10 + index)),
                    configuration: .changed { $0.identifiesPeers = false })
                hosts.append(host)
                streams.append(try await host.open("/wait/1.0.0", to: pair.address))
            }
            await #expect(throws: P2PError.streamReset) {
                _ = try await hosts[0].open("/wait/1.0.0", to: pair.address).read()
            }
            go.fire()
            for stream in streams { #expect(try await stream.read() == nil) }
            for host in hosts { await host.shutdown(grace: .zero) }
        }
    }

    @Test("An address of version 4 counts alone, and one of version 6 with its whole network")
    func places() throws {
        func place(_ text: String) throws -> AddressUses.Place? { AddressUses.Place(try Multiaddr(text: text)) }
        #expect(try place("/ip4/10.0.0.1/tcp/1") == place("/ip4/10.0.0.1/tcp/2"))
        #expect(try place("/ip4/10.0.0.1/tcp/1") != place("/ip4/10.0.0.2/tcp/1"))
        #expect(try place("/ip4/10.0.0.1/tcp/1") == place("/ip6/::ffff:10.0.0.1/tcp/1"))
        #expect(try place("/ip6/2001:db8:1:2::1/tcp/1") == place("/ip6/2001:db8:1:2:3:4:5:6/tcp/1"))
        #expect(try place("/ip6/2001:db8:1:2::1/tcp/1") != place("/ip6/2001:db8:1:3::1/tcp/1"))
        #expect(try place("/dns/example.com/tcp/1") == nil)
    }

    @Test("Streams of one protocol beyond their number are reset, others are not")
    func streamsPerProtocol() async throws {
        try await HostPair.run { pair in
            let go = Signal()
            let begun = Mutex(0)
            defer { go.fire() }
            try pair.listener.handle("/wait/1.0.0", limit: 3) { _ in
                begun.withLock { $0 += 1 }
                await go.wait()
            }
            var streams: [PeerStream] = []
            for _ in 0..<3 { streams.append(try await pair.dialer.open("/wait/1.0.0", to: pair.address)) }
            while begun.withLock({ $0 < 3 }) { try await Task.sleep(for: .milliseconds(1)) }
            await #expect(throws: P2PError.streamReset) {
                _ = try await pair.dialer.open("/wait/1.0.0", to: pair.address).read()
            }
            _ = try await pair.dialer.ping(streams[0].connection)
            go.fire()
            #expect(try await streams[0].read() == nil)
        }
    }

    @Test("Two thousand streams come and go, and none is left")
    func manyInTurn() async throws {
        try await HostPair.run { pair in
            try pair.serveEcho()
            let connection = try await pair.dialer.connect(to: pair.address)
            for _ in 0..<20 {
                try await withThrowingTaskGroup { group in
                    for _ in 0..<100 {
                        group.addTask {
                            let stream = try await connection.open("/echo/1.0.0")
                            try await stream.write([9])
                            stream.closeWrite()
                            let got = try await stream.readToEnd(limit: 1)
                            #expect(got == [9])
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(connection.unreadBytes == 0)
        }
    }

    @Test("Of a thousand streams at once those beyond the limit are refused, the rest lives")
    func tooManyAtOnce() async throws {
        try await HostPair.run(.changed { $0.streams.inboundStreams = 50 }) { pair in
            try pair.serveEcho()
            let connection = try await pair.dialer.connect(to: pair.address)
            let results = await withTaskGroup { group in
                for _ in 0..<1000 {
                    group.addTask { () -> PeerStream? in try? await connection.open("/echo/1.0.0") }
                }
                return await group.reduce(into: [PeerStream]()) { if let stream = $1 { $0.append(stream) } }
            }
            #expect((1...50).contains(results.count))
            for stream in results {
                try await stream.write([4])
                #expect(try await stream.read() == [4])
            }
        }
    }

    @Test("A stream that would keep too much unread is reset, others go on")
    func unread() async throws {
        try await HostPair.run(.changed { $0.unreadBytes = 300_000 }) { pair in
            try pair.serveEcho()
            let go = Signal()
            defer { go.fire() }
            try pair.listener.handle("/wait/1.0.0") { _ in await go.wait() }
            let first = try await pair.dialer.open("/wait/1.0.0", to: pair.address)
            let second = try await pair.dialer.open("/wait/1.0.0", to: pair.address)
            try await first.write(Array(repeating: 0, count: 262_144))
            // The reset may come before all is written.
            try? await second.write(Array(repeating: 0, count: 200_000))
            await #expect(throws: P2PError.streamReset) { try await second.read() }
            let echo = try await pair.dialer.open("/echo/1.0.0", to: pair.address)
            try await echo.write([1])
            #expect(try await echo.read() == [1])
            go.fire()
        }
    }

    @Test("What waits unread on all connections has a limit too")
    func unreadInAll() async throws {
        try await HostPair.run(.changed { $0.unreadBytesInAll = 600_000 }) { pair in
            let go = Signal()
            defer { go.fire() }
            try pair.listener.handle("/wait/1.0.0") { _ in await go.wait() }
            let first = try await pair.dialer.open("/wait/1.0.0", to: pair.address)
            try await first.write(Array(repeating: 0, count: 262_144))
            // All but what the window lacks for the name of the protocol.
            while pair.listener.unread.used < 262_000 { try await Task.sleep(for: .milliseconds(1)) }
            let second = try await pair.dialer.dial(pair.address).open("/wait/1.0.0")
            // The reset may come before all is written.
            try? await second.write(Array(repeating: 0, count: 200_000))
            await #expect(throws: P2PError.streamReset) { try await second.read() }
            _ = try await pair.dialer.ping(second.connection)
            go.fire()
            #expect(try await first.read() == nil)
            while pair.listener.unread.used > 0 { _ = try await pair.dialer.ping(second.connection) }
        }
    }

    @Test("Frames of one byte are kept together, so that what they take is what counts")
    func tinyFrames() async throws {
        try await HostPair.run(.changed { $0.streams.frameBody = 1 }) { pair in
            let go = Signal()
            defer { go.fire() }
            try pair.listener.handle("/pieces/1.0.0") { stream in
                await go.wait()
                var pieces = 0
                for try await _ in stream { pieces += 1 }
                try await stream.write("\(pieces)")
            }
            let stream = try await pair.dialer.open("/pieces/1.0.0", to: pair.address)
            let count = 40_000
            try await stream.write(Samples.random(count))
            stream.closeWrite()
            // All of it lies there before any is read.
            while pair.listener.unread.used < count { try await Task.sleep(for: .milliseconds(5)) }
            go.fire()
            let pieces = Int(String(decoding: try await stream.readToEnd(limit: 10), as: UTF8.self))
            #expect(try #require(pieces) <= count / 2048 + 1)
        }
    }

    /// A stream to a service, which on a busy machine may be reset before it is there.
    private static func opened(_ name: String, in pair: HostPair) async throws -> PeerStream {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if let stream = try? await pair.dialer.open(name, to: pair.address) { return stream }
        }
        return try await pair.dialer.open(name, to: pair.address)
    }

    @Test(
        "A stream to a service of the host is reset when the peer says nothing on it, or reads no answer",
        arguments: ["/ipfs/ping/1.0.0", "/ipfs/id/push/1.0.0", "/rendezvous/1.0.0"])
    func servicePatience(name: String) async throws {
        try await HostPair.run(.changed { $0.serviceTimeout = .milliseconds(500) }) { pair in
            try pair.listener.serveRendezvous()
            let silent = try await Self.opened(name, in: pair)
            await #expect(throws: P2PError.streamReset) { while try await silent.read() != nil {} }
            if name == "/ipfs/ping/1.0.0" {
                // Its answers fill the windows of both sides, and then it waits.
                let deaf = try await Self.opened(name, in: pair)
                await #expect(throws: P2PError.streamReset) {
                    while true { try await deaf.write([UInt8](repeating: 1, count: 65_536)) }
                }
            }
            // On a busy machine even a good peer may be too slow for a limit that short.
            while (try? await pair.dialer.ping(silent.connection)) == nil {}
            #expect(silent.connection.isOpen)
        }
    }

    @Test("A stream whose protocol is never named is given up")
    func silentNegotiation() async throws {
        try await HostPair.run(.changed { $0.negotiationTimeout = .milliseconds(500) }) { pair in
            try pair.listener.handle("/x") { _ in }
            // A listener that waits for a name that does not come resets the stream.
            let connection = try await pair.dialer.connect(to: pair.address)
            let raw = try await connection.openRaw()
            await #expect(throws: P2PError.streamReset) { while try await raw.read() != nil {} }
            // On a busy machine even a good peer may be too slow for a limit that short.
            while (try? await pair.dialer.ping(connection)) == nil {}
            #expect(connection.isOpen)
        }
    }

    @Test("A silent peer is asked for a sign of life, and answers")
    func keepAlive() async throws {
        try await HostPair.run(
            .changed {
                $0.keepAliveInterval = .milliseconds(20)
                // Both sides must have had their turn by then, on a busy machine too.
                $0.keepAliveTimeout = .seconds(60)
            }
        ) { pair in
            try pair.listener.handle("/wait") { stream in
                try await Task.sleep(for: .milliseconds(150))
                try await stream.write([1])
            }
            let stream = try await pair.dialer.open("/wait", to: pair.address)
            #expect(try await stream.read() == [1])
        }
    }

    @Test("A stream that the peer keeps half open is let go after a while")
    func linger() async throws {
        try await HostPair.run(
            .changed {
                $0.linger = .milliseconds(10)
                $0.keepAliveInterval = .milliseconds(100)
            }
        ) { pair in
            try pair.listener.handle("/bye") { stream in try await stream.write([1]) }
            // Not closed by this side, whose writing fails as soon as the other lets go.
            await #expect(throws: P2PError.streamReset) {
                let stream = try await pair.dialer.open("/bye", to: pair.address)
                while true { try await stream.write(Array(repeating: 0, count: 65_536)) }
            }
        }
    }
}
