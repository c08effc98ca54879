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
    private struct Entry {
        let salt: Hash32
        let time: Instant
    }

    /// - Unit: seconds.
    private static let hour: Int64 = 3600
    /// How many payers are remembered: more than deposits can be handed in within an hour.
    private static let mostPayers = 65_536

    private let rules: DepositRules
    private let entries = Mutex<[Address: [Entry]]>([:])

    init(_ rules: DepositRules) { self.rules = rules }

    /// Counts a deposit before it is handed in; the same one counts once.
    ///
    /// - Returns: Whether it was new.
    func begin(_ funding: Funding, price: Amount, at now: Instant) throws(PrepaidFault) -> Bool {
        let least = rules.least(for: price)
        guard funding.amount >= least else { throw .depositBelowMinimum(deposit: funding.amount, minimum: least) }
        let (perHour, salt) = (rules.perHour, funding.authorization.salt)
        let (isNew, refusal) = entries.withLock { entries -> (Bool, PrepaidFault?) in
            let recent = entries[funding.payer, default: []].filter { now.seconds(since: $0.time) < Self.hour }
            if recent.contains(where: { $0.salt == salt }) { return (false, nil) }
            if entries.count >= Self.mostPayers {
                entries = entries.filter { $0.value.contains { now.seconds(since: $0.time) < Self.hour } }
            }
            guard recent.count < perHour, entries.count < Self.mostPayers else {
                return (false, .depositsTooOften(payer: funding.payer, perHour: perHour))
            }
            entries[funding.payer] = recent + [Entry(salt: salt, time: now)]
            return (true, nil)
        }
        if let refusal { throw refusal }
        return isNew
    }

    /// Forgets a deposit that its payer did not sign: anybody may hand in what is said to be another's.
    func forget(_ funding: Funding) {
        entries.withLock { $0[funding.payer]?.removeAll { $0.salt == funding.authorization.salt } }
    }
}
