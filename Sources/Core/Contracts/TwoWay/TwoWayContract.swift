// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingPrimitives

/// A two-way channel as its contract keeps it.
///
///     opening ──deposits──▶ open ──startClose──▶ closing ──finalize──▶ closed
///        │                  │  ▲                 │    ▲                  ▲
///        │                  ├resize, top-up      ├challenge              │
///        │                  └───────closeTogether┴───────────────────────┤
///        └──────────────────cancel───────────────────────────────────────┘
///
/// Both parties sign balances off the contract, and end the channel together with `closeTogether`. When one of them
/// is gone or does not agree, the other starts the close with the newest state that it has, and everybody can answer
/// with a newer one until the challenge period is over. That period is never extended.
public struct TwoWayContract: ContractRules {
    public static let kind = ContractKind.twoWay

    public enum Phase: Hashable, Sendable {
        /// Not all that was agreed on is in. Whose deposit is: nobody's at first.
        case opening(funded: TwoWaySide?)
        case open
        /// One party wants to end with this state, or somebody has answered with it.
        case closing(TwoWayState, until: Instant)
        /// What both had at the end, besides surpluses; `nil` when the channel was never open.
        case closed(TwoWayState?)
    }

    public enum Order: Hashable, Sendable {
        /// Give back the one deposit that is in. Who made it signs.
        case cancel(Signature)
        /// Go on with other balances. Both sign.
        case resize(TwoWayResize, TwoWaySignatures)
        /// End with these balances, at once. Both sign.
        case closeTogether(TwoWayState, TwoWaySignatures)
        /// End with a state, or with what is known here when there is none. Either party signs for its nonce.
        case startClose(SignedTwoWayState?, Signature)
        /// End with a newer state than the one that is known.
        case challenge(SignedTwoWayState)
        /// Pay, since the challenge period is over.
        case finalize
    }

    public let terms: TwoWayTerms
    public private(set) var phase: Phase
    /// What counts when nobody shows a newer state: the deposits, or what the parties last resized to.
    public private(set) var base: TwoWayState
    /// What the first party has put in since; it is in no state, and its own.
    public private(set) var firstSurplus: Amount
    /// What the second party has put in since; it is in no state, and its own.
    public private(set) var secondSurplus: Amount

    public init(_ terms: TwoWayTerms) {
        self.init(
            terms: terms, phase: .opening(funded: nil), base: terms.opening, firstSurplus: .zero, secondSurplus: .zero)
    }

    init(terms: TwoWayTerms, phase: Phase, base: TwoWayState, firstSurplus: Amount, secondSurplus: Amount) {
        self.terms = terms
        self.phase = phase
        self.base = base
        self.firstSurplus = firstSurplus
        self.secondSurplus = secondSurplus
    }

    public var phaseName: String {
        switch phase {
        case .opening: "opening"
        case .open: "open"
        case .closing: "closing"
        case .closed: "closed"
        }
    }

    public var locked: Amount {
        switch phase {
        case .opening(let funded): funded.map(terms.deposit(of:)) ?? .zero
        case .open, .closing: base.total?.adding(firstSurplus)?.adding(secondSurplus) ?? .max
        case .closed: .zero
        }
    }

    // MARK: - Deposits

    public mutating func fund(
        _ amount: Amount, by payer: Address, in context: ContractContext
    ) throws(Refusal) -> [Payout] {
        if let fault = terms.fault { throw .terms(fault) }
        guard let side = terms.side(of: payer) else { throw .foreignPayer(payer) }
        switch phase {
        case .opening(let funded):
            return try deposit(amount, of: side, after: funded, in: context)
        case .open:
            try topUp(amount, of: side, limits: context.limits)
            return []
        case .closing, .closed:
            throw .outOfTurn(phase: phaseName)
        }
    }

    /// Takes in what was agreed on; whoever comes first pays the fee on top of it.
    private mutating func deposit(
        _ amount: Amount, of side: TwoWaySide, after funded: TwoWaySide?, in context: ContractContext
    ) throws(Refusal) -> [Payout] {
        let (payer, due, limits) = (terms.party(side), terms.deposit(of: side), context.limits)
        guard side != funded, !due.isZero else { throw .notAwaited(payer) }
        let fee = funded == nil ? limits.fee : .zero
        let needed = due.adding(fee)
        guard amount == needed else { throw .depositMismatch(deposit: amount, needed: needed ?? .max) }
        guard let total = terms.deposit, total <= limits.maximum else {
            throw .aboveMaximum(sum: terms.deposit ?? .max, maximum: limits.maximum)
        }
        guard total >= limits.minimum else { throw .belowMinimum(sum: total, minimum: limits.minimum) }
        // Who is only named does not count: it has not agreed to anything yet.
        let channels = context.openChannels[payer] ?? 0
        if let most = limits.openChannels, channels >= most { throw .tooManyChannels(open: channels, most: most) }
        let isLast = funded != nil || terms.deposit(of: side.other).isZero
        phase = isLast ? .open : .opening(funded: side)
        return fee.isZero ? [] : [Payout(to: limits.feeReceiver, fee)]
    }

    private mutating func topUp(_ amount: Amount, of side: TwoWaySide, limits: ContractLimits) throws(Refusal) {
        guard !amount.isZero else { throw .zeroDeposit }
        guard let sum = locked.adding(amount), sum <= limits.maximum else {
            throw .aboveMaximum(sum: locked.adding(amount) ?? .max, maximum: limits.maximum)
        }
        // No surplus is more than all that is locked.
        switch side {
        case .first: firstSurplus = firstSurplus.adding(amount) ?? .max
        case .second: secondSurplus = secondSurplus.adding(amount) ?? .max
        }
    }

    // MARK: - Orders

    public mutating func carryOut(_ order: Order, in context: ContractContext) throws(Refusal) -> [Payout] {
        switch (phase, order) {
        case (.opening(let funded), .cancel(let signature)):
            return try cancel(funded, signature, in: context)
        case (.closed(nil), .cancel):
            return []

        case (.open, .resize(let resize, let signatures)):
            return try carryOut(resize, signatures, in: context)
        case (.closing, .resize(let resize, _)), (.closed, .resize(let resize, _)):
            return try nothingLeft(if: resize.state == base)

        case (.open, .startClose(let signed, let signature)):
            let state = try signed.map { (signed) throws(Refusal) in try check(signed, after: base, in: context) }
            try startClose(state ?? base, signature, in: context)
            return []
        case (.closing(let newest, _), .startClose(let signed, _)), (.closed(let newest?), .startClose(let signed, _)):
            return try nothingLeft(if: (signed?.state ?? base).nonce <= newest.nonce)

        case (.closing(let newest, let until), .challenge(let signed)):
            // One that was taken, or overtaken, is no fault: orders may arrive twice, and in any order.
            if signed.state.nonce <= newest.nonce { return [] }
            let now = context.block.time
            guard now < until else { throw .challengeOver(since: until, now: now) }
            phase = .closing(try check(signed, after: newest, in: context), until: until)
            return []
        case (.closed(let ended?), .challenge(let signed)):
            return try nothingLeft(if: signed.state.nonce <= ended.nonce)

        case (.open, .closeTogether(let close, let signatures)):
            return try end(together: close, signatures, knowing: base, in: context)
        case (.closing(let newest, _), .closeTogether(let close, let signatures)):
            return try end(together: close, signatures, knowing: newest, in: context)
        case (.closed(let ended?), .closeTogether(let close, _)):
            return try nothingLeft(if: close == ended)

        case (.closing(let newest, let until), .finalize):
            let now = context.block.time
            guard now >= until else { throw .challengeRuns(until: until, now: now) }
            return end(with: newest)
        case (.closed(_?), .finalize):
            return []

        case (.opening, .resize), (.opening, .closeTogether), (.opening, .startClose), (.opening, .challenge),
            (.opening, .finalize), (.open, .cancel), (.open, .challenge), (.open, .finalize), (.closing, .cancel),
            (.closed(_?), .cancel), (.closed(nil), .startClose), (.closed(nil), .challenge),
            (.closed(nil), .closeTogether), (.closed(nil), .finalize):
            throw .outOfTurn(phase: phaseName)
        }
    }

    /// The answer to an order that may be done already; when it is not, it comes too late.
    private func nothingLeft(if isDone: Bool) throws(Refusal) -> [Payout] {
        guard isDone else { throw .outOfTurn(phase: phaseName) }
        return []
    }

    private mutating func cancel(
        _ funded: TwoWaySide?, _ signature: Signature, in context: ContractContext
    ) throws(Refusal) -> [Payout] {
        guard let side = funded else { throw .outOfTurn(phase: phaseName) }
        let party = terms.party(side)
        let digest = Self.cancelDigest(of: context.channel, in: context.domain)
        guard signature.isBy(party, over: digest, as: context.domain.accounts) else { throw .signature(of: party) }
        phase = .closed(nil)
        return [Payout(to: party, terms.deposit(of: side))]
    }

    private mutating func carryOut(
        _ resize: TwoWayResize, _ signatures: TwoWaySignatures, in context: ContractContext
    ) throws(Refusal) -> [Payout] {
        if resize.state == base { return [] }
        guard resize.state.nonce > base.nonce else { throw .stale(nonce: resize.state.nonce, newest: base.nonce) }
        guard resize.total == locked else { throw .sumMismatch(sum: resize.total, needed: locked) }
        try check(signatures, over: resize.digest(of: context.channel, in: context.domain), in: context)
        base = resize.state
        firstSurplus = .zero
        secondSurplus = .zero
        return payouts(resize.firstWithdrawal, resize.secondWithdrawal)
    }

    private mutating func startClose(
        _ state: TwoWayState, _ signature: Signature, in context: ContractContext
    ) throws(Refusal) {
        let digest = Self.startCloseDigest(of: context.channel, at: state.nonce, in: context.domain)
        let form = context.domain.accounts
        guard terms.parties.contains(where: { signature.isBy($0, over: digest, as: form) }) else {
            throw .startSignature
        }
        let seconds = Int64(clamping: terms.challengeSeconds)
        phase = .closing(state, until: context.block.time.advanced(bySeconds: seconds))
    }

    private mutating func end(
        together close: TwoWayState, _ signatures: TwoWaySignatures, knowing newest: TwoWayState,
        in context: ContractContext
    ) throws(Refusal) -> [Payout] {
        guard close.nonce >= newest.nonce else { throw .stale(nonce: close.nonce, newest: newest.nonce) }
        try checkTotal(of: close)
        try check(signatures, over: close.closeDigest(of: context.channel, in: context.domain), in: context)
        return end(with: close)
    }

    // MARK: - Steps

    /// A state that both have signed, and that is newer than another.
    private func check(
        _ signed: SignedTwoWayState, after known: TwoWayState, in context: ContractContext
    ) throws(Refusal) -> TwoWayState {
        let state = signed.state
        guard state.nonce > known.nonce else { throw .stale(nonce: state.nonce, newest: known.nonce) }
        try checkTotal(of: state)
        try check(signed.signatures, over: state.digest(of: context.channel, in: context.domain), in: context)
        return state
    }

    private func checkTotal(of state: TwoWayState) throws(Refusal) {
        guard let total = state.total, total == base.total else {
            throw .sumMismatch(sum: state.total, needed: base.total ?? .max)
        }
    }

    private func check(
        _ signatures: TwoWaySignatures, over digest: Hash32, in context: ContractContext
    ) throws(Refusal) {
        let form = context.domain.accounts
        if let forger = signatures.forger(over: digest, under: terms, as: form) { throw .signature(of: forger) }
    }

    /// Closes the channel: each party has its balance and its surplus, which are less than all that is locked.
    private mutating func end(with state: TwoWayState) -> [Payout] {
        let first = state.firstBalance.adding(firstSurplus) ?? .max
        let second = state.secondBalance.adding(secondSurplus) ?? .max
        phase = .closed(state)
        firstSurplus = .zero
        secondSurplus = .zero
        return payouts(first, second)
    }

    private func payouts(_ first: Amount, _ second: Amount) -> [Payout] {
        [Payout(to: terms.first, first), Payout(to: terms.second, second)].filter { !$0.amount.isZero }
    }
}
