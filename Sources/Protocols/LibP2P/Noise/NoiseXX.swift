// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The three messages of the pattern XX, with payloads of any kind.
///
/// ```
/// → e          ← e, ee, s, es          → s, se
/// ```
/// A value that threw is spent: the connection ends.
///
/// - Source: The Noise Protocol Framework, revision 34, sections 5.3 and 7.5.
public struct NoiseXX: Sendable {
    /// The keys of both directions and the hash of the whole handshake.
    public struct Keys: Hashable, Sendable {
        public let sending: [UInt8]
        public let receiving: [UInt8]
        public let handshakeHash: [UInt8]
    }

    static let keyLength = 32
    static let longestMessage = 65_535

    public let isInitiator: Bool
    /// The static key of the peer, once its message has come.
    public private(set) var remoteStatic: [UInt8]?

    private var symmetric: NoiseSymmetricState
    private let fixed: NoiseKeyPair
    private let ephemeral: NoiseKeyPair
    private var remoteEphemeral: [UInt8] = []
    /// How many of the three messages have been written or read.
    private var step = 0

    public init(isInitiator: Bool, fixed: NoiseKeyPair, ephemeral: NoiseKeyPair, prologue: [UInt8] = []) {
        self.isInitiator = isInitiator
        self.fixed = fixed
        self.ephemeral = ephemeral
        symmetric = NoiseSymmetricState(prologue: prologue)
    }

    /// Whether this side writes next.
    public var writesNext: Bool { step < 3 && step.isMultiple(of: 2) == isInitiator }
    /// Whether all three messages are through.
    public var isComplete: Bool { step == 3 }

    public mutating func writeMessage(_ payload: [UInt8]) throws(NoiseError) -> [UInt8] {
        guard writesNext else { throw .outOfTurn }
        var message: [UInt8] = []
        if step < 2 {
            message += ephemeral.publicKey
            symmetric.mixHash(ephemeral.publicKey)
        }
        if step == 1 { symmetric.mixKey(try ephemeral.agree(with: remoteEphemeral)) }
        if step > 0 {
            message += try symmetric.encryptAndHash(fixed.publicKey)
            symmetric.mixKey(try fixed.agree(with: remoteEphemeral))
        }
        message += try symmetric.encryptAndHash(payload)
        guard message.count <= Self.longestMessage else { throw .messageTooLong }
        step += 1
        return message
    }

    /// The payload of the peer's next message.
    public mutating func readMessage(_ message: [UInt8]) throws(NoiseError) -> [UInt8] {
        guard step < 3, !writesNext else { throw .outOfTurn }
        guard message.count <= Self.longestMessage else { throw .messageTooLong }
        var rest = message[...]
        if step < 2 {
            guard rest.count >= Self.keyLength else { throw .messageTooShort }
            remoteEphemeral = Array(rest.prefix(Self.keyLength))
            rest = rest.dropFirst(Self.keyLength)
            symmetric.mixHash(remoteEphemeral)
            // Found out here rather than one message later, when the first secret is mixed.
            _ = try ephemeral.agree(with: remoteEphemeral)
        }
        if step == 1 { symmetric.mixKey(try ephemeral.agree(with: remoteEphemeral)) }
        if step > 0 {
            let sealed = Self.keyLength + NoiseCipher.tagLength
            guard rest.count >= sealed + NoiseCipher.tagLength else { throw .messageTooShort }
            let key = try symmetric.decryptAndHash(rest.prefix(sealed))
            rest = rest.dropFirst(sealed)
            symmetric.mixKey(try ephemeral.agree(with: key))
            remoteStatic = key
        }
        let payload = try symmetric.decryptAndHash(rest)
        step += 1
        return payload
    }

    /// The keys, once all three messages are through.
    public func keys() throws(NoiseError) -> Keys {
        guard isComplete else { throw .outOfTurn }
        let (initiator, responder) = symmetric.split()
        return Keys(
            sending: isInitiator ? initiator : responder, receiving: isInitiator ? responder : initiator,
            handshakeHash: symmetric.hash)
    }
}
