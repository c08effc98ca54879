// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingLibP2P

@Suite("Rendezvous", .timeLimit(.minutes(1)))
struct RendezvousTests {
    private typealias Status = RendezvousRegistry.Status
    private let noon = Instant(unixSeconds: 1_000_000)

    @Test("The recorded messages of py-libp2p are read, and written again as they were")
    func recorded() throws {
        let vectors = try Samples.vectors("discovery")
        let register = try RendezvousMessage(bytes: try Samples.bytes(vectors["rdv_register_spec"]?["request_hex"]))
        guard case .register(let signed) = register else { throw WireError.badField }
        #expect(signed.namespace == "micropay")
        #expect(signed.ttl == 7200)
        let peer = try signed.peer()
        #expect(peer.isSigned)
        #expect(peer.addresses == [try Multiaddr(text: "/ip4/127.0.0.1/tcp/4001")])
        #expect(register.bytes == (try Samples.bytes(vectors["rdv_register_spec"]?["request_hex"])))

        let refused = try RendezvousMessage(bytes: try Samples.bytes(vectors["rdv_register_spec"]?["response_hex"]))
        #expect(refused == .registerResponse(status: 200, text: "Peer can only register itself", ttl: 0))

        let old = try RendezvousMessage(bytes: try Samples.bytes(vectors["rdv_register_old"]?["request_hex"]))
        #expect(
            old
                == .register(
                    RendezvousRegistration(namespace: "micropay", form: .peerInfo(peer.peer, peer.addresses), ttl: 7200)
                ))
        #expect(old.bytes == (try Samples.bytes(vectors["rdv_register_old"]?["request_hex"])))
        let granted = try RendezvousMessage(bytes: try Samples.bytes(vectors["rdv_register_old"]?["response_hex"]))
        #expect(granted == .registerResponse(status: 0, text: "OK", ttl: 7200))
        #expect(granted.bytes == (try Samples.bytes(vectors["rdv_register_old"]?["response_hex"])))

        let discover = try RendezvousMessage(bytes: try Samples.bytes(vectors["rdv_discover"]?["request_hex"]))
        #expect(discover == .discover(namespace: "micropay", limit: 10, cookie: []))
        #expect(discover.bytes == (try Samples.bytes(vectors["rdv_discover"]?["request_hex"])))
        let found = try RendezvousMessage(bytes: try Samples.bytes(vectors["rdv_discover"]?["response_hex"]))
        guard case .discoverResponse(let list, _, 0, "OK") = found else { throw WireError.badField }
        #expect(try list.map { try $0.peer().peer } == [peer.peer])
        #expect(found.bytes == (try Samples.bytes(vectors["rdv_discover"]?["response_hex"])))
    }

    private func signed(
        _ identity: PeerIdentity, _ namespace: String = "shop", ttl: UInt64? = 100
    ) throws
        -> RendezvousMessage
    {
        let record = PeerRecord(
            peer: identity.peerID, sequence: 1, addresses: [try Multiaddr(text: "/ip4/10.0.0.1/tcp/1")])
        return .register(
            RendezvousRegistration(namespace: namespace, form: .signedRecord(try record.signed(by: identity)), ttl: ttl)
        )
    }

    private func status(_ message: RendezvousMessage?) -> UInt64? {
        switch message {
        case .registerResponse(let status, _, _): status
        case .discoverResponse(_, _, let status, _): status
        default: nil
        }
    }

    @Test("What is registered is found until it expires, and told anew only once to who has a cookie")
    func registry() throws {
        var registry = RendezvousRegistry()
        let (one, two) = (try Samples.identity(1), try Samples.identity(2))
        #expect(status(registry.receive(try signed(one), from: one.peerID, at: noon)) == Status.ok)
        let all = registry.receive(.discover(namespace: "shop", limit: 0, cookie: []), from: two.peerID, at: noon)
        guard case .discoverResponse(let found, let cookie, 0, _) = all else { throw WireError.badField }
        #expect(try found.map { try $0.peer().peer } == [one.peerID])
        #expect(found.first?.ttl == 100)
        let again = registry.receive(.discover(namespace: "shop", limit: 0, cookie: cookie), from: two.peerID, at: noon)
        guard case .discoverResponse(let none, _, 0, _) = again else { throw WireError.badField }
        #expect(none.isEmpty)
        _ = registry.receive(try signed(two), from: two.peerID, at: noon)
        let fresh = registry.receive(.discover(namespace: "shop", limit: 0, cookie: cookie), from: two.peerID, at: noon)
        guard case .discoverResponse(let newer, _, 0, _) = fresh else { throw WireError.badField }
        #expect(try newer.map { try $0.peer().peer } == [two.peerID])
        #expect(
            status(
                registry.receive(.discover(namespace: "other", limit: 0, cookie: cookie), from: two.peerID, at: noon))
                == Status.badCookie)

        _ = registry.receive(.unregister(namespace: "shop", peer: one.peerID), from: two.peerID, at: noon)
        #expect(registry.count == 2)
        _ = registry.receive(.unregister(namespace: "shop", peer: nil), from: two.peerID, at: noon)
        #expect(registry.count == 1)
        let later = noon.advanced(bySeconds: 100)
        let gone = registry.receive(.discover(namespace: "", limit: 5, cookie: []), from: two.peerID, at: later)
        guard case .discoverResponse([], _, 0, _) = gone else { throw WireError.badField }
        #expect(registry.count == 0)
    }

    @Test("Registrations that do not hold are refused with the number of the rule")
    func refusals() throws {
        var registry = RendezvousRegistry(limits: .init(registrations: 3, registrationsPerPeer: 2))
        let (one, two) = (try Samples.identity(1), try Samples.identity(2))
        let long = String(repeating: "n", count: 256)
        #expect(status(registry.receive(try signed(one, ""), from: one.peerID, at: noon)) == Status.badNamespace)
        #expect(status(registry.receive(try signed(one, long), from: one.peerID, at: noon)) == Status.badNamespace)
        #expect(status(registry.receive(try signed(one, ttl: 0), from: one.peerID, at: noon)) == Status.badTTL)
        #expect(status(registry.receive(try signed(one, ttl: 259_201), from: one.peerID, at: noon)) == Status.badTTL)
        #expect(status(registry.receive(try signed(one), from: two.peerID, at: noon)) == Status.notAuthorized)
        let info = RendezvousRegistration(namespace: "shop", form: .peerInfo(one.peerID, []), ttl: 9)
        #expect(status(registry.receive(.register(info), from: two.peerID, at: noon)) == Status.notAuthorized)
        let forged = RendezvousRegistration(namespace: "shop", form: .signedRecord([1, 2]), ttl: 9)
        #expect(status(registry.receive(.register(forged), from: one.peerID, at: noon)) == Status.badRecord)
        #expect(status(registry.receive(try signed(one, "a"), from: one.peerID, at: noon)) == Status.ok)
        #expect(status(registry.receive(try signed(one, "b"), from: one.peerID, at: noon)) == Status.ok)
        #expect(status(registry.receive(try signed(one, "c"), from: one.peerID, at: noon)) == Status.unavailable)
        #expect(status(registry.receive(try signed(one, "b"), from: one.peerID, at: noon)) == Status.ok)
        #expect(status(registry.receive(try signed(two, "a"), from: two.peerID, at: noon)) == Status.ok)
        let three = try Samples.identity(3)
        #expect(status(registry.receive(try signed(three), from: three.peerID, at: noon)) == Status.unavailable)
        #expect(registry.receive(.registerResponse(status: 0, text: "", ttl: 0), from: two.peerID, at: noon) == nil)
    }

    /// A registration with something in it that nobody reads, and its signature holds all the same.
    private func padded(_ identity: PeerIdentity, _ padding: Int) throws -> RendezvousMessage {
        guard case .register(let plain) = try signed(identity), case .signedRecord(let envelope) = plain.form else {
            throw WireError.badField
        }
        var writer = ProtobufWriter()
        writer.add(15, [UInt8](repeating: 0, count: padding))
        return .register(
            RendezvousRegistration(namespace: "shop", form: .signedRecord(envelope + writer.bytes), ttl: 100))
    }

    @Test("However long registrations are, answers can be read, and page by page all are told")
    func paddedRegistrations() throws {
        var registry = RendezvousRegistry(limits: .init(discovered: 1000))
        let asker = try Samples.identity(1)
        let heavy = try padded(asker, 7800)
        #expect(status(registry.receive(heavy, from: asker.peerID, at: noon)) == Status.badRecord)
        var registered: Set<PeerID> = []
        for _ in 0..<200 {
            let peer = PeerIdentity()
            let answer = registry.receive(try padded(peer, 3700), from: peer.peerID, at: noon)
            #expect(status(answer) == Status.ok)
            registered.insert(peer.peerID)
        }
        var cookie: [UInt8] = []
        var told: Set<PeerID> = []
        var pages = 0
        while told != registered, pages < 10 {
            let question = RendezvousMessage.discover(namespace: "shop", limit: 0, cookie: cookie)
            let answer = registry.receive(question, from: asker.peerID, at: noon)
            #expect(try #require(answer).bytes.count <= RendezvousMessage.longest)
            guard case .discoverResponse(let page, let next, Status.ok, _) = answer, !page.isEmpty else { break }
            for entry in page { told.insert(try entry.peer().peer) }
            cookie = next
            pages += 1
        }
        #expect(told == registered)
    }

    @Test("A peer of the older draft is answered in the older draft")
    func olderDraft() throws {
        var registry = RendezvousRegistry()
        let (one, two) = (try Samples.identity(1), try Samples.identity(2))
        _ = registry.receive(try signed(one), from: one.peerID, at: noon)
        let info = RendezvousRegistration(namespace: "shop", form: .peerInfo(two.peerID, []), ttl: 9)
        _ = registry.receive(.register(info), from: two.peerID, at: noon)
        let found = registry.receive(.discover(namespace: "shop", limit: 0, cookie: []), from: two.peerID, at: noon)
        guard case .discoverResponse(let list, _, 0, _) = found else { throw WireError.badField }
        #expect(list.count == 2)
        for entry in list {
            guard case .peerInfo = entry.form else {
                Issue.record("a signed record")
                continue
            }
        }
    }

    @Test("Three hosts: two find each other by the third")
    func hosts() async throws {
        try await HostPair.run { pair in
            try pair.listener.serveRendezvous()
            let point = try await pair.dialer.connect(to: pair.address)
            pair.dialer.announce([try Multiaddr(text: "/ip4/192.0.2.1/tcp/9")])
            #expect(try await pair.dialer.register(in: "shop", at: point, for: .seconds(300)) == .seconds(300))
            try await PeerHost.withHost { other in
                let connection = try await other.connect(to: pair.address)
                let (peers, cookie) = try await other.discover(in: "shop", at: connection)
                let address = try Multiaddr(text: "/ip4/192.0.2.1/tcp/9")
                #expect(peers == [DiscoveredPeer(peer: pair.dialer.peerID, addresses: [address], isSigned: true)])
                #expect(other.knownAddresses(of: pair.dialer.peerID) == [address])
                #expect(try await other.discover(in: "shop", at: connection, cookie: cookie).peers.isEmpty)
                await #expect(throws: P2PError.refused(status: 103, text: "not a cookie of this namespace")) {
                    try await other.discover(in: "elsewhere", at: connection, cookie: cookie)
                }
                await #expect(throws: P2PError.self) {
                    try await other.register(in: String(repeating: "x", count: 300), at: connection)
                }
                try await pair.dialer.unregister(from: "shop", at: point)
                #expect(try await other.discover(in: "shop", at: connection).peers.isEmpty)
            }
        }
    }

    @Test("A signed record must be of the peer that signed it, and for this use")
    func envelopes() throws {
        let (one, two) = (try Samples.identity(1), try Samples.identity(2))
        let record = PeerRecord(peer: one.peerID, sequence: 7, addresses: [try Multiaddr(text: "/dns/a/tcp/1")])
        let good = try record.signed(by: one)
        #expect(try PeerRecord(envelope: good) == record)
        #expect(throws: P2PError.badMessage("a peer record that another peer signed")) {
            try PeerRecord(envelope: try record.signed(by: two))
        }
        let other = try SignedEnvelope(signing: record.bytes, of: [9], domain: PeerRecord.domain, by: one)
        #expect(throws: P2PError.badMessage("not a peer record")) { try PeerRecord(envelope: other.bytes) }
        let elsewhere = try SignedEnvelope(
            signing: record.bytes, of: PeerRecord.payloadType, domain: "another use", by: one)
        #expect(throws: P2PError.key(.badKey)) { try PeerRecord(envelope: elsewhere.bytes) }
        for index in good.indices {
            var changed = good
            changed[index] ^= 1
            #expect(throws: P2PError.self) { try PeerRecord(envelope: changed) }
        }
    }

    @Test("No change of a message makes its reader fail otherwise")
    func mutations() throws {
        var generator = SeededGenerator(seed: 17)
        let identity = try Samples.identity()
        var identify = IdentifyMessage()
        identify.publicKey = identity.publicKey.message
        identify.listenAddresses = [try Multiaddr(text: "/ip4/1.2.3.4/tcp/5")]
        identify.protocols = ["/a", "/b"]
        identify.agent = "x"
        #expect(try IdentifyMessage(bytes: identify.bytes) == identify)
        let samples = [try signed(identity).bytes, identify.bytes]
        var registry = RendezvousRegistry()
        for _ in 0..<5000 {
            let bytes = Samples.mutate(try #require(samples.randomElement(using: &generator)), &generator)
            if let message = try? RendezvousMessage(bytes: bytes) {
                _ = registry.receive(message, from: identity.peerID, at: noon)
            }
            _ = try? IdentifyMessage(bytes: bytes)
        }
        #expect(registry.count <= 64)
    }
}
