// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A hash-chain channel as the payee sees it: each payment reveals a step, and steps fill a purse.
///
///     open ──paymentArrived / served / released──▶ open ──closeAsked──▶ closing ──observed──▶ closed
///
/// Captured ≤ charged ≤ authorised ≤ deposited: what is redeemed is never more than what was delivered, rounded down to
/// whole steps, although more may have been revealed.
///
/// - Source: R. Rivest, A. Shamir, "PayWord and MicroMint" (1996); `Specs/hash-chain.md` lists every rule.
public struct HashChainChannel: PrepaidScheme {
    public typealias Rules = HashChainContract
    public typealias Payment = HashChainPayment
    public typealias Event = PrepaidEvent<HashChainPayment, HashChainContract>

    public static let schemeName = ContractKind.hashChain.rawValue

    public enum Phase: UInt8, Hashable, Sendable {
        case open
        /// We signed that the payer gets back what is beyond the close; nothing more is taken.
        case closing
        /// The contract holds nothing for us any more.
        case closed
    }

    public enum Effect: Hashable, Sendable {
        /// Sign the close and hand it in.
        case submitClose(HashChainStep)
    }

    public let id: ChannelID
    public let terms: HashChainTerms
    /// What goes into each hash of the chain; it follows from the terms, and is kept because it is dear.
    public let tag: Hash32
    public private(set) var phase: Phase
    /// The furthest step that was revealed; step 0 is the anchor.
    public private(set) var best: HashChainStep
    public private(set) var purse: Purse
    /// How many steps the contract has paid for.
    public private(set) var redeemed: UInt32
    public private(set) var readIn: Block
    public private(set) var lastPaidAt: Instant?

    /// - Parameter payee: Not needed, since the terms name the receiver.
    public init(
        id: ChannelID, ledger: ContractSnapshot<HashChainContract>, in domain: ContractDomain, payee: Address
    ) {
        self.id = id
        terms = ledger.state.terms
        tag = terms.tag(in: domain)
        phase = ledger.state.phase == .open ? .open : .closed
        // Whatever was paid out before we kept books was delivered as far as we know.
        best = ledger.state.redeemed
        redeemed = best.index
        readIn = ledger.block
        let captured = terms.stepAmount.multiplied(by: UInt128(redeemed)) ?? .max
        purse = Purse(authorised: captured, charged: captured)
    }

    init(
        id: ChannelID, terms: HashChainTerms, tag: Hash32, phase: Phase, best: HashChainStep, purse: Purse,
        redeemed: UInt32, readIn: Block, lastPaidAt: Instant?
    ) {
        self.id = id
        self.terms = terms
        self.tag = tag
        self.phase = phase
        self.best = best
        self.purse = purse
        self.redeemed = redeemed
        self.readIn = readIn
        self.lastPaidAt = lastPaidAt
    }

    public var expiry: Instant? { Instant(unixSeconds: Int64(clamping: terms.expiry)) }

    /// How many whole steps were delivered for.
    public var earnedSteps: UInt32 {
        let steps = purse.earned.units / max(terms.stepAmount.units, 1)
        return UInt32(clamping: min(steps, UInt128(best.index)))
    }

    /// How many steps are redeemed, wherever the contract is, in the time that one transaction may take.
    ///
    /// On Stacks one pays 1,024 steps, and at least eight of them are under way together.
    static let stepsRedeemedAtOnce: UInt32 = 8192

    /// How much longer it takes to redeem so many steps than to redeem one: as much as is kept for what one look
    /// redeems, for each further part of them.
    ///
    /// - Unit: seconds.
    static func redemptionTime(ofSteps count: UInt32) -> Int64 { safetyMargin * Int64(count / stepsRedeemedAtOnce) }

    public var redemptionTime: Int64 { redemptionTime(upTo: best.index) }

    private func redemptionTime(upTo index: UInt32) -> Int64 {
        Self.redemptionTime(ofSteps: index - min(redeemed, index))
    }

    public var captured: Amount { terms.stepAmount.multiplied(by: UInt128(redeemed)) ?? .max }

    public var unclaimed: Amount {
        guard phase != .closed, earnedSteps > redeemed else { return .zero }
        return terms.stepAmount.multiplied(by: UInt128(earnedSteps - redeemed)) ?? .zero
    }

    /// The step that captures what was earned, or `nil` when nothing new was.
    ///
    /// It costs a hash for each step that was revealed and not delivered for.
    public var redemption: HashChainStep? {
        guard !unclaimed.isZero else { return nil }
        return step(earnedSteps)
    }

    private func step(_ index: UInt32) -> HashChainStep {
        HashChainStep(index: index, value: HashChain.step(index, from: best.value, at: best.index, tag: tag))
    }

    public mutating func apply(_ event: Event) throws(Refusal) -> [Effect] {
        var next = self
        let effects = try next.take(in: event)
        self = next
        return effects
    }

    /// May leave half of the change behind when it throws.
    private mutating func take(in event: Event) throws(Refusal) -> [Effect] {
        switch event {
        case .observed(let snapshot):
            observe(snapshot)
            return []
        case .paymentArrived(let payment, _, let now), .paid(let payment, _, let now):
            try accept(payment, at: now)
            try follow(event)
        case .served, .released, .deliveryFailed: try follow(event)
        // The contract tells it.
        case .captured: break
        case .closeAsked(let shown): return try close(shown)
        }
        return []
    }

    // MARK: - Rules

    /// Takes in a step, and what it brings.
    private mutating func accept(_ payment: HashChainPayment?, at now: Instant) throws(Refusal) {
        guard phase == .open else { throw .notOpen(phase: "\(phase)") }
        // All that is revealed then must be redeemed before the expiry.
        let margin = Self.safetyMargin + redemptionTime(upTo: max(payment?.step.index ?? 0, best.index))
        guard now.unixSeconds < Int64(clamping: terms.expiry) - margin else {
            throw .expiring(at: terms.expiry, now: now, margin: margin)
        }
        guard let step = payment?.step, step.index > best.index else { return }
        let brought = terms.stepAmount.multiplied(by: UInt128(step.index - best.index)) ?? .max
        try fill(by: brought)
        best = step
    }

    private mutating func follow(_ event: Event) throws(Refusal) {
        do throws(Purse.Refusal) { lastPaidAt = try purse.follow(event) ?? lastPaidAt } catch { throw .purse(error) }
    }

    private mutating func fill(by amount: Amount) throws(Refusal) {
        do throws(Purse.Refusal) { try purse.fill(by: amount) } catch { throw .purse(error) }
    }

    /// Signs no more than once: what was signed lies in the outbox until it is handed in, and who asks again adds nothing.
    ///
    /// - Parameter shown: A step that nobody has but the payer and us: not the anchor, nor what the contract was shown.
    private mutating func close(_ shown: HashChainPayment) throws(Refusal) -> [Effect] {
        guard phase != .closed else { throw .notOpen(phase: "\(phase)") }
        guard shown.step.index >= best.index, shown.step.index > redeemed else {
            throw .closeUnproven(shown: shown.step.index, least: max(best.index, redeemed &+ 1))
        }
        guard purse.reservations.isEmpty else { throw .purse(.busy(requests: purse.reservations.count)) }
        guard phase == .open else { return [] }
        phase = .closing
        return [.submitClose(step(max(earnedSteps, redeemed)))]
    }

    /// Takes in what the contract says, unless something newer is known.
    private mutating func observe(_ snapshot: ContractSnapshot<HashChainContract>) {
        guard snapshot.block.height >= readIn.height else { return }
        readIn = snapshot.block
        redeemed = max(redeemed, snapshot.state.redeemed.index)
        switch snapshot.state.phase {
        case .unfunded, .open: break
        case .closed: phase = .closed
        }
    }
}
