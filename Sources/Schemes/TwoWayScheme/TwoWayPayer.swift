// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// The payer's books for a two-way channel: it gives the payee as much as the requests need, and no more.
///
/// The most that it can lose is what it gave and was not served for: the prices of the requests that are under way, and
/// of those that were never answered. It is the first party, and over HTTP it is the only one that proposes.
public struct TwoWayPayer: Hashable, Sendable {
    /// What the payer is asked, or told.
    public enum Event: Hashable, Sendable {
        /// The contract was read.
        case observed(ContractSnapshot<TwoWayContract>)
        /// A request is to be paid for.
        case paymentAsked(RequestID, price: Amount)
        /// The same payment was sent again, since its answer got lost: it may have been charged the first time.
        case repeated(RequestID)
        /// The payee served the request, and says what it charged in all and for this one.
        ///
        /// Its signature over the state may be missing: the state is then still a proposal.
        case served(RequestID, charged: Amount, total: Amount, countersigned: TwoWayPayment?)
        /// The payee would not serve it, and says what it charged.
        case corrected(RequestID, charged: Amount)
        /// The payee was asked, and says what it charged.
        case stateTold(charged: Amount)
        /// The payee did not serve it, and nothing was charged.
        case notServed(RequestID)
        /// Nobody knows what became of it.
        case unanswered(RequestID)
        /// The payee showed us a state that both signed.
        case recalled(own: TwoWayPayment, theirs: TwoWayPayment)
        /// The channel is to end by agreement; of what was charged the payee owes us so much, for what broke off.
        case closeAsked(credit: Amount)
        /// The channel is to end, whatever the payee says.
        case endAsked
    }

    public typealias RequestID = ReservationID

    /// Which party the payer is.
    public static let side = TwoWaySide.first

    public let id: ChannelID
    public let terms: TwoWayTerms
    public private(set) var party: TwoWayParty
    public private(set) var purse = PayerPurse()

    public init(id: ChannelID, ledger: ContractSnapshot<TwoWayContract>) {
        self.id = id
        terms = ledger.state.terms
        party = TwoWayParty(Self.side, ledger: ledger)
    }

    init(id: ChannelID, terms: TwoWayTerms, party: TwoWayParty, purse: PayerPurse) {
        self.id = id
        self.terms = terms
        self.party = party
        self.purse = purse
    }

    /// What the payee charged in all, as far as both agree.
    public var charged: Amount { purse.charged }

    /// What was given so far, if the payee has made the most of what was signed.
    public var authorised: Amount { party.latest.secondBalance.clampedSubtracting(terms.secondDeposit) }

    /// What could still be spent.
    public var available: Amount { purse.available(of: limit) }

    /// All that can ever be given.
    private var limit: Amount { (party.base.total ?? .zero).clampedSubtracting(terms.secondDeposit) }

    /// - Returns: What to sign and send, or to hand in.
    public mutating func apply(_ event: Event) throws(Refusal) -> [TwoWayParty.Effect] {
        var next = self
        let effects = try next.take(in: event)
        self = next
        return effects
    }

    /// May leave half of the change behind when it throws.
    private mutating func take(in event: Event) throws(Refusal) -> [TwoWayParty.Effect] {
        switch event {
        case .observed(let snapshot): return try ask(.observed(snapshot))
        case .paymentAsked(let id, let price): return try pay(price, for: id)
        case .repeated(let id):
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.repeated(id) }
            return []
        case .served(let id, let charge, let total, let countersigned):
            let authorised = authorised
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.served(id, charged: charge, total: total, authorised: authorised)
            }
            // The answer to a proposal that a newer one includes has nothing to tell.
            guard let countersigned, countersigned.state == party.proposal else { return [] }
            return try ask(.countersigned(countersigned))
        case .corrected(let id, let total):
            let authorised = authorised
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.corrected(id, total: total, authorised: authorised)
            }
            return []
        case .stateTold(let total):
            let authorised = authorised
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.told(total: total, authorised: authorised) }
            return []
        case .notServed(let id):
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.notServed(id) }
            return []
        case .unanswered(let id):
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.unanswered(id) }
            return []
        case .recalled(let own, let theirs):
            let effects = try ask(.recalled(own: own, theirs: theirs))
            let given = party.newest.secondBalance.clampedSubtracting(terms.secondDeposit)
            purse.recalled(authorised: given)
            return effects
        case .closeAsked(let credit): return try close(credit: credit)
        case .endAsked: return try ask(.endAsked)
        }
    }

    private mutating func pay(_ price: Amount, for id: RequestID) throws(Refusal) -> [TwoWayParty.Effect] {
        let limit = limit
        let needed = try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.asked(id, price: price, of: limit) }
        return try ask(.paymentAsked(needed.clampedSubtracting(authorised)))
    }

    private mutating func onPurse<Value>(
        _ body: (inout PayerPurse) throws(PayerPurse.Refusal) -> Value
    ) throws(Refusal) -> Value {
        do throws(PayerPurse.Refusal) { return try body(&purse) } catch { throw .purse(error) }
    }

    /// Signs that the payee keeps what it charged, and everything else comes back.
    private mutating func close(credit: Amount) throws(Refusal) -> [TwoWayParty.Effect] {
        guard purse.underWay.isEmpty else { throw .purse(.busy(requests: purse.underWay.count)) }
        let total = party.base.total ?? .zero
        let second = min(terms.secondDeposit.adding(charged.clampedSubtracting(credit)) ?? .max, total)
        return try ask(
            .closeAsked(
                TwoWayState(
                    nonce: party.latest.nonce, firstBalance: total.clampedSubtracting(second), secondBalance: second)))
    }

    private mutating func ask(_ event: TwoWayParty.Event) throws(Refusal) -> [TwoWayParty.Effect] {
        do throws(TwoWayParty.Refusal) { return try party.apply(event) } catch { throw .party(error) }
    }
}
