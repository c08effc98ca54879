// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// The books of one side of a two-way channel: what both signed, what it proposed itself, and what it may sign.
///
///     proposer   paymentAsked ──▶ propose ───────────────┐                 ┌──▶ countersigned
///     the other                     proposalArrived ──▶ countersign ───────┘
///
/// Both sides run the same rules. `first` proposes odd nonces and `second` even ones, each above all that it has seen
/// or signed, so no two states share a nonce. A proposal only ever gives: it raises the other side's balance. The other
/// countersigns it when its own balance is not below what it has, with what it is owed; never blindly.
///
/// **Two proposals at once.** The side whose own proposal has the lower nonce yields: it countersigns the other's and
/// drops its own; the side with the higher one answers *busy* and waits. No honest side is worse off. Whoever yields
/// has a state with both signatures under the higher nonce, which outranks the proposal that it dropped, so that one is
/// void wherever it is shown. What it gave up is in the new state or it is not. If it is (the other had taken it, and
/// the answer was lost), the new state leaves it at least what its own proposal did, which was enforceable before. If
/// it is not, it has all that it had. Whoever waits never takes the lower one, since it signed a higher nonce. Both
/// sides compare the same two nonces, so exactly one of them yields.
///
/// **What is at risk.** A proposal cannot be called back: until something newer is signed by both, the other may have
/// made a state of it, and may keep that to itself. So a side counts on ``floor``, the least that it signed for itself;
/// a newer proposal of its own includes the older ones.
///
/// **What a side cannot know.** Books that come from an old backup do not say what was signed since. Such a side signs
/// nothing until the other has shown it what both signed (``Event/recalled(own:theirs:)``); what only the other side
/// says, without this side's signature, proves nothing. If the other hides a state, it can still end with it.
///
/// Like every scheme it is a value: it neither signs nor sends, and a refusal leaves it as it was. Its books must be
/// stored before an effect is carried out.
public struct TwoWayParty: Hashable, Sendable {
    /// What happened to the channel.
    public enum Event: Hashable, Sendable {
        /// The contract was read.
        case observed(ContractSnapshot<TwoWayContract>)
        /// So much more is to go to the other side; nothing more sends what was signed last again.
        ///
        /// - Parameter above: The nonce of a proposal of the other side that was refused; 0 for none.
        case paymentAsked(Amount, above: UInt64 = 0)
        /// The other side signed a state; it must bring us at least what we are owed.
        case proposalArrived(TwoWayPayment, owed: Amount)
        /// The other side signed a state that we proposed.
        case countersigned(TwoWayPayment)
        /// The other side showed us a state that both signed.
        case recalled(own: TwoWayPayment, theirs: TwoWayPayment)
        /// We want the channel to end like this, at once.
        case closeAsked(TwoWayState)
        /// The other side wants it to end like this; we must have at least so much.
        case closeArrived(TwoWayPayment, least: Amount)
        /// Both want to go on with other balances; we must have at least so much, with what is paid out.
        case resizeAgreed(TwoWayResize, least: Amount)
        /// We end the channel alone.
        case endAsked
    }

    /// What is to be done; all of it may be done twice.
    public enum Effect: Hashable, Sendable {
        /// Sign the state, and send it.
        case propose(TwoWayState)
        /// Sign the state, and send the signature.
        case countersign(TwoWayState)
        /// Sign the end, and send it.
        case signClose(TwoWayState)
        /// Sign the end too, and hand it in.
        case closeTogether(TwoWayPayment)
        /// Sign the new balances, and send the signature.
        case signResize(TwoWayResize)
        /// Sign the start of a close with this state, or with the base under this nonce, and hand both in.
        case startClose(TwoWayPayment?, nonce: UInt64)
        /// Sign the state again, and answer an older one with it.
        case challenge(TwoWayPayment)
        /// Have the contract pay.
        case finalize
    }

    /// How the contract stands, as far as is known.
    public enum Standing: Hashable, Sendable {
        case opening
        case open
        /// One side ends the channel alone, with a state of this nonce so far.
        case closing(nonce: UInt64, until: Instant)
        case closed
    }

    /// What this side signed that keeps it from signing states.
    public enum Pledge: Hashable, Sendable {
        case close(TwoWayState)
        case resize(TwoWayResize)
    }

    public let side: TwoWaySide
    /// What the contract counts when nobody shows it a newer state.
    public internal(set) var base: TwoWayState
    /// The newest state that both signed, or the base.
    public internal(set) var newest: TwoWayState
    /// The newest state with the other side's signature; `nil` when the contract knows it already.
    public internal(set) var proof: TwoWayPayment?
    /// A state that only this side signed, as far as it knows.
    public internal(set) var proposal: TwoWayState? {
        get { rareProposal.value }
        set { rareProposal = Rare(newValue) }
    }
    private var rareProposal: Rare<TwoWayState>
    /// The highest nonce that was seen or signed.
    public internal(set) var highest: UInt64
    public internal(set) var standing: Standing
    public internal(set) var pledge: Pledge? {
        get { rarePledge.value }
        set { rarePledge = Rare(newValue) }
    }
    private var rarePledge: Rare<Pledge>
    /// The block in which the contract was last read.
    public internal(set) var readIn: Block

    /// How far above all that is known a nonce of the other side may be: so many are left for every proposal after it.
    public static let longestLeap: UInt64 = 1 << 32

    /// A side that has signed nothing yet, or has lost what it signed; what the contract knows is all that it knows.
    public init(_ side: TwoWaySide, ledger: ContractSnapshot<TwoWayContract>) {
        let base = ledger.state.base
        self.init(
            side: side, base: base, newest: base, proof: nil, proposal: nil, highest: base.nonce, standing: .opening,
            pledge: nil, readIn: ledger.block)
        _ = observe(ledger)
    }

    init(
        side: TwoWaySide, base: TwoWayState, newest: TwoWayState, proof: TwoWayPayment?, proposal: TwoWayState?,
        highest: UInt64, standing: Standing, pledge: Pledge?, readIn: Block
    ) {
        self.side = side
        self.base = base
        self.newest = newest
        self.proof = proof
        rareProposal = Rare(proposal)
        self.highest = highest
        self.standing = standing
        rarePledge = Rare(pledge)
        self.readIn = readIn
    }

    /// What this side signed last.
    public var latest: TwoWayState { proposal ?? newest }

    /// The least that this side has, whatever the other made of what it signed.
    public var floor: Amount { min(newest.balance(of: side), latest.balance(of: side)) }

    /// Whether states may be signed.
    public var isOpen: Bool { standing == .open && pledge == nil }

    public mutating func apply(_ event: Event) throws(Refusal) -> [Effect] {
        switch event {
        case .observed(let snapshot): return observe(snapshot)
        case .paymentAsked(let amount, let above): return try propose(amount, above: above)
        case .proposalArrived(let payment, let owed): return try take(payment, owed: owed)
        case .countersigned(let payment): return try conclude(payment)
        case .recalled(let own, let theirs): return try recall(own, theirs)
        case .closeAsked(let state):
            try checkClose(state)
            pledge = .close(state)
            return [.signClose(state)]
        case .closeArrived(let payment, let least):
            guard payment.isClose, payment.side == side.other else { throw .foreign }
            try checkClose(payment.state)
            try check(payment.state.balance(of: side), reaches: least)
            pledge = .close(payment.state)
            return [.closeTogether(payment)]
        case .resizeAgreed(let resize, let least): return try agree(resize, least: least)
        case .endAsked:
            guard standing == .open else { throw .notOpen(phase: phaseName) }
            return [.startClose(proof, nonce: newest.nonce)]
        }
    }
}
