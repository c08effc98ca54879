// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why the Noise handshake or its transport failed; the connection is closed without a word.
@nonexhaustive
public enum NoiseError: Error, Hashable, CustomStringConvertible {
    /// A message is shorter than what it must hold.
    case messageTooShort
    /// A message is longer than 65535 bytes.
    case messageTooLong
    /// What should be encrypted does not decrypt: it was changed, replayed, or made for somebody else.
    case badCiphertext
    /// A key of the peer gives an all-zero secret.
    case zeroSecret
    /// The payload cannot be read.
    case badPayload
    /// The first message has a payload, which libp2p forbids.
    case earlyPayload
    /// The identity key in the payload is none.
    case badIdentity(KeyError)
    /// The identity key did not sign the Noise key.
    case badSignature
    /// The peer is another one than was dialled.
    case wrongPeer(expected: PeerID, found: PeerID)
    /// The handshake was asked to go on out of turn.
    case outOfTurn
    /// As many messages as there are nonces have been sent.
    case exhausted

    /// Stable, lower-case and dotted; programs match on this.
    public var code: String {
        switch self {
        case .messageTooShort: "noise.message-too-short"
        case .messageTooLong: "noise.message-too-long"
        case .badCiphertext: "noise.bad-ciphertext"
        case .zeroSecret: "noise.zero-secret"
        case .badPayload: "noise.bad-payload"
        case .earlyPayload: "noise.early-payload"
        case .badIdentity: "noise.bad-identity"
        case .badSignature: "noise.bad-signature"
        case .wrongPeer: "noise.wrong-peer"
        case .outOfTurn: "noise.out-of-turn"
        case .exhausted: "noise.exhausted"
        }
    }

    public var description: String {
        switch self {
        case .wrongPeer(let expected, let found): "\(code): \(found) answered, not \(expected)"
        case .badIdentity(let error): "\(code): \(error)"
        default: code
        }
    }
}
