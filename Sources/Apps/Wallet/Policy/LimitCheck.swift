// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// One set of limits, held against one payment.
struct LimitCheck {
    let member: String
    let limits: SpendingLimits

    func spending(_ price: Amount, after totals: SpendingTotals) throws(PolicyRefusal) {
        if let excess = excess(over: .perRequest, by: price) { throw .perRequest(excess) }
        if let excess = excess(over: .perMinute, after: totals.lastMinute, by: price) { throw .perMinute(excess) }
        if let excess = excess(over: .perHostPerDay, after: totals.toHostToday, by: price) {
            throw .perHostPerDay(excess)
        }
        if let excess = excess(over: .perDay, after: totals.today, by: price) { throw .perDay(excess) }
        if let excess = excess(over: .perHost, after: totals.toHostEver, by: price) { throw .perHost(excess) }
        if let excess = excess(over: .total, after: totals.ever, by: price) { throw .total(excess) }
    }

    func locking(_ intent: PaymentIntent, after totals: SpendingTotals) throws(PolicyRefusal) {
        guard !intent.deposit.isZero else { return }
        if let excess = excess(over: .depositPerChannel, by: intent.locked) { throw .depositPerChannel(excess) }
        if let excess = excess(over: .depositInAll, after: totals.lockedInAll, by: intent.deposit) {
            throw .depositInAll(excess)
        }
    }

    func questions(about intent: PaymentIntent) -> [Question] {
        [
            excess(over: .askAbove, by: intent.price).map { .above($0) },
            excess(over: .askForDepositsAbove, by: intent.deposit).map { .deposit($0) },
        ].compactMap(\.self)
    }

    /// By what a limit would be exceeded; a sum too large for an amount exceeds every limit.
    private func excess(
        over name: SpendingLimits.Name, after spent: Amount = .zero, by asked: Amount
    ) -> LimitExcess? {
        guard let limit = limits[name] else { return nil }
        if let sum = spent.adding(asked), sum <= limit { return nil }
        return LimitExcess(
            member: "\(member).\(name.rawValue)", before: spent, asked: asked, limit: limit,
            dollarDecimals: limits.dollarDecimals)
    }
}
