// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
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

    @Test("Two hosts on one machine find each other")
    func hosts() async throws {
        var configuration = MulticastDiscovery.Configuration()
        // Not the port of the machine's own service, and not beyond the machine.
        configuration.port = Int.random(in: 20_000...60_000)
        configuration.interface = IPAddress(version4: "127.0.0.1")
        configuration.includesLoopback = true
        configuration.interval = .milliseconds(200)
        configuration.answerInterval = .zero
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
