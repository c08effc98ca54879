// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension TwoWayParty {
    /// Why a side does not sign, or does not believe what it is shown; it is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        case notOpen(phase: String)
        /// Its own proposal has the higher nonce, so the other side yields.
        case busy(nonce: UInt64)
        /// A nonce with which the other side does not propose.
        case wrongNonce(UInt64)
        /// Another state has the nonce.
        case nonceTaken(UInt64)
        case stale(nonce: UInt64, newest: UInt64)
        /// So far above all that is known that few would be left.
        case nonceLeap(nonce: UInt64, highest: UInt64)
        case noncesUsedUp
        case sumMismatch(sum: Amount?, needed: Amount)
        /// This side would have less than it has, or than it is owed.
        case tooLittle(balance: Amount, least: Amount)
        /// More is to be given than there is.
        case exceedsBalance(amount: Amount, balance: Amount)
        /// A signature over something that was not proposed.
        case unknownProposal(UInt64)
        /// Signed by the wrong side, or over something else.
        case foreign
    }
}

extension TwoWayParty.Refusal {
    public var code: String { "two-way-party.\(rule)" }

    var rule: String {
        switch self {
        case .notOpen: "not-open"
        case .busy: "busy"
        case .wrongNonce: "wrong-nonce"
        case .nonceTaken: "nonce-taken"
        case .stale: "stale"
        case .nonceLeap: "nonce-leap"
        case .noncesUsedUp: "nonces-used-up"
        case .sumMismatch: "sum-mismatch"
        case .tooLittle: "too-little"
        case .exceedsBalance: "exceeds-balance"
        case .unknownProposal: "unknown-proposal"
        case .foreign: "foreign"
        }
    }

    public var message: String {
        switch self {
        case .notOpen(let phase): "The channel is \(phase)."
        case .busy(let nonce): "A proposal with the higher nonce \(nonce) waits for an answer."
        case .wrongNonce(let nonce): "The other side does not propose with nonce \(nonce)."
        case .nonceTaken(let nonce): "Another state has nonce \(nonce)."
        case .stale(let nonce, let newest): "The nonce is \(nonce), and \(newest) is known."
        case .nonceLeap(let nonce, let highest):
            "The nonce is \(nonce), more than \(TwoWayParty.longestLeap) above \(highest)."
        case .noncesUsedUp: "There is no nonce left."
        case .sumMismatch(let sum, let needed):
            "The balances are \(sum.map(String.init(describing:)) ?? "more than 2^128 - 1") together, not \(needed)."
        case .tooLittle(let balance, let least): "The balance would be \(balance), and \(least) is the least."
        case .exceedsBalance(let amount, let balance): "\(amount) is to be given, and the balance is \(balance)."
        case .unknownProposal(let nonce): "Nothing waits for a signature over the state with nonce \(nonce)."
        case .foreign: "The signature is not the other side's over this."
        }
    }

    public var remedy: String? {
        switch self {
        case .notOpen, .noncesUsedUp: "Open another channel."
        case .busy: "Countersign that proposal, and propose again on top of it."
        case .stale, .nonceTaken: "Propose with a higher nonce."
        case .exceedsBalance: "Give less, or open another channel."
        default: nil
        }
    }
}
