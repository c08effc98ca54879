// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

/// How often vouchers of a payer may bring a deposit where each costs the payee a transaction.
public struct DepositTurnRules: Hashable, Sendable {
    /// How many deposits of one payer are handed in within an hour.
    public var perHour: Int
    /// How many of these may be smaller than the least deposit that is offered.
    public var smallPerHour: Int

    public init(perHour: Int = 60, smallPerHour: Int = 8) {
        self.perHour = max(perHour, 1)
        self.smallPerHour = min(max(smallPerHour, 1), self.perHour)
    }
}

/// Counts the deposits that came with vouchers of each payer within the last hour.
final class DepositTurns: Sendable {
    private let turns: PayerTurns

    init(_ rules: DepositTurnRules) {
        turns = PayerTurns(perHour: rules.perHour, smallPerHour: rules.smallPerHour)
    }

    /// Counts a deposit before it is set aside to be handed in.
    ///
    /// - Parameter least: What a deposit is not small from.
    /// - Throws: ``VoucherChannel/Refusal/depositsTooOften(perHour:leastOfMore:seconds:)``; nothing is counted then.
    func take(_ deposit: SignedDeposit, least: Amount, at now: Instant) throws(VoucherChannel.Refusal) {
        do throws(PayerTurns.Exhausted) {
            try turns.take(deposit.terms.payer, isSmall: deposit.amount < least, at: now)
        } catch {
            throw .depositsTooOften(
                perHour: error.perHour, leastOfMore: error.isOfSmall ? least : nil, seconds: error.seconds)
        }
    }

    /// Takes a turn back whose deposit was not set aside.
    func giveBack(_ deposit: SignedDeposit, takenAt time: Instant) {
        turns.giveBack(deposit.terms.payer, takenAt: time)
    }
}
