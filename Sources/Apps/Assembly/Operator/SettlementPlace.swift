// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Where a payee's channels are settled.
public enum SettlementPlace: Sendable {
    /// An embedded ledger in a file.
    ///
    /// - Parameter newOn: What a new ledger simulates; `nil` opens only one that is there.
    case ledger(path: String, newOn: SettlementDomain?)
    /// An x402 facilitator elsewhere.
    case facilitator(url: String, SettlementDomain, Token)

    /// The word for it in settings and reports.
    public var name: String {
        switch self {
        case .ledger: "ledger"
        case .facilitator: "facilitator"
        }
    }

    /// Kept in the store, as channels of the one are nothing to the other.
    ///
    /// Never changed once released.
    var mark: UInt64 {
        switch self {
        case .ledger: 1
        case .facilitator: 2
        }
    }

    static func name(ofMark mark: UInt64) -> String {
        switch mark {
        case 1: "ledger"
        case 2: "facilitator"
        default: "something newer"
        }
    }
}
