// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A one-way channel as the payee sees it: the payer deposits, then signs ever higher ceilings.
///
///     idle ──paymentArrived──▶ serving ──served──▶ idle            (a voucher: charged at once)
///      │                        ▲ │ │ └──served──▶ depositing ──deposited──▶ idle
///      │         paymentArrived └─┘ └───released──▶ idle           (nothing delivered, nothing charged)
///      └────refundAsked────────▶ refunding ──refunded / refundFailed──▶ idle
///
/// Many requests are served at once where the payer signs ahead; `idle` is when the last of them has ended. One that
/// was signed exactly has the channel to itself, and so have a deposit and a refund under way.
///
/// Three sums, never one variable: what the payer *authorised* (signed), what was *charged* (for what was
/// delivered), what was *captured* (claimed on the ledger). Captured ≤ charged ≤ authorised ≤ deposited.
///
/// - Source: x402 v2, scheme `batch-settlement` on EVM; `Specs/voucher.md` and `Specs/sign-ahead.md` list every rule.
public struct VoucherChannel: StoredChannelScheme {
    public static let schemeName = "voucher"

    // The rare phases are kept elsewhere, so that a million idle channels are small.
    public enum Phase: Hashable, Sendable {
        case idle
        /// Requests are being answered on the strength of these reservations. Lost at a restart, on purpose.
        case serving(RequestsInFlight)
        /// The request was answered for `price`; its deposit is on the way, and the answer waits for it.
        indirect case depositing(Reservation, price: Amount)
        /// Money is on its way back to the payer.
        indirect case refunding(Refund)
    }

    /// A refund under way.
    public struct Refund: Hashable, Sendable {
        public let id: ReservationID
        public let amount: Amount
        public let nonce: UInt64
    }

    public enum Event: Hashable, Sendable {
        /// The ledger was read.
        case observed(ChannelSnapshot)
        case paymentArrived(Reservation, at: Instant)
        /// A payment arrived for what is there already: it is let in and charged in one go, or neither.
        case paid(Reservation, price: Amount, at: Instant)
        /// What was paid for is there; `price` is what it came to.
        case served(ReservationID, price: Amount, at: Instant)
        /// What was paid for failed, or was given up.
        case released(ReservationID)
        /// The deposit is locked. `charging` is false when nobody waits for the answer any more.
        ///
        /// Refused when the channel does not cover the charge after all: withhold the answer, and tell the same
        /// again without charging.
        case deposited(ReservationID, ChannelSnapshot, charging: Bool, at: Instant)
        case depositFailed(ReservationID)
        /// What was paid for broke off while it was being delivered. The amount is the price that the request came
        /// to, even where credit paid for a part of it: what was charged would give back too little.
        case deliveryFailed(Amount)
        /// A payer wants money back; the voucher is for what was charged so far. `nil` is all that is left.
        case refundAsked(ReservationID, Voucher, amount: Amount?)
        case refunded(ReservationID, ChannelSnapshot)
        case refundFailed(ReservationID)
    }

    public enum Effect: Hashable, Sendable {
        case submitDeposit(SignedDeposit, for: ReservationID)
        /// Claim what was earned, then give `amount` back.
        case submitRefund(amount: Amount, nonce: UInt64, for: ReservationID)
        /// Claim now: the payer is about to take its money out.
        case claim
    }

    public let id: ChannelID
    public let terms: ChannelTerms
    public internal(set) var phase: Phase = .idle
    /// The channel as the ledger last told it.
    public internal(set) var ledger: ChannelSnapshot
    /// The voucher that was accepted last; of requests that were in flight together, the one that goes highest.
    ///
    /// It covers what was charged, so it is all that a claim needs. An earlier one may be higher, where a request cost
    /// less than its price; a payer whose books are behind must be shown this one, since no other proves the last charge.
    public internal(set) var best: Voucher?
    /// What both sides count as spent: the next voucher starts from here.
    public internal(set) var charged: Amount
    /// Charged, and then not delivered: lowers the next charges, is never claimed, and is refunded.
    public internal(set) var credit: Amount
    public internal(set) var lastPaidAt: Instant?
    /// How much the last charge added to ``charged``, which the payer of that request is told.
    ///
    /// It is not stored: it is told in the moment of the charge, or never.
    public internal(set) var lastCharge = Amount.zero
    /// What was signed ahead and let in.
    ///
    /// Lost at a restart, down to the best voucher.
    var seen = SeenCeilings()

    /// A channel of which nothing is known but what the ledger says.
    public init(id: ChannelID, terms: ChannelTerms, ledger: ChannelSnapshot) {
        self.id = id
        self.terms = terms
        self.ledger = ledger
        charged = ledger.totalClaimed
        credit = .zero
    }

    /// What the payer has signed for, and both sides count from.
    public var authorised: Amount { max(best?.ceiling ?? .zero, charged) }

    /// What was delivered and may be taken.
    public var earned: Amount { charged.clampedSubtracting(credit) }

    /// What was earned and not yet claimed.
    public var claimable: Amount { earned.clampedSubtracting(ledger.totalClaimed) }

    /// What would go back to the payer if the channel ended now.
    public var refundable: Amount { ledger.balance.clampedSubtracting(max(earned, ledger.totalClaimed)) }

    /// How high a voucher may go: the balance, less what the payer is about to take out.
    public var limit: Amount { ledger.balance.clampedSubtracting(ledger.withdrawal?.amount ?? .zero) }

    /// What is signed ahead must go higher than this to be new.
    var floor: Amount { seen.floor ?? best?.ceiling ?? .zero }

    /// The key that the channel's vouchers are checked against, once there was one.
    public var signer: PublicKey? { best?.signer }

    public mutating func apply(_ event: Event) throws(Refusal) -> [Effect] {
        switch event {
        case .observed(let snapshot): return observe(snapshot)
        case .paymentArrived(let reservation, let now): return try letIn(reservation, at: now)
        case .paid(let reservation, let price, let now): return try take(reservation, for: price, at: now)
        case .served(let id, let price, let now): return try serve(id, for: price, at: now)
        case .released(let id): return try release(id)
        case .deposited(let id, let snapshot, let charging, let now):
            guard case .depositing(let reservation, let price) = phase, reservation.id == id else {
                throw .reservationLost
            }
            return try lock(snapshot, for: reservation, price: charging ? price : nil, at: now)
        case .depositFailed(let id):
            guard case .depositing(let reservation, _) = phase, reservation.id == id else { throw .reservationLost }
            phase = .idle
            return []
        case .deliveryFailed(let amount):
            guard let sum = credit.adding(amount), sum <= charged else {
                throw .chargeExceedsCeiling(charge: amount, ceiling: charged)
            }
            credit = sum
            return []
        case .refundAsked(let id, let voucher, let amount):
            guard phase == .idle else { throw .busy }
            let refund = try checkRefund(id, voucher, amount)
            best = voucher
            phase = .refunding(refund)
            return [.submitRefund(amount: refund.amount, nonce: refund.nonce, for: id)]
        case .refunded(let id, let snapshot):
            guard case .refunding(let refund) = phase, refund.id == id else { throw .reservationLost }
            phase = .idle
            return observe(snapshot)
        case .refundFailed(let id):
            guard case .refunding(let refund) = phase, refund.id == id else { throw .reservationLost }
            phase = .idle
            return []
        }
    }
}
