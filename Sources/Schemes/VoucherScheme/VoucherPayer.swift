// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A one-way channel as the payer sees it: what it signed, what it was charged, what is left.
///
///     idle ──requestStarted──▶ awaiting ──answered / refused / corrected──▶ idle
///
/// The payer signs one request at a time and never more than its price above what it was charged, so the most
/// that a payee can take without delivering is the price of one request. Every correction that the payer follows
/// may be a lie about one more such request: follow one, then stop.
public struct VoucherPayer: ChannelScheme, Hashable {
    public enum Phase: Hashable, Sendable {
        case idle
        /// A payment was signed, and nobody knows yet what became of it.
        case awaiting(Payment)
    }

    /// What was signed for one request.
    public struct Payment: Hashable, Sendable {
        public let price: Amount
        public let ceiling: Amount
        /// Zero when the channel holds enough already.
        public let deposit: Amount
    }

    public enum Event: Hashable, Sendable {
        /// A request is about to be sent; `deposit` is how much to add when the channel holds too little.
        case requestStarted(price: Amount, deposit: Amount)
        case answered(charged: Amount)
        /// The payee did not take the payment: nothing was charged and nothing deposited.
        case refused
        /// The payee showed a voucher of ours that proves higher books than our own. `ledger` is what the payer itself
        /// read from the settlement, never what the payee says of it.
        case corrected(charged: Amount, proof: Voucher, ledger: ChannelSnapshot)
        case refunded(Amount)
    }

    public enum Effect: Hashable, Sendable {
        case sign(ceiling: Amount)
        case authorizeDeposit(Amount)
    }

    public let id: ChannelID
    public let terms: ChannelTerms
    public private(set) var phase: Phase = .idle
    public private(set) var charged: Amount
    /// Deposits less refunds.
    public private(set) var balance: Amount
    /// The highest ceiling that was ever signed: the most that can be taken.
    public private(set) var authorised: Amount

    public init(id: ChannelID, terms: ChannelTerms, ledger: ChannelSnapshot? = nil) {
        self.id = id
        self.terms = terms
        charged = ledger?.totalClaimed ?? .zero
        balance = ledger?.balance ?? .zero
        authorised = charged
    }

    public mutating func apply(_ event: Event) throws(Refusal) -> [Effect] {
        switch (phase, event) {
        case (.idle, .requestStarted(let price, let deposit)):
            guard let ceiling = charged.adding(price) else { throw .overflow }
            guard ceiling > balance else { return begin(Payment(price: price, ceiling: ceiling, deposit: .zero)) }
            guard let sum = balance.adding(deposit) else { throw .overflow }
            guard ceiling <= sum else {
                throw .depositTooSmall(deposit: deposit, missing: ceiling.clampedSubtracting(sum))
            }
            return begin(Payment(price: price, ceiling: ceiling, deposit: deposit))

        case (.awaiting(let payment), .answered(let amount)):
            guard amount <= payment.price else { throw .overcharged(charged: amount, price: payment.price) }
            guard let charged = charged.adding(amount), let balance = balance.adding(payment.deposit) else {
                throw .overflow
            }
            self.charged = charged
            self.balance = balance
            phase = .idle
            return []
        case (.awaiting, .refused):
            phase = .idle
            return []
        case (.awaiting, .corrected(let charged, let proof, let ledger)):
            guard charged <= proof.ceiling, charged >= ledger.totalClaimed, proof.signer.address == terms.voucherSigner
            else { throw .unprovenCorrection(charged: charged, signed: proof.ceiling) }
            self.charged = charged
            balance = ledger.balance
            authorised = max(authorised, proof.ceiling)
            phase = .idle
            return []

        case (.idle, .refunded(let amount)):
            // More than `balance − charged` is no fault: a payee also gives back what it charged and failed to deliver.
            guard let rest = balance.subtracting(amount) else {
                throw .refundTooLarge(amount: amount, left: balance)
            }
            balance = rest
            return []

        case (.awaiting, .requestStarted), (.awaiting, .refunded): throw .requestInFlight
        case (.idle, .answered), (.idle, .refused), (.idle, .corrected): throw .nothingInFlight
        }
    }

    private mutating func begin(_ payment: Payment) -> [Effect] {
        authorised = max(authorised, payment.ceiling)
        phase = .awaiting(payment)
        return (payment.deposit.isZero ? [] : [.authorizeDeposit(payment.deposit)]) + [.sign(ceiling: payment.ceiling)]
    }
}
