// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingVoucherScheme

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
    private let turns: PayerTurns

    init(_ rules: RefundRules) { turns = PayerTurns(perHour: rules.perHour, smallPerHour: rules.smallPerHour) }

    /// Counts a refund before it is made.
    ///
    /// - Parameters:
    ///   - refundable: What is left; a refund of all of it is never a small one.
    ///   - least: What a refund is not small from.
    /// - Throws: ``VoucherChannel/Refusal/refundsTooOften(perHour:leastOfMore:seconds:)``; nothing is counted then.
    func take(
        _ payer: Address, _ amount: Amount, of refundable: Amount, least: Amount, at now: Instant
    ) throws(VoucherChannel.Refusal) {
        do throws(PayerTurns.Exhausted) {
            try turns.take(payer, isSmall: amount < least && amount < refundable, at: now)
        } catch {
            throw .refundsTooOften(
                perHour: error.perHour, leastOfMore: error.isOfSmall ? least : nil, seconds: error.seconds)
        }
    }
}
