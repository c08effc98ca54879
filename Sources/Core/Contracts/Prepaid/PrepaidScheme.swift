// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A payee's channel whose payments fill a purse.
///
/// What a payment is differs from scheme to scheme; what becomes of a request does not.
public protocol PrepaidScheme: StoredChannelScheme, Hashable where Event == PrepaidEvent<Payment, Rules> {
    associatedtype Rules: ContractRules
    /// A payment that was checked against the channel.
    associatedtype Payment: Hashable, Sendable

    var id: ChannelID { get }
    var terms: Rules.Terms { get }
    var purse: Purse { get }
    /// The block in which the contract was last read.
    var readIn: Block { get }
    var lastPaidAt: Instant? { get }

    /// What the contract has paid out to us.
    var captured: Amount { get }
    /// What an order would capture now.
    var unclaimed: Amount { get }
    /// When the payer may take back what was not captured; `nil` for never.
    var expiry: Instant? { get }

    /// How much longer it takes to capture what was paid than to capture one payment.
    ///
    /// - Unit: seconds.
    var redemptionTime: Int64 { get }

    /// A channel of which nothing is known but what its contract says.
    ///
    /// - Parameter payee: Whose books these are, where the terms do not name the payee.
    init(id: ChannelID, ledger: ContractSnapshot<Rules>, in domain: ContractDomain, payee: Address)
}

extension PrepaidScheme {
    /// For how long before the expiry no payment is taken: what is taken must still be redeemed in time.
    ///
    /// - Unit: seconds.
    public static var safetyMargin: Int64 { 300 }
    public var redemptionTime: Int64 { 0 }
}
