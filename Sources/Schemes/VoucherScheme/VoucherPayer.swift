// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A one-way channel as the payer sees it: what it signed, what it was charged, what is left.
///
///     idle ──requestStarted──▶ awaiting ──answered / refused / corrected──▶ idle
///       │                         └──────outcomeUnknown──────────────────▶ idle, with a doubt
///       ├───aheadStarted──▶ ahead ──aheadAnswered / aheadEnded / aheadUnsent──▶ ahead, or idle after the last
///       └───refundStarted───▶ refunding ──refunded / refundFailed / outcomeUnknown──▶ idle
///
/// The payer signs one request at a time and never more than its price above what it was charged, so the most
/// that a payee can take without delivering is the price of one request. A payment of which nobody knows what became
/// stays as a *doubt*: the next voucher starts from the same sum, so a payee that took it must say so, and show it.
///
/// Where a payee offers it, the payer signs *ahead*: each voucher covers what was charged, all that is in flight and its
/// own price, and goes above all that was ever signed. Then the prices of all that is in flight can be taken. After a
/// doubt nothing is signed ahead until the rest has ended and one payment was answered exactly.
///
/// - Source: x402 v2, scheme `batch-settlement` on EVM, client; `Specs/voucher.md` and `Specs/sign-ahead.md` list every
///   rule.
public struct VoucherPayer: StoredChannelScheme, Hashable {
    public static let schemeName = "voucher-payer"

    public enum Phase: Hashable, Sendable {
        case idle
        /// A payment was signed, and nobody knows yet what became of it.
        case awaiting(Payment)
        /// Payments were signed ahead, and nobody knows yet what became of them; at least one.
        case ahead([Payment])
        /// All that is left was asked back, or so much of it.
        case refunding(Amount?)
    }

    public enum Event: Hashable, Sendable {
        /// A request is about to be sent; `deposit` is what to add when the channel holds too little.
        case requestStarted(price: Amount, deposit: DepositLeave, at: Instant)
        case answered(charged: Amount)
        /// The same, where other requests may be in flight.
        ///
        /// It is signed ahead when that can be done, and exactly when nothing is in flight; else it is refused with
        /// ``Refusal/requestInFlight``.
        case aheadStarted(price: Amount, deposit: DepositLeave, at: Instant, SigningAhead)
        /// The payment with this ceiling, one of those that were signed ahead, was taken.
        case aheadAnswered(ceiling: Amount, charged: Amount)
        /// It was refused, or nobody knows: the payee's books say nothing as long as others are in flight.
        case aheadEnded(ceiling: Amount)
        /// No byte of it left, so that nobody can take it.
        case aheadUnsent(ceiling: Amount)
        /// The payee says that it did not take the payment. It may have taken another copy of it.
        case refused
        /// The payee says that it charged nothing for the payment, without showing its books.
        case notCharged
        /// The answer was neither a charge nor a refusal, or there was none.
        case outcomeUnknown
        /// The payee's books differ from ours.
        ///
        /// `balance` is what the payee says that the channel holds, which is believed only upwards: a voucher above
        /// the balance is the payee's loss. `proof` is a voucher of ours that it shows; `ledger` is what the payer
        /// itself read from the settlement.
        case corrected(charged: Amount, balance: Amount?, proof: Voucher?, ledger: ChannelSnapshot?)
        /// The payer read the settlement.
        case observed(ChannelSnapshot)
        /// Money is about to be asked back; `nil` is all that is left.
        case refundStarted(Amount?)
        case refunded(Amount)
        /// The payee would not give it back; nothing moved.
        case refundFailed
        /// The payee did what no honest one does: nothing more is signed for it.
        case suspended(Misconduct)
        /// A person decided to go on all the same.
        case resumed
    }

    public enum Effect: Hashable, Sendable {
        case sign(ceiling: Amount)
        case authorizeDeposit(DepositLeave)
    }

    public let id: ChannelID
    public let terms: ChannelTerms
    public internal(set) var phase: Phase = .idle
    /// What the payee told that it charged, as far as it could be believed.
    public internal(set) var charged: Amount
    /// Deposits less refunds and withdrawals.
    public internal(set) var balance: Amount
    /// What of ``balance`` is the payee's word alone: no block showed it, and no deposit of these books covers it.
    public internal(set) var hearsay = Amount.zero
    /// The highest ceiling that was ever signed: the most that can be taken.
    public internal(set) var authorised: Amount
    /// Payments that may have been taken without our knowing; of those signed exactly, all start from the same sum.
    public internal(set) var doubts: [Payment] = []
    /// Whether the payee has told its books since the last of ``doubts`` arose: then none was taken, as far as it knows.
    ///
    /// They stay all the same, because a copy that is still on its way may yet be taken.
    public internal(set) var areDoubtsTold = false
    /// A deposit that was signed, and is neither known to be locked nor void.
    public internal(set) var outstanding: DepositLeave?
    /// A deposit that counts in ``balance`` on the payee's word, and that the settlement has not shown yet.
    public internal(set) var unseen: DepositLeave?
    /// A refund was asked for, and nobody knows what became of it.
    public internal(set) var isRefundInDoubt = false
    /// How many refunds are known of.
    public internal(set) var refundNonce: UInt64
    /// What the payer is taking out without the payee.
    public internal(set) var withdrawal: PendingWithdrawal?
    /// What was claimed in the block that was read last.
    public internal(set) var claimed: Amount
    /// The height of the block that was read last.
    public internal(set) var height: UInt64
    /// Whether the books may be incomplete: then a voucher of ours proves more than they do.
    ///
    /// True until they have moved once by agreement with the payee, because the same key may have used the channel before.
    public internal(set) var isRebuilt: Bool
    public internal(set) var misconduct: Misconduct?

    /// - Parameter ledger: What the settlement says of a channel whose books were lost; `nil` for a new channel.
    public init(id: ChannelID, terms: ChannelTerms, ledger: ChannelSnapshot? = nil) {
        self.id = id
        self.terms = terms
        charged = ledger?.totalClaimed ?? .zero
        balance = ledger?.balance ?? .zero
        authorised = charged
        withdrawal = ledger?.withdrawal
        claimed = charged
        refundNonce = ledger?.refundNonce ?? 0
        height = ledger?.block.height ?? 0
        isRebuilt = true
    }

    /// How many payments nobody has told the outcome of.
    public var untoldDoubts: Int { areDoubtsTold ? 0 : doubts.count }

    /// How high a voucher may go: the balance, less what is being taken out.
    public var limit: Amount { balance.clampedSubtracting(withdrawal?.amount ?? .zero) }

    /// What could still be spent without another deposit.
    public var spendable: Amount { limit.clampedSubtracting(charged).clampedSubtracting(inFlight.price) }

    /// What would come back if the channel ended now and no doubt went against us.
    public var refundable: Amount { balance.clampedSubtracting(charged) }

    /// What of ``refundable`` is more than the payee's word.
    public var provenRefundable: Amount { balance.clampedSubtracting(hearsay).clampedSubtracting(charged) }

    public mutating func apply(_ event: Event) throws(Refusal) -> [Effect] {
        switch (phase, event) {
        case (.idle, .requestStarted(let price, let deposit, let now)):
            if let misconduct { throw .suspended(misconduct) }
            return begin(try payment(of: price, deposit: deposit, at: now))
        case (.idle, .aheadStarted(let price, let deposit, let now, let limits)):
            if let misconduct { throw .suspended(misconduct) }
            var started = aheadPayment(of: price, within: limits)
            if started == nil { started = try payment(of: price, deposit: deposit, at: now) }
            guard let started else { throw .requestInFlight }
            doubts = doubts.filter { !isStale($0, within: limits) }
            return begin(started)
        case (.ahead, .aheadStarted(let price, _, _, let limits)):
            if let misconduct { throw .suspended(misconduct) }
            guard let payment = aheadPayment(of: price, within: limits) else { throw .requestInFlight }
            doubts = doubts.filter { !isStale($0, within: limits) }
            return begin(payment)
        case (.ahead(let payments), .aheadAnswered(let ceiling, let amount)):
            try takeAhead(amount, ceiling: ceiling, of: payments)
            return []
        case (.ahead(let payments), .aheadEnded(let ceiling)):
            try endAhead(ceiling: ceiling, of: payments)
            return []
        case (.ahead(let payments), .aheadUnsent(let ceiling)):
            guard let index = payments.firstIndex(where: { $0.ceiling == ceiling }) else { throw .nothingInFlight }
            remove(index, from: payments)
            return []
        case (.awaiting(let payment), .answered(let amount)):
            try take(amount, for: payment)
            return []
        case (.awaiting(let payment), .refused), (.awaiting(let payment), .outcomeUnknown):
            doubt(payment)
            phase = .idle
            return []
        case (.awaiting(let payment), .notCharged):
            let areTold = doubts.isEmpty || areDoubtsTold
            doubt(payment)
            areDoubtsTold = areTold
            phase = .idle
            return []
        case (.awaiting(let payment), .corrected(let charged, let balance, let proof, let ledger)):
            try adopt(charged, balance, proof, ledger, offering: payment)
            return []
        case (.refunding, .corrected(let charged, let balance, let proof, let ledger)):
            try adopt(charged, balance, proof, ledger, offering: nil)
            return []

        case (_, .observed(let snapshot)):
            observe(snapshot)
            return []

        case (.idle, .refundStarted(let amount)):
            guard !refundable.isZero, amount.map({ !$0.isZero && $0 <= refundable }) ?? true else {
                throw .nothingToRefund(asked: amount, left: refundable)
            }
            phase = .refunding(amount)
            return [.sign(ceiling: charged)]
        case (.idle, .refunded(let amount)):
            try giveBack(amount)
            isRefundInDoubt = false
            phase = .idle
            return []
        case (.refunding, .refunded(let amount)):
            // This says nothing of an earlier refund that is in doubt.
            try giveBack(amount)
            phase = .idle
            return []
        case (.refunding, .refundFailed):
            phase = .idle
            return []
        case (.refunding, .outcomeUnknown):
            isRefundInDoubt = true
            phase = .idle
            return []

        case (_, .suspended(let misconduct)):
            self.misconduct = misconduct
            return []
        case (_, .resumed):
            // The books may be old ones that were put back; what the payee says must still be shown by our own voucher.
            if misconduct != nil { isRebuilt = true }
            misconduct = nil
            return []

        case (.awaiting, .requestStarted), (.awaiting, .refunded), (.awaiting, .refundStarted),
            (.awaiting, .refundFailed), (.refunding, .requestStarted), (.refunding, .refundStarted),
            (.refunding, .answered), (.refunding, .refused), (.awaiting, .aheadStarted), (.refunding, .aheadStarted),
            (.ahead, .requestStarted), (.ahead, .answered), (.ahead, .refused), (.ahead, .corrected),
            (.ahead, .outcomeUnknown), (.ahead, .notCharged), (.refunding, .notCharged), (.ahead, .refundStarted),
            (.ahead, .refunded), (.ahead, .refundFailed):
            throw .requestInFlight
        case (.idle, .answered), (.idle, .refused), (.idle, .notCharged), (.idle, .corrected), (.idle, .outcomeUnknown),
            (.idle, .refundFailed), (.idle, .aheadAnswered), (.idle, .aheadEnded), (.awaiting, .aheadAnswered),
            (.awaiting, .aheadEnded), (.refunding, .aheadAnswered), (.refunding, .aheadEnded), (.idle, .aheadUnsent),
            (.awaiting, .aheadUnsent), (.refunding, .aheadUnsent):
            throw .nothingInFlight
        }
    }
}
