// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// All money on the ledger at one moment, counted twice.
///
/// Once from the tables, where every balance stands as the last change left it; once from the log of events, by
/// doing everything again from the first coin on. Whoever changes a row behind the ledger's back makes the two
/// disagree.
public struct LedgerAudit: Hashable, Sendable {
    /// Where the money of one token is, by the tables.
    public struct TokenTotals: Hashable, Sendable {
        public let token: Address
        /// All that was ever made.
        public let minted: Amount
        /// What accounts hold outside channels.
        public let held: Amount
        /// What the contract of vouchers holds for channels and receivers.
        public let locked: Amount
        /// The part of ``locked`` that could be claimed, refunded or withdrawn.
        public let unclaimed: Amount
        /// The part of ``locked`` that was claimed and waits to be paid out.
        public let unsettled: Amount
        /// What the contracts of all schemes but vouchers hold for their channels; not a part of ``locked``.
        public let inContracts: Amount
    }

    /// The newest block when it was counted.
    public let block: Block
    /// How many events were replayed.
    public let events: UInt64
    /// In the order of the tokens' addresses.
    public let totals: [TokenTotals]
    /// Everything that does not add up, in words for the operator.
    public let faults: [String]

    /// Whether all money is where it must be, and got there by what the log says.
    public var isConserved: Bool { faults.isEmpty }
}
