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
    private struct Turn {
        let time: Instant
        let isSmall: Bool
    }

    /// - Unit: seconds.
    private static let hour: Int64 = 3600
    /// How many payers are remembered; beyond that the one is forgotten that has asked for nothing for longest.
    private static let mostPayers = 65_536

    private let rules: RefundRules
    private let turns = Mutex<[Address: [Turn]]>([:])

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
        try turns.withLock { (turns: inout [Address: [Turn]]) throws(VoucherChannel.Refusal) in
            let recent = Self.recent(turns[payer] ?? [], at: now)
            let small = recent.filter(\.isSmall)
            if recent.count >= rules.perHour, let first = recent.first {
                throw .refundsTooOften(
                    perHour: rules.perHour, leastOfMore: nil, seconds: Self.hour - now.seconds(since: first.time))
            }
            if isSmall, small.count >= rules.smallPerHour, let first = small.first {
                throw .refundsTooOften(
                    perHour: rules.smallPerHour, leastOfMore: least,
                    seconds: Self.hour - now.seconds(since: first.time))
            }
            if turns.count >= Self.mostPayers {
                turns = turns.filter { !Self.recent($0.value, at: now).isEmpty }
                if turns.count >= Self.mostPayers,
                    let oldest = turns.min(by: { Self.last($0.value) < Self.last($1.value) })
                {
                    turns[oldest.key] = nil
                }
            }
            turns[payer] = recent + [Turn(time: now, isSmall: isSmall)]
        }
    }

    /// A turn of a moment that is yet to come is none: the clock was ahead then.
    private static func recent(_ turns: [Turn], at now: Instant) -> [Turn] {
        turns.filter { $0.time <= now && now.seconds(since: $0.time) < hour }
    }

    private static func last(_ turns: [Turn]) -> Instant { turns.last?.time ?? Instant(unixSeconds: .min) }
}
