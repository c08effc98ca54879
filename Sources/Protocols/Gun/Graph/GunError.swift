// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why something could not be done, or was not taken from a peer.
///
/// No case holds any part of a key or passphrase.
@nonexhaustive
public enum GunError: Error, Hashable, Sendable {
    /// What arrived is no message; `code` is that of the JSON error, or says what was missing.
    case malformedMessage(code: String)
    /// A message is longer than may be sent.
    case tooLong(bytes: Int, limit: Int)
    /// Something that is kept for the caller or a peer has reached its bound.
    case full(what: String)
    /// A value that the graph cannot hold: a number that is not finite, an empty object, the key `_`.
    case invalidValue
    /// A soul that belongs to somebody else, or to nobody where a key pair is needed.
    case notOwnSoul
    /// The relay answered a write with an error; the text is the relay's, shortened.
    case refused(text: String)
    /// A write may have been lost: no relay acknowledged it, and reading again did not show it.
    case unconfirmed
    /// No relay answered in time.
    case timedOut
    /// There is no relay to ask.
    case notConnected
    case badAddress(String)
    /// The relay did not agree to speak WebSocket.
    case upgradeRefused
    /// A peer broke the rules of WebSocket; the number is the close code.
    case protocolViolation(code: Int, reason: String)
    case closed
    /// A key pair, or a part of one, that is none.
    case badKey
    /// The ciphertext was altered, or the key is another one.
    case cannotDecrypt
    /// A text that is not what SEA writes.
    case badEnvelope
    /// Shorter than GUN's eight characters.
    case passphraseTooShort
    /// No account with this alias opens with this passphrase.
    case noAccount
    /// The file of a relay could not be read or written.
    case storage(reason: String)
    /// Who was called in the graph did not answer, or no relay passed it on.
    case noAnswer
    /// A stream was broken off by the other side, or nothing was heard of it for too long.
    case brokenOff
    case cancelled
}

extension GunError: CustomStringConvertible {
    /// Stable, lower-case and dotted: programs match on this.
    public var code: String {
        switch self {
        case .malformedMessage: "gun.malformed-message"
        case .tooLong: "gun.too-long"
        case .full: "gun.full"
        case .invalidValue: "gun.invalid-value"
        case .notOwnSoul: "gun.not-own-soul"
        case .refused: "gun.refused"
        case .unconfirmed: "gun.unconfirmed"
        case .timedOut: "gun.timed-out"
        case .notConnected: "gun.not-connected"
        case .badAddress: "gun.bad-address"
        case .upgradeRefused: "gun.upgrade-refused"
        case .protocolViolation: "gun.protocol-violation"
        case .closed: "gun.closed"
        case .badKey: "gun.bad-key"
        case .cannotDecrypt: "gun.cannot-decrypt"
        case .badEnvelope: "gun.bad-envelope"
        case .passphraseTooShort: "gun.passphrase-too-short"
        case .noAccount: "gun.no-account"
        case .storage: "gun.storage"
        case .noAnswer: "gun.no-answer"
        case .brokenOff: "gun.broken-off"
        case .cancelled: "gun.cancelled"
        }
    }

    /// One sentence: what went wrong, with the numbers that decided it.
    public var message: String {
        switch self {
        case .malformedMessage(let code): "What arrived is not a GUN message (\(code))."
        case .tooLong(let bytes, let limit): "The message has \(bytes) bytes, but at most \(limit) are sent."
        case .full(let what): "There are too many \(what)."
        case .invalidValue: "The graph cannot hold this value."
        case .notOwnSoul: "The soul does not belong to this key pair."
        case .refused(let text): "The relay refused the write: \(text)"
        case .unconfirmed: "No relay acknowledged the write, and reading again did not show it."
        case .timedOut: "No relay answered in time."
        case .notConnected: "No relay is connected."
        case .badAddress(let address): "\(address) is not the address of a relay: ws://host:port/gun."
        case .upgradeRefused: "The relay does not speak WebSocket at this address."
        case .protocolViolation(let code, let reason): "The peer broke the WebSocket protocol (\(code)): \(reason)."
        case .closed: "The client is closed."
        case .badKey: "This is not a key."
        case .cannotDecrypt: "The text cannot be decrypted with this key."
        case .badEnvelope: "The text is not in the form of SEA."
        case .passphraseTooShort: "A passphrase needs at least eight characters."
        case .noAccount: "No account with this alias opens with this passphrase."
        case .storage(let reason): "The relay's file failed: \(reason)"
        case .noAnswer: "Nobody answered: the other side is not there, or no relay passes on what is said."
        case .brokenOff: "The stream was broken off, or nothing was heard of the other side for too long."
        case .cancelled: "The task was cancelled."
        }
    }

    public var description: String { message }
}
