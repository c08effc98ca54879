// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme

/// What a look at a channel told of things whose outcome was unknown.
struct Findings: Hashable, Sendable {
    /// Whose payments these are, where one channel pays many; `nil` for all of the channel.
    var payee: Address?
    /// What became of payments in doubt; `nil` when nothing was told of them.
    var payments: DoubtsSettled?
    /// What the payee was given and does not own up to, where it says so: the rest of what it refused is paid ahead.
    var untold: Amount?
    /// What a refund in doubt gave back: zero when it was never made, `nil` when nobody knows yet.
    var refunded: Amount?
    /// What a withdrawal paid out whose end was not seen.
    var withdrawn: Amount?
    /// What a refund left of a withdrawal that is under way: zero when it took all of it, `nil` when there was none.
    var withdrawalLeft: Amount?

    init(payments: DoubtsSettled? = nil, withdrawalLeft: Amount? = nil) {
        self.payments = payments
        self.withdrawalLeft = withdrawalLeft
    }

    /// Compares a channel's books before and after the payee or the settlement was heard.
    ///
    /// - Parameters:
    ///   - proof: The ceiling of the voucher that the payee showed.
    ///   - payeeTold: Whether the payee said how it counts; the settlement alone does not know what is not claimed.
    init(from before: VoucherPayer, to after: VoucherPayer, proof: Amount? = nil, payeeTold: Bool = false) {
        let more = after.charged.clampedSubtracting(before.charged)
        let isFinal = after.doubts.isEmpty
        if !more.isZero {
            let open = (before.doubts + [before.awaited].compactMap { $0 }).map(\.ceiling)
            // Without a voucher that shows which, it was one that covers the sum.
            let shown = open.first { $0 == proof } ?? open.filter { $0 >= after.charged }.min() ?? proof
            payments =
                before.doubts.contains { $0.manner != .exact }
                ? .takenTogether(more, isFinal: isFinal)
                : .taken(more, ceiling: shown ?? after.charged, isFinal: isFinal)
        } else if payeeTold {
            payments = .noneTaken(isFinal: isFinal)
        }
        var held = before.balance
        if let deposit = before.outstanding, after.outstanding == nil, after.refundNonce > before.refundNonce {
            held = held.adding(deposit.amount) ?? .max
        }
        if before.isRefundInDoubt, !after.isRefundInDoubt {
            refunded = after.refundNonce > before.refundNonce ? held.clampedSubtracting(after.balance) : .zero
        }
        if before.withdrawal != nil, after.withdrawal == nil, after.refundNonce == before.refundNonce {
            withdrawn = before.balance.clampedSubtracting(after.balance)
        }
        withdrawalLeft = Self.withdrawalLeft(from: before, to: after)
    }

    /// What a refund that was made between the two left of a withdrawal that was under way.
    static func withdrawalLeft(from before: VoucherPayer, to after: VoucherPayer) -> Amount? {
        guard after.refundNonce > before.refundNonce else { return nil }
        if let left = after.withdrawal?.amount { return left }
        // One that the books never saw may be under way all the same, unless there is nothing left to take out.
        return before.withdrawal != nil || after.refundable.isZero ? .zero : nil
    }
}
