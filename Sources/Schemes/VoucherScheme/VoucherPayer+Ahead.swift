// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

// Several payments in flight.
extension VoucherPayer {
    /// How many payments that were signed ahead may be in flight or in doubt.
    static let maximumAhead = 256

    /// The payment of a request beside others, or `nil` where it cannot be signed ahead.
    ///
    /// After a doubt nobody knows from which sum to count, so none is signed ahead until a payment that was signed
    /// exactly was answered: then the payee had nothing else in flight, and counted from the same sum.
    func aheadPayment(of price: Amount, within limits: SigningAhead) -> Payment? {
        let doubts = doubts.filter { !isStale($0, within: limits) }
        let isClear = doubts.allSatisfy { $0.manner == .past || $0.manner == .exact && areDoubtsTold }
        let inFlight = inFlight
        guard isClear, !isRebuilt, !isRefundInDoubt, inFlight.count < limits.maximum,
            inFlight.count + doubts.count < Self.maximumAhead,
            let due = charged.adding(inFlight.price)?.adding(price), let fresh = authorised.adding(Amount(units: 1))
        else { return nil }
        let ceiling = max(due, fresh)
        guard ceiling <= limit, ceiling <= charged.adding(limits.window) ?? .max else { return nil }
        return Payment(price: price, ceiling: ceiling, deposit: nil, manner: .ahead)
    }

    /// Whether no payee takes a payment any more that was signed ahead, because the charge is too far past it.
    func isStale(_ payment: Payment, within limits: SigningAhead) -> Bool {
        payment.manner == .past && (payment.ceiling.adding(limits.reachBack).map { $0 < charged } ?? false)
    }

    /// The payee took one of several, and said what of it.
    mutating func takeAhead(_ amount: Amount, ceiling: Amount, of payments: [Payment]) throws(Refusal) {
        guard let index = payments.firstIndex(where: { $0.ceiling == ceiling }) else { throw .nothingInFlight }
        let payment = payments[index]
        guard amount <= payment.price else { throw .overcharged(charged: amount, price: payment.price) }
        guard let sum = charged.adding(amount) else { throw .overflow }
        charged = sum
        // A free one is known to the payee, and taken again only by one that forgot it.
        if amount.isZero, doubts.count < Self.maximumAhead / 2 {
            let areTold = doubts.isEmpty || areDoubtsTold
            var past = payment
            past.manner = .past
            doubt(past)
            areDoubtsTold = areTold
        }
        remove(index, from: payments)
    }

    /// One of several came to an end of which nothing is known but that it may have been taken.
    mutating func endAhead(ceiling: Amount, of payments: [Payment]) throws(Refusal) {
        guard let index = payments.firstIndex(where: { $0.ceiling == ceiling }) else { throw .nothingInFlight }
        doubt(payments[index])
        remove(index, from: payments)
    }

    mutating func remove(_ index: Int, from payments: [Payment]) {
        var rest = payments
        rest.remove(at: index)
        phase = rest.isEmpty ? .idle : .ahead(rest)
        if rest.isEmpty { countClaim() }
    }

    /// Counts as charged what was claimed, once that cannot be what is in flight.
    mutating func countClaim() {
        guard claimed > charged else { return }
        let known = owable
        if claimed > known, !isRebuilt { misconduct = .overclaimed(claimed: claimed, known: known) }
        forgetDoubts(worth: claimed.clampedSubtracting(charged))
        charged = claimed
        authorised = max(authorised, charged)
        doubts.removeAll { $0.manner == .exact && $0.ceiling <= charged }
    }

    /// The most that can have been charged: one of those in doubt that were signed exactly, and all that were signed ahead.
    var owable: Amount {
        let open = doubts + inFlight
        let exact = open.reduce(charged) { $1.manner == .exact ? max($0, $1.ceiling) : $0 }
        return exact.adding(open.price) ?? .max
    }

    /// Forgets doubts that turned out to have been taken.
    ///
    /// Nobody can tell which of those signed ahead they were. So many are forgotten as the sum pays for in full: what is
    /// left is never less than what may still be owed.
    mutating func forgetDoubts(worth sum: Amount) {
        var rest = sum
        doubts.removeAll { doubt in
            guard doubt.manner != .exact, !doubt.price.isZero, let less = rest.subtracting(doubt.price) else {
                return false
            }
            rest = less
            return true
        }
    }
}
