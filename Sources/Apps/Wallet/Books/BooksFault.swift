// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Why a wallet's books were not exported, or not taken in; nothing was changed then.
public enum BooksFault: ExplainedError, Hashable {
    case unreadable(why: String)
    case newer(version: Int64)
    /// The books of one address were offered to the wallet of another.
    case otherAddress(Address, Address)
    /// A channel's id is not the digest of its terms.
    case otherChannel(ChannelID)
    /// The key file is not encrypted, so that the export would be money for whoever finds it.
    case keyIsOpen
    case noKey

    public var code: String {
        switch self {
        case .unreadable: "wallet-books.unreadable"
        case .newer: "wallet-books.newer"
        case .otherAddress: "wallet-books.other-address"
        case .otherChannel: "wallet-books.other-channel"
        case .keyIsOpen: "wallet-books.key-is-open"
        case .noKey: "wallet-books.no-key"
        }
    }

    public var message: String {
        switch self {
        case .unreadable(let why): "The file cannot be taken in: \(why)."
        case .newer(let version): "The file is of version \(version), which a later Farthing writes."
        case .otherAddress(let found, let expected): "The file holds books of \(found), not of \(expected)."
        case .otherChannel(let id): "The file calls a channel \(id), which is not what its terms come to."
        case .keyIsOpen: "The key file is not encrypted; with it, the export would be as good as the money."
        case .noKey: "The folder has no key, and neither has the file."
        }
    }

    public var remedy: String? {
        switch self {
        case .unreadable, .otherChannel: nil
        case .newer: "Run that version, or a later one."
        case .otherAddress: "Take it into that address's wallet: --wallet DIR."
        case .keyIsOpen: "Leave --with-key away, or make an encrypted copy: farthing key import."
        case .noKey: "Put the key there first: farthing key import DIR/key.json."
        }
    }
}
