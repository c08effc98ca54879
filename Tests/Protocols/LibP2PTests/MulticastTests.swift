// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import NIOCore
import NIOPosix
import Testing

@testable import FarthingLibP2P

@Suite("Multicast discovery", .timeLimit(.minutes(1)))
struct MulticastTests {
    private func answer(loopback: Bool = false, _ texts: [String], ttl: UInt32 = 120) throws -> [DiscoveredPeer] {
        var message = DNSMessage()
        message.isResponse = true
        message.records = [
            .init(name: .init("abc._p2p._udp.local"), ttl: ttl, data: .text(texts.map { Array($0.utf8) }))
        ]
        let source = try #require(IPAddress(version4: "10.0.0.9"))
        return MulticastDiscovery.peers(in: try DNSMessage(bytes: message.bytes), from: source, loopback: loopback)
    }

    @Test("Questions and answers are written as DNS has them, and read")
    func messages() throws {
        let query = MulticastDiscovery.query()
        #expect(
            query.bytes == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4] + Array("_p2p".utf8) + [4] + Array("_udp".utf8) + [5]
                + Array("local".utf8) + [0, 0, 12, 0, 1])
        #expect(MulticastDiscovery.isQuery(try DNSMessage(bytes: query.bytes)))
        let peer = try Samples.identity().peerID
        let addresses = [try Multiaddr(text: "/ip4/10.0.0.1/tcp/4001"), try Multiaddr(text: "/ip6/fd00::1/tcp/4001")]
        let message = MulticastDiscovery.answer("somename", peer: peer, addresses: addresses)
        let read = try DNSMessage(bytes: message.bytes)
        #expect(read == message)
        #expect(!MulticastDiscovery.isQuery(read))
        #expect(
            MulticastDiscovery.peers(in: read, from: nil, loopback: false)
                == [DiscoveredPeer(peer: peer, addresses: addresses, isSigned: false)])
    }

    @Test("Answers in all forms are understood, and useless addresses left out")
    func forms() throws {
        let peer = try Samples.identity().peerID
        func addresses(_ texts: String..., loopback: Bool = false) throws -> [String] {
            try answer(loopback: loopback, texts).flatMap(\.addresses).map(\.description)
        }
        #expect(
            try addresses("dnsaddr=/ip4/10.0.0.1/tcp/1/p2p/\(peer)", "dnsaddr2=/ip4/10.0.0.2/tcp/2/p2p/\(peer)")
                == ["/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/2"])
        #expect(try addresses("dnsaddr=/ip4/0.0.0.0/tcp/1/p2p/\(peer)") == ["/ip4/10.0.0.9/tcp/1"])
        #expect(try addresses("dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/\(peer)").isEmpty)
        #expect(try addresses("dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/\(peer)", loopback: true) == ["/ip4/127.0.0.1/tcp/1"])
        #expect(
            try addresses("dnsaddr=/ip4/10.0.0.1/tcp/1", "other=/ip4/10.0.0.1/tcp/1/p2p/\(peer)", "dnsaddr").isEmpty)
        #expect(try addresses("dnsaddr=/ip4/10.0.0.1/udp/1/quic-v1/p2p/\(peer)", "dnsaddrx=1", "").isEmpty)
        #expect(try answer(["dnsaddr=/ip4/10.0.0.1/tcp/1/p2p/\(peer)"], ttl: 0).isEmpty)
    }

    @Test("Names that are compressed are followed, and loops are refused")
    func compression() throws {
        let head: [UInt8] = [0, 0, 0x84, 0, 0, 0, 0, 2, 0, 0, 0, 0]
        let name: [UInt8] = [4] + Array("_p2p".utf8) + [4] + Array("_udp".utf8) + [5] + Array("local".utf8) + [0]
        let first = name + [0, 12, 0, 1, 0, 0, 0, 9, 0, 4, 1, 0x61, 0xc0, 12]
        let second: [UInt8] = [0xc0, 39, 0, 16, 0x80, 1, 0, 0, 0, 9, 0, 2, 1, 0x78]
        let message = try DNSMessage(bytes: head + first + second)
        let full = DNSMessage.Name("a._P2P._udp.local")
        #expect(
            message.records == [
                .init(name: .init("_p2p._udp.local"), ttl: 9, data: .pointer(full)),
                .init(name: full, ttl: 9, data: .text([[0x78]])),
            ])
        let one: [UInt8] = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        #expect(throws: DNSMessage.Fault.badName) { try DNSMessage(bytes: one + [0xc0, 12, 0, 12, 0, 1]) }
        #expect(throws: DNSMessage.Fault.badName) { try DNSMessage(bytes: one + [1, 0x61, 0xc0, 12, 0, 12, 0, 1]) }
        #expect(throws: DNSMessage.Fault.badName) { try DNSMessage(bytes: one + [0x80, 0, 12, 0, 1]) }
        #expect(throws: DNSMessage.Fault.truncated) { try DNSMessage(bytes: one + [0xc0]) }
        #expect(throws: DNSMessage.Fault.truncated) { try DNSMessage(bytes: Array(one.prefix(11))) }
        let many: [UInt8] = [0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0]
        #expect(throws: DNSMessage.Fault.tooMany) { try DNSMessage(bytes: many) }
        #expect(throws: DNSMessage.Fault.tooLong) { try DNSMessage(bytes: Array(repeating: 0, count: 9001)) }
        let endless = one + Array(repeating: [63] + Array(repeating: 0x61, count: 63), count: 5).joined()
        #expect(throws: DNSMessage.Fault.badName) { try DNSMessage(bytes: endless) }
    }

    /// Not the port of the machine's own service, and not beyond the machine.
    private static var configuration: MulticastDiscovery.Configuration {
        var configuration = MulticastDiscovery.Configuration()
        configuration.port = Int.random(in: 20_000...60_000)
        configuration.interface = IPAddress(version4: "127.0.0.1")
        configuration.includesLoopback = true
        configuration.interval = .milliseconds(200)
        configuration.answerInterval = .zero
        return configuration
    }

    @Test("Two hosts on one machine find each other")
    func hosts() async throws {
        let configuration = Self.configuration
        try await HostPair.run { pair in
            let quiet = try await MulticastDiscovery.start(for: pair.listener, configuration: configuration)
            let seeking = try await MulticastDiscovery.start(for: pair.dialer, configuration: configuration)
            var iterator = seeking.peers.makeAsyncIterator()
            let found = try #require(await iterator.next())
            #expect(found.peer == pair.listener.peerID)
            #expect(found.addresses == [pair.address.withoutPeer])
            #expect(try await pair.dialer.connect(to: found.peer).remotePeer == found.peer)
            await seeking.stop()
            await quiet.stop()
            #expect(await iterator.next() == nil)
        }
    }

    /// Answers of peers that are not there, a few in each packet.
    private func rumours(_ count: Int) throws -> [[UInt8]] {
        let address = try Multiaddr(text: "/ip4/10.0.0.1/tcp/4001")
        let answers = (0..<count).map { _ in
            MulticastDiscovery.answer("x", peer: PeerIdentity().peerID, addresses: [address])
        }
        return stride(from: 0, to: count, by: 10).map { start in
            var packet = DNSMessage()
            packet.isResponse = true
            packet.records = answers[start..<min(start + 10, count)].flatMap { $0.records.suffix(1) }
            return packet.bytes
        }
    }

    @Test("Somebody who makes up a thousand peers does not hide those that are there")
    func madeUpPeers() async throws {
        let configuration = Self.configuration
        try await HostPair.run { pair in
            let seeking = try await MulticastDiscovery.start(for: pair.dialer, configuration: configuration)
            var iterator = seeking.peers.makeAsyncIterator()
            let socket = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0).get()
            let target = try SocketAddress(ipAddress: "127.0.0.1", port: configuration.port)
            for packet in try rumours(1100) {
                let envelope = AddressedEnvelope(remoteAddress: target, data: ByteBuffer(bytes: packet))
                try await socket.writeAndFlush(envelope).get()
                // So none is lost on the way.
                for _ in 0..<10 { _ = await iterator.next() }
            }
            try await socket.close()
            let quiet = try await MulticastDiscovery.start(for: pair.listener, configuration: configuration)
            #expect(await iterator.next()?.peer == pair.listener.peerID)
            await seeking.stop()
            await quiet.stop()
        }
    }

    @Test("A peer is told of once, and again when it moved, or was not heard of for long")
    func memory() throws {
        var memory = RememberedPeers(limit: 8, time: .seconds(60))
        func peer(_ number: UInt8, at port: UInt16 = 1) throws -> DiscoveredPeer {
            let address = try Multiaddr(text: "/ip4/10.0.0.1/tcp/\(port)")
            return DiscoveredPeer(peer: try Samples.identity(number).peerID, addresses: [address], isSigned: false)
        }
        let start = NIODeadline.now()
        #expect(memory.isNews(try peer(1), at: start))
        #expect(!memory.isNews(try peer(1), at: start))
        #expect(memory.isNews(try peer(1, at: 2), at: start))
        // Who is heard of is remembered, however long it lasts.
        for minute in 1...5 as ClosedRange<Int64> {
            #expect(!memory.isNews(try peer(1, at: 2), at: start + .minutes(minute)))
        }
        #expect(memory.isNews(try peer(1, at: 2), at: start + .minutes(8)))
        for number in 10...200 as ClosedRange<UInt8> {
            #expect(memory.isNews(try peer(number), at: start + .minutes(8)))
            #expect(memory.count <= 8)
        }
        #expect(!memory.isNews(try peer(200), at: start + .minutes(8)))
    }

    @Test("Of the addresses that one peer tells only some are believed")
    func manyAddresses() throws {
        let peer = try Samples.identity().peerID
        let texts = (1...40).map { "dnsaddr=/ip4/10.0.0.1/tcp/\($0)/p2p/\(peer)" }
        #expect(try answer(texts).map(\.addresses.count) == [MulticastDiscovery.mostAddresses])
    }

    @Test("No change of a packet makes its reader fail otherwise")
    func mutations() throws {
        var generator = SeededGenerator(seed: 18)
        let peer = try Samples.identity().peerID
        let packet = MulticastDiscovery.answer(
            "abc", peer: peer, addresses: [try Multiaddr(text: "/ip4/10.0.0.1/tcp/1")])
        for _ in 0..<10_000 {
            guard let message = try? DNSMessage(bytes: Samples.mutate(packet.bytes, &generator)) else { continue }
            #expect(MulticastDiscovery.peers(in: message, from: nil, loopback: false).count <= 1)
        }
    }
}
