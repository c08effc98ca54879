// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingVoucherScheme
import Synchronization

/// How often a payer gets money back where each refund costs the payee a claim and a transaction more.
public struct RefundRules: Hashable, Sendable {
    /// How many refunds of one payer are made within an hour.
    public var perHour: Int
    /// How many of these may be of less than the least deposit, and leave something.
    public var smallPerHour: Int

    public init(perHour: Int = 8, smallPerHour: Int = 1) {
        self.perHour = max(perHour, 1)
        self.smallPerHour = min(max(smallPerHour, 1), self.perHour)
    }
}

/// Counts the refunds of each payer within the last hour.
final class RefundTurns: Sendable {
    private struct Turn: TimedTurn {
        let time: Instant
        let isSmall: Bool
    }

    private let rules: RefundRules
    private let turns = Mutex(LastHour<Turn>())

    init(_ rules: RefundRules) { self.rules = rules }

    /// Counts a refund before it is made.
    ///
    /// - Parameters:
    ///   - refundable: What is left; a refund of all of it is never a small one.
    ///   - least: What a refund is not small from.
    /// - Throws: ``VoucherChannel/Refusal/refundsTooOften(perHour:leastOfMore:seconds:)``; nothing is counted then.
    func take(
        _ payer: Address, _ amount: Amount, of refundable: Amount, least: Amount, at now: Instant
    ) throws(VoucherChannel.Refusal) {
        let isSmall = amount < least && amount < refundable
        try turns.withLock { (turns: inout LastHour<Turn>) throws(VoucherChannel.Refusal) in
            let recent = turns.recent(of: payer, at: now)
            let small = recent.filter(\.isSmall)
            if recent.count >= rules.perHour, let first = recent.first {
                throw .refundsTooOften(perHour: rules.perHour, leastOfMore: nil, seconds: Self.wait(after: first, now))
            }
            if isSmall, small.count >= rules.smallPerHour, let first = small.first {
                throw .refundsTooOften(
                    perHour: rules.smallPerHour, leastOfMore: least, seconds: Self.wait(after: first, now))
            }
            turns.add(Turn(time: now, isSmall: isSmall), of: payer, at: now)
        }
    }

    private static func wait(after turn: Turn, _ now: Instant) -> Int64 {
        LastHour<Turn>.seconds - now.seconds(since: turn.time)
    }
}
