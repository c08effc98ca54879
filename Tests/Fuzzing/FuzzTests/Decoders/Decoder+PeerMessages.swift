// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

@testable import FarthingLibP2P

/// What peers say about themselves and each other.
extension Decoder {
    static let peerMessages = [identify, signedEnvelope, peerRecord, rendezvous, multicast]

    private static let identify = Decoder("identify") { bytes in
        let message = try IdentifyMessage(bytes: bytes)
        try BrokenPromise.unless(try? IdentifyMessage(bytes: message.bytes), equals: message, "message")
        try BrokenPromise.unless(message.listenAddresses.count <= IdentifyMessage.mostEntries, "too many addresses")
        try BrokenPromise.unless(message.updated(by: message), equals: message, "updated by itself")
        return true
    }

    /// The bytes are an envelope, or the payload of one that a known key signs.
    private static let signedEnvelope = Decoder("signed-envelope") { bytes in
        let domain = PeerRecord.domain
        if let envelope = try? SignedEnvelope(bytes: bytes, domain: domain) {
            try BrokenPromise.unless(
                try? SignedEnvelope(bytes: envelope.bytes, domain: domain), equals: envelope, "envelope")
            try BrokenPromise.unless(
                (try? SignedEnvelope(bytes: bytes, domain: "another")) == nil, "it holds for another domain too")
            return true
        }
        guard bytes.count <= 64 else { return false }
        let identity = try PeerIdentity(ed25519Seed: [UInt8](repeating: 0x35, count: 32))
        let signed = try SignedEnvelope(signing: bytes, of: PeerRecord.payloadType, domain: domain, by: identity)
        try BrokenPromise.unless(try? SignedEnvelope(bytes: signed.bytes, domain: domain), equals: signed, "signed")
        return true
    }

    private static let peerRecord = Decoder("peer-record") { bytes in
        let record = try PeerRecord(bytes: bytes)
        try BrokenPromise.unless(try? PeerRecord(bytes: record.bytes), equals: record, "record")
        return true
    }

    private static let rendezvous = Decoder("rendezvous") { bytes in
        let message = try RendezvousMessage(bytes: bytes)
        try BrokenPromise.unless(try? RendezvousMessage(bytes: message.bytes), equals: message, "message")
        if case .register(let registration) = message { _ = try? registration.peer() }
        return true
    }

    private static let multicast = Decoder("dns-message") { bytes in
        let message = try DNSMessage(bytes: bytes)
        try BrokenPromise.unless(
            message.questions.count + message.records.count <= DNSMessage.mostEntries, "too many entries")
        let written = message.bytes
        // Without compression it may be longer than what is read.
        if written.count <= DNSMessage.longest {
            try BrokenPromise.unless(try? DNSMessage(bytes: written), equals: message, "message")
        }
        let source = IPAddress(bytes: [10, 0, 0, 9])
        for peer in MulticastDiscovery.peers(in: message, from: source, loopback: false) {
            let isUsable = peer.addresses.allSatisfy { $0.tcpEndpoint != nil && $0.peer == nil }
            try BrokenPromise.unless(!peer.isSigned && isUsable, "an address that cannot be dialled")
        }
        _ = MulticastDiscovery.isQuery(message)
        return true
    }
}
