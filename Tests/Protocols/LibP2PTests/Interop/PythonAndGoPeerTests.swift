// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Crypto
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingLibP2P

/// Hosts of py-libp2p and go-libp2p, dialled and dialling; `Tests/Interop/libp2p/README.md` has the services.
@Suite("Other libp2p implementations", .serialized, .timeLimit(.minutes(3)))
struct PythonAndGoPeerTests {
    private static let echo = "/farthing/echo/1.0.0"
    private static let sum = "/farthing/sum/1.0.0"
    private static let source = "/farthing/source/1.0.0"
    private static let reset = "/farthing/reset/1.0.0"
    private static let long = 700_000

    private static func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) } }

    private static func digest(_ bytes: [UInt8]) -> String {
        "\(bytes.count) \(Hex.digits(Array(SHA256.hash(data: bytes))))\n"
    }

    private func identity(_ key: String) throws -> PeerIdentity {
        key == "secp256k1" ? PeerIdentity(secp256k1: PrivateKey.random()) : PeerIdentity()
    }

    private static func ask(_ host: PeerHost, _ address: Multiaddr, echo body: [UInt8]) async throws -> Bool {
        try await host.withStream(echo, to: address) { stream in
            let count = UInt32(body.count)
            let head = (0..<4).map { UInt8(truncatingIfNeeded: count >> UInt32(24 - 8 * $0)) }
            async let written: Void = stream.write(head + body)
            let got = try await stream.read(exactly: 4 + body.count)
            try await written
            return got == head + body
        }
    }

    @Test(
        "We dial, and every service of the peer works", arguments: PeerProcess.Kind.allCases,
        [
            "ed25519", "secp256k1", "rsa", "ecdsa",
        ])
    func dialling(kind: PeerProcess.Kind, key: String) async throws {
        // py-libp2p cannot read ECDSA keys, not even its own.
        if kind == .py, key == "ecdsa" { return }
        let peer = try PeerProcess(kind, ["serve", key])
        let address = try Multiaddr(text: try Samples.text(try await peer.answer()["listening"]))
        try await PeerHost.withHost(identity: try identity(key)) { host in
            let connection = try await host.connect(to: address)
            #expect(connection.remotePeer == address.peer)
            let expected: [String: PeerPublicKey.Kind] = [
                "ed25519": .ed25519, "secp256k1": .secp256k1, "rsa": .rsa, "ecdsa": .ecdsa,
            ]
            #expect(connection.remoteKey.kind == expected[key])

            let message = try await host.identify(connection)
            #expect(message.publicKey == connection.remoteKey.message)
            #expect(message.protocols.contains(Self.echo))
            #expect(message.listenAddresses.map(\.withoutPeer).contains(address.withoutPeer))
            #expect(message.observedAddress?.tcpEndpoint == connection.localAddress?.tcpEndpoint)
            if let record = message.signedPeerRecord {
                #expect(try PeerRecord(envelope: record).peer == connection.remotePeer)
            } else {
                Issue.record("no signed peer record")
            }
            for _ in 0..<3 { #expect(try await host.ping(connection) < .seconds(5)) }

            #expect(try await Self.ask(host, address, echo: Array("hello".utf8)))
            #expect(try await Self.ask(host, address, echo: Self.pattern(Self.long)))
            let sum = try await connection.open(Self.sum)
            try await sum.write(Self.pattern(Self.long))
            sum.closeWrite()
            #expect(try await sum.readToEnd(limit: 200) == Array(Self.digest(Self.pattern(Self.long)).utf8))
            let source = try await connection.open(Self.source)
            #expect(try await source.readToEnd(limit: Self.long) == Self.pattern(Self.long))

            await #expect(throws: P2PError.streamReset) {
                let stream = try await connection.open(Self.reset)
                try await stream.write([1])
                _ = try await stream.readToEnd(limit: 10)
            }
            let dropped = try await connection.open(Self.sum)
            try await dropped.write([1])
            dropped.reset()
            await #expect(throws: P2PError.multistream(.noneInCommon)) { try await connection.open("/farthing/none") }

            let answered = try await withThrowingTaskGroup { group in
                for index in 0..<64 {
                    let body = Array(String(repeating: "stream \(index)", count: 1000).utf8)
                    group.addTask { try await Self.ask(host, address, echo: body) }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(answered == 64)
            #expect(connection.isOpen)
        }
    }

    @Test(
        "We are dialled, and the peer finds all services working", arguments: PeerProcess.Kind.allCases,
        [
            "ed25519", "secp256k1",
        ])
    func listening(kind: PeerProcess.Kind, key: String) async throws {
        try await PeerHost.withHost(
            on: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")], identity: try identity(key)
        ) { host in
            try Self.serve(host)
            let address = try #require(host.addresses.first)
            let peer = try PeerProcess(kind, ["dial", key, "\(address)"])
            let result = try await peer.answer()
            #expect(result["short"]?.boolValue == true)
            #expect(result["long"]?.boolValue == true)
            #expect(result["source"]?.boolValue == true)
            #expect(result["many"]?.integerValue == 64)
            #expect(try #require(result["ping"]?.arrayValue).count == 2, "\(result)")
            let reset = try Samples.text(result["reset"])
            // py-libp2p tells its reader of a reset as of an end; nothing may have been read, in any case.
            #expect(kind == .py ? reset == "read 0" : reset.contains("stream reset"), "\(result)")
            if kind == .py {
                #expect(try Samples.text(result["sum"]) == Self.digest(Self.pattern(Self.long)))
                let protocols = try #require(result["protocols"]?.arrayValue).compactMap(\.stringValue)
                #expect(protocols.contains(Self.echo))
            }
        }
    }

    @Test("A rendezvous point of the older draft takes us and tells of us")
    func olderRendezvousPoint() async throws {
        let peer = try PeerProcess(.py, ["serve", "ed25519"])
        let address = try Multiaddr(text: try Samples.text(try await peer.answer()["listening"]))
        try await PeerHost.withHost(on: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")]) { host in
            let point = try await host.connect(to: address)
            #expect(try await host.register(in: "farthing", at: point, for: .seconds(600)) == .seconds(600))
            let found = try await host.discover(in: "farthing", at: point).peers
            #expect(found.map(\.peer) == [host.peerID])
            #expect(found.first?.addresses == host.announcedAddresses)
            try await host.unregister(from: "farthing", at: point)
            #expect(try await host.discover(in: "farthing", at: point).peers.isEmpty)
        }
    }

    @Test("We are a rendezvous point for a peer of the older draft")
    func rendezvousPoint() async throws {
        try await PeerHost.withHost(on: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")]) { host in
            try host.serveRendezvous()
            try await PeerHost.withHost(on: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")]) { other in
                let address = try #require(host.addresses.first)
                try await other.register(in: "farthing", at: try await other.connect(to: address))
                let peer = try PeerProcess(.py, ["rendezvous", "ed25519", "\(address)", "farthing"])
                let result = try await peer.answer()
                let found = try Samples.list(result["found"])
                let ids = Set(found.compactMap { $0["peer"]?.stringValue })
                #expect(ids == [other.peerID.base58, try Samples.text(result["peer"])])
                let told = try #require(found.first { $0["peer"]?.stringValue == other.peerID.base58 })
                let addresses = try Samples.list(told["addresses"]).compactMap(\.stringValue)
                #expect(addresses == other.announcedAddresses.map(\.description))
            }
        }
    }

    private static func serve(_ host: PeerHost) throws {
        try host.handle(echo) { stream in
            let head = try await stream.read(exactly: 4)
            let count = head.reduce(0) { $0 << 8 | Int($1) }
            guard count <= 1 << 20 else { throw P2PError.tooLong(length: UInt64(count), limit: 1 << 20) }
            try await stream.write(head + (try await stream.read(exactly: count)))
        }
        try host.handle(sum) { stream in
            try await stream.write(digest(try await stream.readToEnd(limit: 1 << 20)))
        }
        try host.handle(source) { stream in try await stream.write(pattern(long)) }
        try host.handle(reset) { stream in
            _ = try await stream.read()
            stream.reset()
        }
    }
}
