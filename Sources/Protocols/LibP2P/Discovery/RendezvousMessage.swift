// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A peer that wants to be found in a namespace.
///
/// - Source: libp2p specs, rendezvous/README.md, revision 3; the older draft carries the peer unsigned.
public struct RendezvousRegistration: Hashable, Sendable {
    /// Who registers, in the form of one of the two drafts.
    public enum Form: Hashable, Sendable {
        /// A ``SignedEnvelope`` with a ``PeerRecord``, not checked yet.
        case signedRecord([UInt8])
        /// The older draft: id and addresses, signed by nobody.
        case peerInfo(PeerID, [Multiaddr])
    }

    public let namespace: String
    public let form: Form
    /// Seconds; `nil` leaves the choice to the server.
    public let ttl: UInt64?

    public init(namespace: String, form: Form, ttl: UInt64?) {
        self.namespace = namespace
        self.form = form
        self.ttl = ttl
    }

    /// Who it is and where, once a signed record has been checked.
    public func peer() throws(P2PError) -> DiscoveredPeer {
        switch form {
        case .signedRecord(let envelope):
            let record = try PeerRecord(envelope: envelope)
            return DiscoveredPeer(peer: record.peer, addresses: record.addresses, isSigned: true)
        case .peerInfo(let peer, let addresses):
            return DiscoveredPeer(peer: peer, addresses: addresses, isSigned: false)
        }
    }
}

/// A peer that was found, and where.
public struct DiscoveredPeer: Hashable, Sendable {
    public let peer: PeerID
    public let addresses: [Multiaddr]
    /// Whether the peer itself vouches for the addresses.
    public let isSigned: Bool

    public init(peer: PeerID, addresses: [Multiaddr], isSigned: Bool) {
        self.peer = peer
        self.addresses = addresses
        self.isSigned = isSigned
    }
}

/// What a rendezvous point and its clients say to each other.
///
/// - Unit: protobuf `{1: type, 2: register, 3: registerResponse, 4: unregister, 5: discover, 6: discoverResponse}`.
/// - Source: libp2p specs, rendezvous/README.md, revision 3.
@nonexhaustive
public enum RendezvousMessage: Hashable, Sendable {
    case register(RendezvousRegistration)
    case registerResponse(status: UInt64, text: String, ttl: UInt64)
    /// The peer is named only in the older draft.
    case unregister(namespace: String, peer: PeerID?)
    case discover(namespace: String, limit: UInt64, cookie: [UInt8])
    case discoverResponse([RendezvousRegistration], cookie: [UInt8], status: UInt64, text: String)

    /// How long a message may be that is read.
    public static let longest = 512 << 10
    static let mostRegistrations = 1000
    static let mostAddresses = 64

    public init(bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Self.longest else { throw .tooLong(length: UInt64(bytes.count), limit: Self.longest) }
        let fields = try ProtobufMessage(bytes)
        switch fields.number(1) ?? 0 {
        case 0: self = .register(try Self.registration(try fields.required(2)))
        case 1:
            let body = try ProtobufMessage(try fields.required(3))
            self = .registerResponse(
                status: body.number(1) ?? 0, text: try body.text(2) ?? "", ttl: body.number(3) ?? 0)
        case 2:
            let body = try ProtobufMessage(try fields.required(4))
            var peer: PeerID?
            if let id = body.bytes(2) { peer = try PeerID(bytes: id) }
            self = .unregister(namespace: try body.text(1) ?? "", peer: peer)
        case 3:
            let body = try ProtobufMessage(try fields.required(5))
            self = .discover(
                namespace: try body.text(1) ?? "", limit: body.number(2) ?? 0, cookie: body.bytes(3) ?? [])
        case 4:
            let body = try ProtobufMessage(try fields.required(6))
            var registrations: [RendezvousRegistration] = []
            for entry in body.all(1).prefix(Self.mostRegistrations) {
                registrations.append(try Self.registration(entry))
            }
            self = .discoverResponse(
                registrations, cookie: body.bytes(2) ?? [], status: body.number(3) ?? 0, text: try body.text(4) ?? "")
        default: throw .badField
        }
    }

    public var bytes: [UInt8] {
        var writer = ProtobufWriter()
        var body = ProtobufWriter()
        switch self {
        case .register(let registration):
            writer.add(1, 0)
            writer.add(2, Self.bytes(registration))
        case .registerResponse(let status, let text, let ttl):
            writer.add(1, 1)
            if status > 0 { body.add(1, status) }
            body.add(2, text)
            body.add(3, ttl)
            writer.add(3, body.bytes)
        case .unregister(let namespace, let peer):
            writer.add(1, 2)
            body.add(1, namespace)
            body.add(2, ifPresent: peer?.bytes)
            writer.add(4, body.bytes)
        case .discover(let namespace, let limit, let cookie):
            writer.add(1, 3)
            body.add(1, namespace)
            if limit > 0 { body.add(2, limit) }
            if !cookie.isEmpty { body.add(3, cookie) }
            writer.add(5, body.bytes)
        case .discoverResponse(let registrations, let cookie, let status, let text):
            writer.add(1, 4)
            for registration in registrations { body.add(1, Self.bytes(registration)) }
            if !cookie.isEmpty { body.add(2, cookie) }
            if status > 0 { body.add(3, status) }
            body.add(4, text)
            writer.add(6, body.bytes)
        }
        return writer.bytes
    }

    /// Reads either draft: the first field of an envelope is a public key, that of the older form a peer id.
    private static func registration(_ bytes: [UInt8]) throws(WireError) -> RendezvousRegistration {
        let fields = try ProtobufMessage(bytes)
        let subject = try fields.required(2)
        let inner = try ProtobufMessage(subject)
        let first = try inner.required(1)
        let form: RendezvousRegistration.Form
        if inner.bytes(5) != nil, (try? PeerPublicKey(message: first)) != nil {
            form = .signedRecord(subject)
        } else {
            let addresses = inner.all(2).prefix(mostAddresses).compactMap { try? Multiaddr(bytes: $0) }
            form = .peerInfo(try PeerID(bytes: first), addresses)
        }
        return RendezvousRegistration(namespace: try fields.text(1) ?? "", form: form, ttl: fields.number(3))
    }

    static func bytes(_ registration: RendezvousRegistration) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.add(1, registration.namespace)
        switch registration.form {
        case .signedRecord(let envelope): writer.add(2, envelope)
        case .peerInfo(let peer, let addresses):
            var info = ProtobufWriter()
            info.add(1, peer.bytes)
            for address in addresses { info.add(2, address.bytes) }
            writer.add(2, info.bytes)
        }
        if let ttl = registration.ttl { writer.add(3, ttl) }
        return writer.bytes
    }
}
