// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingPrimitives

extension VoucherPayer {
    /// How many payments may be in doubt at once; each has another price, or they would be the same voucher.
    static let maximumDoubts = 32

    /// What a request of this price needs: a voucher, and a deposit when the channel does not cover it.
    func payment(of price: Amount, deposit: DepositLeave, at now: Instant) throws(Refusal) -> Payment {
        guard let ceiling = charged.adding(price) else { throw .overflow }
        let exact = doubts.count { $0.manner == .exact }
        guard exact < Self.maximumDoubts || doubts.contains(where: { $0.ceiling == ceiling }) else {
            throw .tooManyDoubts(exact)
        }
        guard ceiling > limit else { return Payment(price: price, ceiling: ceiling, deposit: nil) }
        return Payment(price: price, ceiling: ceiling, deposit: try leave(deposit, covering: ceiling, at: now))
    }

    /// The deposit to send along: the one that was signed before as long as it can be used, so that two can never be
    /// locked where one was meant.
    private func leave(
        _ deposit: DepositLeave, covering ceiling: Amount, at now: Instant
    ) throws(Refusal) -> DepositLeave {
        var leave = deposit
        if let outstanding, outstanding.validBefore >= UInt64(clamping: now.unixSeconds) {
            guard let sum = limit.adding(outstanding.amount), ceiling <= sum,
                outstanding.validBefore >= UInt64(clamping: now.advanced(bySeconds: Self.leastValidity).unixSeconds)
            else { throw .depositOutstanding(amount: outstanding.amount, validBefore: outstanding.validBefore) }
            leave = outstanding
        }
        guard let sum = limit.adding(leave.amount) else { throw .overflow }
        guard ceiling <= sum else {
            throw .depositTooSmall(deposit: leave.amount, missing: ceiling.clampedSubtracting(sum))
        }
        return leave
    }

    /// How long a deposit must still be valid to be worth sending.
    ///
    /// - Unit: seconds.
    static let leastValidity: Int64 = 10

    mutating func begin(_ payment: Payment) -> [Effect] {
        authorised = max(authorised, payment.ceiling)
        phase = payment.manner == .exact ? .awaiting(payment) : .ahead(inFlight + [payment])
        guard let deposit = payment.deposit else { return [.sign(ceiling: payment.ceiling)] }
        outstanding = deposit
        return [.authorizeDeposit(deposit), .sign(ceiling: payment.ceiling)]
    }

    /// The payee took the payment, and said what of it.
    mutating func take(_ amount: Amount, for payment: Payment) throws(Refusal) {
        guard amount <= payment.price else { throw .overcharged(charged: amount, price: payment.price) }
        var next = self
        // Counted from where the payment started: a claim that the settlement told of meanwhile may hold it already.
        guard let sum = payment.start.adding(amount) else { throw .overflow }
        next.charged = max(charged, sum)
        if payment.deposit != nil { try next.lockOutstanding() }
        if !amount.isZero {
            // It started from the same sum as all that were in doubt, so none of them was taken. What was signed ahead,
            // and higher, may yet be: where it is on its way still.
            next.doubts = doubts.filter { $0.manner != .exact && $0.ceiling > payment.ceiling }
            for index in next.doubts.indices { next.doubts[index].manner = .past }
            next.isRebuilt = false
        } else if doubts.count(where: { $0.manner == .exact }) < Self.maximumDoubts / 2 {
            // The books did not move, so a copy that is still on its way may yet be taken. Half the room is left for
            // payments that were never answered, since only they can be refused.
            next.doubt(payment)
        }
        next.areDoubtsTold = true
        next.phase = .idle
        let known = max(next.doubts.reduce(sum) { max($0, $1.ceiling) }, sum)
        if claimed > known { next.misconduct = .overclaimed(claimed: claimed, known: known) }
        self = next
    }

    /// Takes the payee's word that the channel holds more than we know of.
    ///
    /// Less is believed only while a refund is in doubt, which explains it: otherwise a payee could have the same
    /// deposit made again and again.
    private mutating func believe(_ told: Amount, charged: Amount) throws(Refusal) {
        if isRefundInDoubt, told < balance, told >= charged {
            try giveBack(balance.clampedSubtracting(told))
            isRefundInDoubt = false
            return
        }
        if let deposit = outstanding, let sum = balance.adding(deposit.amount), told >= sum { try lockOutstanding() }
        if isRebuilt, told > balance {
            hearsay = hearsay.adding(told.clampedSubtracting(balance)) ?? .max
            balance = told
        }
    }

    mutating func doubt(_ payment: Payment) {
        areDoubtsTold = false
        // What the settlement has booked meanwhile, nobody needs to be shown.
        // One that was signed ahead of others may be owed although those have been charged above it.
        // Signed exactly and signed ahead, a voucher may have paid for both; once more in the same manner, only once.
        let isExact = payment.manner == .exact
        guard payment.ceiling > charged || !isExact,
            !doubts.contains(where: { $0.ceiling == payment.ceiling && ($0.manner == .exact) == isExact })
        else { return }
        doubts.append(payment)
    }

    /// Counts a deposit in on the payee's word.
    private mutating func lockOutstanding() throws(Refusal) {
        guard let deposit = outstanding else { return }
        guard let sum = balance.adding(deposit.amount) else { throw .overflow }
        balance = sum
        outstanding = nil
        unseen = deposit
    }

    /// Follows the payee's books, when they can be true.
    ///
    /// Less than we know of is believed, as it costs us nothing, but not less than was claimed. More must be a payment
    /// that we are in doubt of, shown by its very voucher; a voucher that was answered with a smaller charge proves
    /// nothing new.
    mutating func adopt(
        _ told: Amount, _ toldBalance: Amount?, _ proof: Voucher?, _ ledger: ChannelSnapshot?,
        offering payment: Payment?
    ) throws(Refusal) {
        var next = self
        if let ledger { next.observe(ledger) }
        let open = doubts + [payment].compactMap { $0 }
        let signed = proof?.ceiling ?? .zero
        guard told >= max(next.claimed, ledger?.totalClaimed ?? .zero) else {
            throw .unprovenCorrection(charged: told, signed: signed)
        }
        if told > next.charged {
            guard let proof, told <= proof.ceiling, proof.isBy(terms.voucherSigner) else {
                throw .unprovenCorrection(charged: told, signed: signed)
            }
            let shown = open.first { $0.ceiling == proof.ceiling }
            // Of several that were in flight together the payee shows the highest that it has, which proves them all; and
            // all of them together cannot come to more than their prices.
            let isAhead = open.contains { $0.manner != .exact }
            // Only later books than these can have signed more: these are old ones that were put back. The payee could
            // take what it shows in any case.
            if proof.ceiling > authorised { next.isRebuilt = true }
            guard next.isRebuilt || (isAhead ? told <= next.owable : shown != nil) else {
                throw .overstated(charged: told, known: next.charged)
            }
            // The voucher came with the deposit, and was taken: so the deposit was, too.
            if ledger == nil, let deposit = shown?.deposit, deposit == next.outstanding { try next.lockOutstanding() }
            next.authorised = max(authorised, proof.ceiling)
        }
        if ledger == nil, let toldBalance { try next.believe(toldBalance, charged: told) }
        next.forgetDoubts(worth: told.clampedSubtracting(next.charged))
        next.charged = told
        if told != charged {
            next.doubts.removeAll { $0.manner == .exact }
            next.isRebuilt = false
        } else if let payment {
            // The books did not move, so a copy that is still on its way may yet be taken.
            next.doubt(payment)
        }
        next.areDoubtsTold = true
        next.phase = .idle
        self = next
    }

    /// Takes in a refund.
    ///
    /// More than `balance − charged` is no fault: a payee also gives back what it charged and failed to deliver. More
    /// than the balance shows that a deposit was locked of which nobody told.
    mutating func giveBack(_ amount: Amount) throws(Refusal) {
        var next = self
        if amount > balance { try next.lockOutstanding() }
        guard let rest = next.balance.subtracting(amount) else {
            throw .refundTooLarge(amount: amount, left: next.balance)
        }
        next.balance = rest
        next.hearsay = hearsay.clampedSubtracting(amount)
        // A refund takes from what was being taken out, first.
        let pending = withdrawal?.amount.clampedSubtracting(amount) ?? .zero
        if pending.isZero { next.withdrawal = nil } else { next.withdrawal?.amount = pending }
        next.refundNonce += refundNonce == .max ? 0 : 1
        self = next
    }

    // MARK: - The settlement

    /// Takes in what the settlement says, unless something newer is known.
    mutating func observe(_ snapshot: ChannelSnapshot) {
        guard snapshot.block.height >= height, findDeposits(in: snapshot) else { return }
        height = snapshot.block.height
        balance = snapshot.balance
        hearsay = .zero
        withdrawal = snapshot.withdrawal
        refundNonce = snapshot.refundNonce
        isRefundInDoubt = false
        claimed = snapshot.totalClaimed
        // What is taken is taken. Whether it was owed shows in what was signed and never answered. Where several are in
        // flight, their answers say what was charged; it must not be counted twice.
        if case .ahead = phase {
            if claimed > owable { misconduct = .overclaimed(claimed: claimed, known: owable) }
        } else {
            countClaim()
        }
    }

    /// Whether the settlement shows the deposits that were signed.
    ///
    /// One that only the payee told of may be missing, because the block is older than its word, or its word is wrong:
    /// then it is outstanding again, so that no other is signed in its place while it can still be locked.
    ///
    /// - Returns: `false` when the snapshot must be older than what is known.
    private mutating func findDeposits(in snapshot: ChannelSnapshot) -> Bool {
        // What was being taken out may have been taken out.
        let held = (snapshot.withdrawal == nil ? limit : balance).clampedSubtracting(hearsay)
        // A refund that we did not hear of came after the deposit.
        let isOlder = snapshot.balance < held && snapshot.refundNonce <= refundNonce
        if let told = unseen, isOlder, snapshot.block.isBefore(theEndOf: told) {
            guard outstanding == nil else { return false }
            outstanding = told
        } else if let leave = outstanding {
            let isLocked = held.adding(leave.amount).map { snapshot.balance >= $0 } ?? false
            if isLocked || !snapshot.block.isBefore(theEndOf: leave) { outstanding = nil }
        }
        unseen = nil
        return true
    }

    /// What the payee must have known when it took a payment, and what no honest one does.
    public enum Misconduct: Hashable, Sendable {
        case overcharged(charged: Amount, price: Amount)
        case overstated(charged: Amount, known: Amount)
        case overclaimed(claimed: Amount, known: Amount)
    }
}

extension Block {
    /// Whether a later block may still lock the deposit; Permit2 does so in the last second, too.
    fileprivate func isBefore(theEndOf leave: DepositLeave) -> Bool {
        UInt64(clamping: time.unixSeconds) <= leave.validBefore
    }
}
