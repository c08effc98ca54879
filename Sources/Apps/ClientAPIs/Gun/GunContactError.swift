// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Why GUN keys are not taken for an account's.
public enum GunContactError: ExplainedError, Hashable {
    /// This is no contact.
    case malformed
    /// The account did not sign these keys.
    case signature(of: Address)
    /// The account is no party of the channel, or the identity is not.
    case notParty(Address)
    /// The signer failed, or signs the same otherwise each time, so that no keys can be derived.
    case signer(reason: String)
    case cancelled

    public var code: String {
        switch self {
        case .malformed: "gun-contact.malformed"
        case .signature: "gun-contact.signature"
        case .notParty: "gun-contact.not-party"
        case .signer: "gun-contact.signer"
        case .cancelled: "gun-contact.cancelled"
        }
    }

    public var message: String {
        switch self {
        case .malformed: "This is no contact."
        case .signature(let account): "\(account) did not sign these GUN keys."
        case .notParty(let account): "\(account) is not a party of the channel."
        case .signer(let reason): "The key did not sign: \(reason)."
        case .cancelled: "The work was cancelled."
        }
    }

    public var remedy: String? {
        switch self {
        case .malformed, .signature: "Ask the other side for its contact again."
        case .signer: "Make a pair with GunKeyPair() and keep it, or use a key whose signatures follow RFC 6979."
        case .notParty, .cancelled: nil
        }
    }
}
