// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Where a peer can be reached, as it says itself; of two, the one with the higher number holds.
///
/// - Unit: protobuf `{1: peer_id, 2: seq, 3: repeated {1: multiaddr}}`.
/// - Source: libp2p RFC 0003, routing records.
public struct PeerRecord: Hashable, Sendable {
    public static let domain = "libp2p-peer-record"
    public static let payloadType: [UInt8] = [0x03, 0x01]
    static let mostAddresses = 256

    public let peer: PeerID
    public let sequence: UInt64
    public let addresses: [Multiaddr]

    public init(peer: PeerID, sequence: UInt64, addresses: [Multiaddr]) {
        self.peer = peer
        self.sequence = sequence
        self.addresses = addresses
    }

    /// Reads the payload of an envelope; addresses of unknown kinds are left out.
    public init(bytes: [UInt8]) throws(WireError) {
        let fields = try ProtobufMessage(bytes)
        peer = try PeerID(bytes: try fields.required(1))
        sequence = fields.number(2) ?? 0
        addresses = fields.all(3).prefix(Self.mostAddresses).compactMap { entry in
            (try? ProtobufMessage(entry))?.bytes(1).flatMap { try? Multiaddr(bytes: $0) }
        }
    }

    public var bytes: [UInt8] {
        var writer = ProtobufWriter()
        writer.add(1, peer.bytes)
        writer.add(2, sequence)
        for address in addresses {
            var entry = ProtobufWriter()
            entry.add(1, address.bytes)
            writer.add(3, entry.bytes)
        }
        return writer.bytes
    }

    /// Reads a signed record and checks that the peer itself signed it.
    public init(envelope bytes: [UInt8]) throws(P2PError) {
        do {
            let envelope = try SignedEnvelope(bytes: bytes, domain: Self.domain)
            guard envelope.payloadType == Self.payloadType else { throw P2PError.badMessage("not a peer record") }
            let record = try PeerRecord(bytes: envelope.payload)
            guard record.peer == envelope.publicKey.peerID else {
                throw P2PError.badMessage("a peer record that another peer signed")
            }
            self = record
        } catch { throw P2PError(error) }
    }

    /// The record in an envelope, signed by the peer whose it is.
    public func signed(by identity: PeerIdentity) throws(KeyError) -> [UInt8] {
        try SignedEnvelope(signing: bytes, of: Self.payloadType, domain: Self.domain, by: identity).bytes
    }
}
