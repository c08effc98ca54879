// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
public import FarthingPrimitives
import FarthingX402
import Synchronization

/// What a desk asks of deposits that it hands in, where each costs the payee a transaction.
public struct DepositRules: Hashable, Sendable {
    /// The least deposit; `nil` is ten times the price.
    public var minimum: Amount?
    /// How many deposits of one payer are handed in within an hour.
    public var perHour: Int

    public init(minimum: Amount? = nil, perHour: Int = 8) {
        self.minimum = minimum
        self.perHour = max(perHour, 1)
    }

    /// The least deposit for requests at a price, which is never below it.
    func least(for price: Amount) -> Amount { max(minimum ?? price.multiplied(by: 10) ?? price, price) }
}

/// Which deposits were handed in not long ago, and for whom.
final class HandedInDeposits: Sendable {
    private struct Entry: TimedTurn {
        /// Which deposit it was, since a salt says nothing of its channel.
        ///
        /// `nil` once it has failed: to try it again costs again.
        var signature: Signature?
        let time: Instant
    }

    private let rules: DepositRules
    private let entries = Mutex(LastHour<Entry>())

    init(_ rules: DepositRules) { self.rules = rules }

    /// Counts a deposit before it is handed in; the same one counts once, and once more after it ``failed(_:)``.
    ///
    /// - Returns: Whether it was new.
    func begin(_ funding: Funding, price: Amount, at now: Instant) throws(PrepaidFault) -> Bool {
        let least = rules.least(for: price)
        guard funding.amount >= least else { throw .depositBelowMinimum(deposit: funding.amount, minimum: least) }
        let (perHour, signature) = (rules.perHour, funding.authorization.signature)
        return try entries.withLock { (entries: inout LastHour<Entry>) throws(PrepaidFault) in
            let recent = entries.recent(of: funding.payer, at: now)
            if recent.contains(where: { $0.signature == signature }) { return false }
            guard recent.count < perHour else { throw .depositsTooOften(payer: funding.payer, perHour: perHour) }
            entries.add(Entry(signature: signature, time: now), of: funding.payer, at: now)
            return true
        }
    }

    /// Takes in that a deposit may have cost a transaction, and was not made.
    func failed(_ funding: Funding) {
        entries.withLock { entries in
            entries.change(funding.payer) { recent in
                for index in recent.indices where recent[index].signature == funding.authorization.signature {
                    recent[index].signature = nil
                }
            }
        }
    }

    /// Forgets a deposit for which nothing was sent.
    func forget(_ funding: Funding) {
        entries.withLock { entries in
            entries.change(funding.payer) { recent in
                recent.removeAll { $0.signature == funding.authorization.signature }
            }
        }
    }
}
