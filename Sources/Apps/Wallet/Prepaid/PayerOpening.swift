// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives
public import FarthingX402

/// What a channel is opened for.
public struct PayerOpening: Hashable, Sendable {
    /// A payee, and the least that it is known to ask.
    public struct Payee: Hashable, Sendable {
        public let address: Address
        public let price: Amount
        public init(_ address: Address, price: Amount) {
            self.address = address
            self.price = price
        }
    }

    public let offer: PrepaidOffer
    public let payer: Address
    /// The one who is to be paid now, under the price of this request.
    public let price: Amount
    /// The least price that the payee is known to ask: no step or token may be worth more.
    public let leastPrice: Amount
    /// What the policy wants a payee to have in a channel.
    public let target: Amount
    /// Others that the same deposit should do for, with what they ask, as far as they are known.
    public let others: [Payee]
    /// For how many payees there should be room.
    public let seats: Int
    public let expiry: Instant
    public let now: Instant
    public let salt: Hash32

    /// How many steps or tokens of one worth the target holds; at least one.
    func count(of worth: Amount, most: UInt32) -> UInt32 {
        // What the payee wants at least is reached, also where a part of a step is missing.
        let least = (offer.minimumDeposit ?? .zero).units
        let enough = least / worth.units + (least.isMultiple(of: worth.units) ? 0 : 1)
        return UInt32(clamping: min(max(target.units / worth.units, enough, 1), UInt128(most)))
    }

    /// The same for the payee alone.
    var alone: PayerOpening {
        PayerOpening(
            offer: offer, payer: payer, price: price, leastPrice: leastPrice, target: target, others: [], seats: 1,
            expiry: expiry, now: now, salt: salt)
    }
}
