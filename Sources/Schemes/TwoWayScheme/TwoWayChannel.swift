// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A two-way channel as the payee sees it: each payment is a state that gives it more, and what it brings fills a purse.
///
///     open ──paymentArrived / served / released──▶ open ──closeAsked──▶ ending ──observed──▶ closed
///       └──────observed: the payer ends the channel alone──▶ closing ──challenge, finalize─────┘
///
/// The payee is the second party, and puts in nothing at the opening. Captured ≤ charged ≤ authorised ≤ deposited when
/// the channel ends by agreement; when one side ends it alone, the payee has what was authorised, which may be above
/// what was charged by what the payer paid ahead.
///
/// The contract must be read at least once within each challenge period: a payer may end the channel with an old state,
/// and only a newer one that is handed in before the period is over outdoes it.
///
/// - Source: `Specs/two-way.md` lists every rule; ``TwoWayParty`` keeps those that both sides share.
public struct TwoWayChannel: PrepaidScheme {
    public typealias Rules = TwoWayContract
    public typealias Payment = TwoWayPayment
    public typealias Event = PrepaidEvent<TwoWayPayment, TwoWayContract>

    public static let schemeName = ContractKind.twoWay.rawValue
    /// Which party the payee is.
    public static let payee = TwoWaySide.second

    public enum Effect: Hashable, Sendable {
        /// Sign the end that the payer signed, and hand it in.
        case submitClose(TwoWayPayment)
        /// Sign the state again, and answer an older one with it, at once.
        case submitChallenge(TwoWayPayment)
        /// Have the contract pay, since the challenge period is over.
        case submitFinalize
    }

    public let id: ChannelID
    public let terms: TwoWayTerms
    public private(set) var party: TwoWayParty
    public private(set) var purse: Purse
    /// The end that both agreed on.
    public private(set) var ending: TwoWayPayment? {
        get { rareEnding.value }
        set { rareEnding = Rare(newValue) }
    }
    private var rareEnding: Rare<TwoWayPayment>
    public private(set) var captured: Amount
    public private(set) var lastPaidAt: Instant?

    public init(id: ChannelID, ledger: ContractSnapshot<TwoWayContract>, in domain: ContractDomain, payee: Address) {
        let party = TwoWayParty(Self.payee, ledger: ledger)
        let terms = ledger.state.terms
        var last = party.newest
        if case .closed(let ended?) = ledger.state.phase { last = ended }
        // Whatever the contract knows of was delivered for as far as we know.
        let gained = last.balance(of: Self.payee).clampedSubtracting(terms.deposit(of: Self.payee))
        self.init(
            id: id, terms: terms, party: party, purse: Purse(authorised: gained, charged: gained), ending: nil,
            captured: party.standing == .closed ? gained : .zero, lastPaidAt: nil)
    }

    init(
        id: ChannelID, terms: TwoWayTerms, party: TwoWayParty, purse: Purse, ending: TwoWayPayment?, captured: Amount,
        lastPaidAt: Instant?
    ) {
        self.id = id
        self.terms = terms
        self.party = party
        self.purse = purse
        rareEnding = Rare(ending)
        self.captured = captured
        self.lastPaidAt = lastPaidAt
    }

    public var readIn: Block { party.readIn }
    /// Nothing runs out: without a close the money stays where it is.
    public var expiry: Instant? { nil }

    /// The payer's key, once it has signed something.
    public var signer: PublicKey? { party.proof?.signer }

    public var unclaimed: Amount { party.standing == .closed ? .zero : purse.earned }

    /// What was paid ahead and not charged: it goes back when the channel ends by agreement.
    public var uncharged: Amount { purse.authorised.clampedSubtracting(purse.earned) }

    /// The least that the payee must have at an end that it agrees to.
    public var leastAtClose: Amount { party.newest.balance(of: Self.payee).clampedSubtracting(uncharged) }

    /// The state with which the payee can end the channel alone, and so capture what was earned; `nil` when there is
    /// nothing to capture, or the end is under way.
    ///
    /// It takes the payee's signature over the state and over the start of the close, and the challenge period.
    public var redemption: TwoWayPayment? { party.isOpen && !unclaimed.isZero ? party.proof : nil }

    public mutating func apply(_ event: Event) throws(Refusal) -> [Effect] {
        var next = self
        let effects = try next.take(in: event)
        self = next
        return effects
    }

    /// May leave half of the change behind when it throws.
    private mutating func take(in event: Event) throws(Refusal) -> [Effect] {
        switch event {
        case .observed(let snapshot): return try observe(snapshot)
        case .paymentArrived(let payment, _, _), .paid(let payment, _, _):
            try accept(payment)
            try follow(event)
        case .served, .released, .deliveryFailed: try follow(event)
        // The contract itself tells what it paid.
        case .captured: break
        case .closeAsked(let wish): return try close(wish)
        }
        return []
    }

    // MARK: - Rules

    /// Takes in a payment, and what it brings.
    ///
    /// The party would have the state signed at once. Nothing is kept of that signature, since it can be made again at
    /// any time: every answer carries the one over the newest state.
    private mutating func accept(_ payment: TwoWayPayment?) throws(Refusal) {
        guard party.isOpen else { throw .notOpen(phase: party.phaseName) }
        guard let payment else { return }
        let before = party.newest
        // One that was overtaken brings nothing; whoever sent it is told of the one that overtook it.
        if !payment.isClose, payment.state.nonce < before.nonce { return }
        try onParty { (party) throws(TwoWayParty.Refusal) in try party.apply(.proposalArrived(payment, owed: .zero)) }
        let brought = payment.state.balance(of: Self.payee).clampedSubtracting(before.balance(of: Self.payee))
        try fill(by: brought)
    }

    /// Agrees to the end that the payer signed, and to no other: it lies in the outbox until it is handed in, and who asks
    /// again adds nothing.
    private mutating func close(_ wish: TwoWayPayment) throws(Refusal) -> [Effect] {
        guard party.standing != .closed else { throw .notOpen(phase: party.phaseName) }
        guard ending == nil else { return [] }
        guard wish.isClose else { throw .closeUnsigned }
        guard purse.reservations.isEmpty else { throw .purse(.busy(requests: purse.reservations.count)) }
        let least = leastAtClose
        try onParty { (party) throws(TwoWayParty.Refusal) in try party.apply(.closeArrived(wish, least: least)) }
        ending = wish
        return [.submitClose(wish)]
    }

    /// Takes in what the contract says, unless something newer is known, and answers an old state with a newer one.
    private mutating func observe(_ snapshot: ContractSnapshot<TwoWayContract>) throws(Refusal) -> [Effect] {
        if snapshot.block.height >= readIn.height, case .closed(let ended?) = snapshot.state.phase {
            captured = ended.balance(of: Self.payee).clampedSubtracting(terms.deposit(of: Self.payee))
        }
        let effects = try onParty { (party) throws(TwoWayParty.Refusal) in try party.apply(.observed(snapshot)) }
        return effects.compactMap { (effect) -> Effect? in
            switch effect {
            case .challenge(let proof): .submitChallenge(proof)
            case .finalize: .submitFinalize
            // A party that hears of its contract says nothing else.
            case .propose, .countersign, .signClose, .closeTogether, .signResize, .startClose: nil
            }
        }
    }

    private mutating func follow(_ event: Event) throws(Refusal) {
        do throws(Purse.Refusal) { lastPaidAt = try purse.follow(event) ?? lastPaidAt } catch { throw .purse(error) }
    }

    private mutating func fill(by amount: Amount) throws(Refusal) {
        do throws(Purse.Refusal) { try purse.fill(by: amount) } catch { throw .purse(error) }
    }

    @discardableResult
    private mutating func onParty(
        _ body: (inout TwoWayParty) throws(TwoWayParty.Refusal) -> [TwoWayParty.Effect]
    ) throws(Refusal) -> [TwoWayParty.Effect] {
        do throws(TwoWayParty.Refusal) { return try body(&party) } catch { throw .party(error) }
    }
}
