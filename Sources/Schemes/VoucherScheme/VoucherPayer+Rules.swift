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
        guard ceiling > limit else { return Payment(price: price, ceiling: ceiling, deposit: nil) }
        let leave = try leave(deposit, covering: ceiling, at: now)
        guard doubts.count < Self.maximumDoubts || doubts.contains(where: { $0.ceiling == ceiling }) else {
            throw .tooManyDoubts(doubts.count)
        }
        return Payment(price: price, ceiling: ceiling, deposit: leave)
    }

    /// The deposit to send along: the one that was signed before as long as it can be used, so that two can never be
    /// locked where one was meant.
    private func leave(
        _ deposit: DepositLeave, covering ceiling: Amount, at now: Instant
    ) throws(Refusal) -> DepositLeave {
        var leave = deposit
        if let outstanding, outstanding.validBefore > UInt64(clamping: now.unixSeconds) {
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
        phase = .awaiting(payment)
        guard let deposit = payment.deposit else { return [.sign(ceiling: payment.ceiling)] }
        outstanding = deposit
        return [.authorizeDeposit(deposit), .sign(ceiling: payment.ceiling)]
    }

    /// The payee took the payment, and said what of it.
    mutating func take(_ amount: Amount, for payment: Payment) throws(Refusal) {
        guard amount <= payment.price else { throw .overcharged(charged: amount, price: payment.price) }
        var next = self
        guard let charged = charged.adding(amount) else { throw .overflow }
        next.charged = charged
        if payment.deposit != nil { try next.lockOutstanding() }
        next.isRebuilt = false
        // It started from the same sum as all that were in doubt, so none of them was taken.
        next.doubts = []
        next.phase = .idle
        self = next
    }

    /// Takes the payee's word that the channel holds more than we know of.
    private mutating func believe(_ told: Amount) throws(Refusal) {
        if let deposit = outstanding, let sum = balance.adding(deposit.amount), told >= sum { try lockOutstanding() }
        if isRebuilt { balance = max(balance, told) }
    }

    mutating func doubt(_ payment: Payment) {
        if !doubts.contains(where: { $0.ceiling == payment.ceiling }) { doubts.append(payment) }
    }

    private mutating func lockOutstanding() throws(Refusal) {
        guard let deposit = outstanding else { return }
        guard let sum = balance.adding(deposit.amount) else { throw .overflow }
        balance = sum
        outstanding = nil
    }

    /// Follows the payee's books, when they can be true.
    ///
    /// Less than we know of is always believed: it costs us nothing. More must be a payment that we are in doubt of,
    /// shown by its very voucher; a voucher that was answered with a smaller charge proves nothing new.
    mutating func adopt(
        _ told: Amount, _ toldBalance: Amount?, _ proof: Voucher?, _ ledger: ChannelSnapshot?,
        offering payment: Payment?
    ) throws(Refusal) {
        var next = self
        if let ledger {
            guard told >= ledger.totalClaimed else {
                throw .unprovenCorrection(charged: told, signed: proof?.ceiling ?? .zero)
            }
            next.observe(ledger)
        }
        if told > charged {
            guard let proof, told <= proof.ceiling, proof.signer.address == terms.voucherSigner else {
                throw .unprovenCorrection(charged: told, signed: proof?.ceiling ?? .zero)
            }
            let open = doubts + [payment].compactMap { $0 }
            let shown = open.first { $0.ceiling == proof.ceiling }
            guard isRebuilt || shown != nil else { throw .overstated(charged: told, known: charged) }
            // The voucher came with the deposit, and was taken: so the deposit was, too.
            if ledger == nil, shown?.deposit != nil { try next.lockOutstanding() }
            next.authorised = max(authorised, proof.ceiling)
        }
        if ledger == nil, let toldBalance { try next.believe(toldBalance) }
        next.charged = told
        next.isRebuilt = false
        next.doubts = []
        next.phase = .idle
        self = next
    }

    /// Takes in what the settlement says, unless something newer is known.
    mutating func observe(_ snapshot: ChannelSnapshot) {
        guard snapshot.block.height >= height else { return }
        if let deposit = outstanding, let sum = balance.adding(deposit.amount), snapshot.balance >= sum {
            outstanding = nil
        }
        height = snapshot.block.height
        balance = snapshot.balance
        withdrawal = snapshot.withdrawal
        isRefundInDoubt = false
        claimed = snapshot.totalClaimed
        guard snapshot.totalClaimed > charged else { return }
        // What is taken is taken. Whether it was owed shows in what was signed and never answered.
        var open = doubts
        if case .awaiting(let payment) = phase { open.append(payment) }
        let known = open.map(\.ceiling).max() ?? charged
        if snapshot.totalClaimed > known, !isRebuilt {
            misconduct = .overclaimed(claimed: snapshot.totalClaimed, known: known)
        }
        charged = snapshot.totalClaimed
        authorised = max(authorised, charged)
        doubts = doubts.filter { $0.ceiling > charged }
    }

    /// What the payee must have known when it took a payment, and what no honest one does.
    public enum Misconduct: Hashable, Sendable {
        case overcharged(charged: Amount, price: Amount)
        case overstated(charged: Amount, known: Amount)
        case overclaimed(claimed: Amount, known: Amount)
    }
}
