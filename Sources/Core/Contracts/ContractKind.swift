// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Which rules a contract keeps.
///
/// - Source: the raw values are the names of the schemes on the wire and in stores; they never change.
public enum ContractKind: String, Hashable, Sendable, CaseIterable {
    /// Each payment reveals one more value of a hash chain.
    case hashChain = "hash-chain"
    /// Each payment reveals a leaf of a Merkle tree.
    case merkleToken = "merkle-token"
    /// Both sides sign balances.
    case twoWay = "two-way"
    /// Each payment is a ticket that wins with some probability.
    case lottery = "lottery"
    /// So many tickets, of which exactly one wins all.
    case lot = "lottery-lot"
    /// One side signs what it owes in all; closed by both at once, or by one after a challenge.
    case balanceProof = "balance-proof"

    /// The name in the EIP-712 domain of what is signed for it.
    public var domainName: String {
        switch self {
        case .hashChain: "Farthing Hash Chain"
        case .merkleToken: "Farthing Merkle Token"
        case .twoWay: "Farthing Two-Way"
        case .lottery: "Farthing Lottery"
        case .lot: "Farthing Lottery Lot"
        case .balanceProof: "Farthing Balance Proof"
        }
    }
}
