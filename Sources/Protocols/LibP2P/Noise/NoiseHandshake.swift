// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// libp2p's Noise handshake: bytes of the socket in, bytes of the socket out, and at the end who the peer is.
///
/// Keeps at most one message of the peer. A value that threw is spent.
///
/// - Unit: each message behind its length, two bytes, the high one first.
/// - Source: libp2p specs, noise/README.md, revision 4.
public struct NoiseHandshake: Sendable {
    /// What came of some bytes: `output` goes out first, even when the handshake is over.
    public struct Step: Sendable {
        public var output: [UInt8] = []
        public var finished: Secured?
    }

    /// A peer that has proved who it is, and the way to talk to it.
    public struct Secured: Sendable {
        public let remoteKey: PeerPublicKey
        public let remotePeer: PeerID
        public let transport: NoiseTransport
        /// The muxer that both sides named, by the order of the dialer, or `nil` when it is still to be chosen.
        public let muxer: String?
        /// What came behind the last message.
        public let rest: [UInt8]
    }

    private var pattern: NoiseXX
    private let payload: NoisePayload
    private let expectedPeer: PeerID?
    private var remote: (payload: NoisePayload, key: PeerPublicKey)?
    private var buffer: [UInt8] = []

    /// - Parameters:
    ///   - expectedPeer: The peer that was dialled; any other is refused.
    ///   - muxers: What is offered, the favourite first; empty leaves the choice to multistream-select.
    public init(
        isDialer: Bool, identity: PeerIdentity, expectedPeer: PeerID? = nil, muxers: [String] = [],
        fixed: NoiseKeyPair = NoiseKeyPair(), ephemeral: NoiseKeyPair = NoiseKeyPair()
    ) throws(NoiseError) {
        pattern = NoiseXX(isInitiator: isDialer, fixed: fixed, ephemeral: ephemeral)
        payload = try NoisePayload(identity: identity, noiseKey: fixed.publicKey, muxers: muxers)
        self.expectedPeer = expectedPeer
    }

    /// What the dialer sends first; nothing for the listener.
    public mutating func start() throws(NoiseError) -> [UInt8] {
        pattern.isInitiator ? Self.framed(try pattern.writeMessage([])) : []
    }

    public mutating func receive(_ bytes: some Collection<UInt8>) throws(NoiseError) -> Step {
        buffer.append(contentsOf: bytes)
        var step = Step()
        while !pattern.isComplete, let message = takeMessage() {
            try read(message)
            if pattern.writesNext { step.output += Self.framed(try pattern.writeMessage(payload.bytes)) }
        }
        if pattern.isComplete { step.finished = try finish() }
        return step
    }

    private mutating func read(_ message: [UInt8]) throws(NoiseError) {
        let bytes = try pattern.readMessage(message)
        // The first message brings no static key, and therefore may say nothing yet.
        guard let noiseKey = pattern.remoteStatic else {
            guard bytes.isEmpty else { throw .earlyPayload }
            return
        }
        let payload = try NoisePayload(bytes: bytes)
        let key = try payload.verifiedKey(noiseKey: noiseKey)
        let peer = key.peerID
        if let expectedPeer, peer != expectedPeer { throw .wrongPeer(expected: expectedPeer, found: peer) }
        remote = (payload, key)
    }

    private func finish() throws(NoiseError) -> Secured {
        guard let remote else { throw .outOfTurn }
        let offered = remote.payload.muxers
        let (dialers, listeners) = pattern.isInitiator ? (payload.muxers, offered) : (offered, payload.muxers)
        return Secured(
            remoteKey: remote.key, remotePeer: remote.key.peerID, transport: NoiseTransport(try pattern.keys()),
            muxer: dialers.first { listeners.contains($0) }, rest: buffer)
    }

    private mutating func takeMessage() -> [UInt8]? {
        guard buffer.count >= 2 else { return nil }
        let end = 2 + (Int(buffer[0]) << 8 | Int(buffer[1]))
        guard buffer.count >= end else { return nil }
        defer { buffer.removeFirst(end) }
        return Array(buffer[2..<end])
    }

    private static func framed(_ message: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(uint16: UInt16(truncatingIfNeeded: message.count))
        return bytes + message
    }
}
