// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// What happens to a channel whose payments fill a purse: the same for all schemes but that of vouchers.
///
/// A payment is optional, because what was paid ahead may do for a request.
public enum PrepaidEvent<Payment: Hashable & Sendable, Rules: ContractRules>: Hashable, Sendable {
    /// The contract was read.
    case observed(ContractSnapshot<Rules>)
    case paymentArrived(Payment?, for: Purse.Reservation, at: Instant)
    /// A payment arrived for what is there already: it is let in and charged in one go, or neither.
    case paid(Payment?, price: Amount, at: Instant)
    /// What was paid for is there; `price` is what it came to.
    case served(ReservationID, price: Amount, at: Instant)
    /// What was paid for failed, or was given up.
    case released(ReservationID)
    /// What was paid for broke off while it was being delivered.
    case deliveryFailed(Amount)
    /// Proofs were redeemed, and all that was paid up to the last of them comes to so much.
    case captured(Amount)
    /// The payer wants no more, and what is left back; what it showed to ask for it.
    case closeAsked(Payment)
}
