// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension Purse {
    /// Does what an event asks of a purse, once the payment that came with it was taken in.
    ///
    /// Every payment passes here, so it is compiled for each scheme.
    ///
    /// - Returns: When something was paid for; `nil` when nothing was.
    @inlinable
    public mutating func follow<Payment, Rules>(
        _ event: PrepaidEvent<Payment, Rules>
    ) throws(Refusal) -> Instant? {
        switch event {
        case .paymentArrived(_, let reservation, let now): try reserve(reservation, at: now)
        case .paid(_, let price, let now):
            try charge(price)
            return now
        case .served(let id, let price, let now):
            try charge(price, for: id)
            return now
        case .released(let id): try release(id)
        case .deliveryFailed(let amount): try deliveryFailed(amount)
        case .observed, .captured, .closeAsked: break
        }
        return nil
    }
}
