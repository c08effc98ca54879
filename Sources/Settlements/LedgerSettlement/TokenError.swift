// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Why a token was not added to the ledger.
public enum TokenError: ExplainedError, Hashable {
    /// The zero address or the contract's own.
    case addressTaken(Address)
    case decimalsOutOfRange(Int)
    /// Another token has this address already. Its name is part of what was signed, so it cannot change.
    case differs(stored: Token)
    case settlement(SettlementError)

    public var code: String {
        switch self {
        case .addressTaken: "token.address-taken"
        case .decimalsOutOfRange: "token.decimals-out-of-range"
        case .differs: "token.differs"
        case .settlement(let error): error.code
        }
    }

    public var message: String {
        switch self {
        case .addressTaken(let address): "No token can be at \(address)."
        case .decimalsOutOfRange(let decimals): "A token has 0 through 38 decimals, not \(decimals)."
        case .differs(let stored):
            "At \(stored.address) is the token \(stored.symbol), named \(stored.domain.name) with version "
                + "\(stored.domain.version) and \(stored.decimals) decimals."
        case .settlement(let error): error.message
        }
    }

    public var remedy: String? {
        switch self {
        case .addressTaken, .differs: "Choose another address."
        case .decimalsOutOfRange: nil
        case .settlement(let error): error.remedy
        }
    }
}
