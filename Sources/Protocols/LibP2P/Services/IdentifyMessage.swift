// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What a peer says about itself.
///
/// - Unit: protobuf `{1: publicKey, 2: repeated listenAddrs, 3: repeated protocols, 4: observedAddr,
///   5: protocolVersion, 6: agentVersion, 8: signedPeerRecord}`.
/// - Source: libp2p specs, identify/README.md, revision 1.
public struct IdentifyMessage: Hashable, Sendable {
    /// How long a message may be that is read.
    public static let longest = 65_536
    /// How many addresses and protocols of one message are kept.
    public static let mostEntries = 256

    public var publicKey: [UInt8]?
    /// Where the peer listens; those that cannot be read are left out.
    public var listenAddresses: [Multiaddr] = []
    public var protocols: [String] = []
    /// Where the peer sees this side.
    public var observedAddress: Multiaddr?
    public var protocolVersion: String?
    public var agent: String?
    /// A ``SignedEnvelope`` of a ``PeerRecord``, not checked yet.
    public var signedPeerRecord: [UInt8]?

    public init() {}

    public init(bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Self.longest else { throw .tooLong(length: UInt64(bytes.count), limit: Self.longest) }
        let fields = try ProtobufMessage(bytes)
        publicKey = fields.bytes(1)
        listenAddresses = fields.all(2).prefix(Self.mostEntries).compactMap { try? Multiaddr(bytes: $0) }
        protocols = fields.all(3).prefix(Self.mostEntries).compactMap { String(validating: $0, as: UTF8.self) }
        observedAddress = fields.bytes(4).flatMap { try? Multiaddr(bytes: $0) }
        protocolVersion = try fields.text(5)
        agent = try fields.text(6)
        signedPeerRecord = fields.bytes(8)
    }

    public var bytes: [UInt8] {
        var writer = ProtobufWriter()
        writer.add(1, ifPresent: publicKey)
        for address in listenAddresses { writer.add(2, address.bytes) }
        for name in protocols { writer.add(3, name) }
        writer.add(4, ifPresent: observedAddress?.bytes)
        writer.add(5, ifPresent: protocolVersion.map { Array($0.utf8) })
        writer.add(6, ifPresent: agent.map { Array($0.utf8) })
        writer.add(8, ifPresent: signedPeerRecord)
        return writer.bytes
    }

    /// This message with everything that a later one has in place of its own.
    public func updated(by later: IdentifyMessage) -> IdentifyMessage {
        var merged = self
        if let key = later.publicKey { merged.publicKey = key }
        if !later.listenAddresses.isEmpty { merged.listenAddresses = later.listenAddresses }
        if !later.protocols.isEmpty { merged.protocols = later.protocols }
        if let observed = later.observedAddress { merged.observedAddress = observed }
        if let version = later.protocolVersion { merged.protocolVersion = version }
        if let agent = later.agent { merged.agent = agent }
        if let record = later.signedPeerRecord { merged.signedPeerRecord = record }
        return merged
    }
}
