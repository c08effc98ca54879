// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A balance-proof channel as its contract keeps it.
///
///     unfunded ──fund──▶ open ──requestClose──▶ closing ──settle──▶ closed
///                        │  ▲                   │    ▲                ▲
///                        ├withdraw, top-up      ├dispute              │
///                        └─────────closeTogether┴─────────────────────┘
///
/// The sender signs how much it owes in all; the receiver may have that paid at any time. Both together end the channel
/// at once. The sender alone ends it after a challenge period, in which every proof for more is heard.
public struct BalanceProofContract: ContractRules {
    public static let kind = ContractKind.balanceProof

    public enum Phase: Hashable, Sendable {
        case unfunded
        case open
        /// The sender wants to end with this balance, or a proof was shown for it; paid in a block after `settleBlock`.
        case closing(balance: Amount, settleBlock: UInt64)
        case closed
    }

    public enum Order: Hashable, Sendable {
        /// Pay the receiver what it is owed in all, less what it was paid. The sender has signed for it.
        case withdraw(balance: Amount, proof: Signature)
        /// End at once. The sender has signed the proof, and the receiver the close.
        case closeTogether(balance: Amount, proof: Signature, closingSignature: Signature)
        /// End after the challenge period. The sender signs.
        case requestClose(balance: Amount, signature: Signature)
        /// More is owed than the end that was asked for says. The sender has signed for it.
        case dispute(balance: Amount, proof: Signature)
        /// Pay, since the challenge period is over.
        case settle
    }

    public let terms: BalanceProofTerms
    public private(set) var phase: Phase
    /// What the sender has put in, in all.
    public private(set) var deposit: Amount
    /// What the receiver was paid, in all.
    public private(set) var withdrawn: Amount
    /// Until when the challenge period goes at the least, however fast blocks are made.
    ///
    /// `nil` where a chain makes them, for an end that was asked for before this was kept, and when none was.
    public private(set) var settleTime: Instant?

    public init(_ terms: BalanceProofTerms) {
        self.init(terms: terms, phase: .unfunded, deposit: .zero, withdrawn: .zero)
    }

    init(terms: BalanceProofTerms, phase: Phase, deposit: Amount, withdrawn: Amount) {
        self.terms = terms
        self.phase = phase
        self.deposit = deposit
        self.withdrawn = withdrawn
    }

    public var phaseName: String {
        switch phase {
        case .unfunded: "unfunded"
        case .open: "open"
        case .closing: "closing"
        case .closed: "closed"
        }
    }

    public var locked: Amount {
        switch phase {
        case .open, .closing: deposit.clampedSubtracting(withdrawn)
        case .unfunded, .closed: .zero
        }
    }

    public mutating func fund(
        _ amount: Amount, by payer: Address, in context: ContractContext
    ) throws(Refusal) -> [Payout] {
        if let fault = terms.fault { throw .terms(fault) }
        guard payer == terms.sender else { throw .foreignPayer(payer) }
        guard !amount.isZero else { throw .zeroDeposit }
        let limits = context.limits
        switch phase {
        case .unfunded:
            guard amount >= limits.minimum else { throw .belowMinimum(sum: amount, minimum: limits.minimum) }
        case .open: break
        case .closing, .closed: throw .outOfTurn(phase: phaseName)
        }
        guard let sum = deposit.adding(amount), sum <= limits.maximum else {
            throw .aboveMaximum(sum: deposit.adding(amount) ?? .max, maximum: limits.maximum)
        }
        deposit = sum
        phase = .open
        return []
    }

    // MARK: - Orders

    public mutating func carryOut(_ order: Order, in context: ContractContext) throws(Refusal) -> [Payout] {
        switch (phase, order) {
        case (.open, .withdraw(let balance, let proof)):
            // What was paid is no fault: orders may arrive twice, and in any order.
            if balance <= withdrawn { return [] }
            try check(balance)
            try check(proof, for: balance, in: context)
            return pay(upTo: balance)

        case (.open, .requestClose(let balance, let signature)):
            try check(balance)
            let digest = Self.requestDigest(of: context.channel, balance: balance, in: context.domain)
            guard signature.isBy(terms.sender, over: digest) else { throw .requestSignature }
            let (settleBlock, overflow) = context.block.height.addingReportingOverflow(terms.challengeBlocks)
            phase = .closing(balance: balance, settleBlock: overflow ? .max : settleBlock)
            settleTime = context.leastEnd(of: terms.challengeBlocks, from: context.block.time)
            return []
        case (.closing(let closing, _), .requestClose(let balance, _)):
            return try nothingLeft(if: balance <= closing)

        case (.closing(let closing, let settleBlock), .dispute(let balance, let proof)):
            if balance <= closing { return [] }
            guard !isChallengeOver(in: context.block) else {
                throw .challengeOver(since: settleBlock, now: context.block.height)
            }
            try check(balance)
            try check(proof, for: balance, in: context)
            phase = .closing(balance: balance, settleBlock: settleBlock)
            return []

        case (.open, .closeTogether(let balance, let proof, let signature)),
            (.closing, .closeTogether(let balance, let proof, let signature)):
            try check(balance)
            try check(proof, for: balance, in: context)
            let digest = Self.closeDigest(of: context.channel, balance: balance, in: context.domain)
            guard signature.isBy(terms.receiver, over: digest) else { throw .closingSignature }
            return end(with: balance)

        case (.closing(let balance, let settleBlock), .settle):
            guard context.block.height > settleBlock else {
                throw .challengeRuns(through: settleBlock, now: context.block.height)
            }
            guard isChallengeOver(in: context.block) else {
                throw .challengeTimeRuns(until: settleTime ?? context.block.time, now: context.block.time)
            }
            return end(with: balance)
        case (.closed, .settle):
            return []

        case (.closing, .withdraw(let balance, _)), (.closed, .withdraw(let balance, _)),
            (.closed, .requestClose(let balance, _)), (.closed, .dispute(let balance, _)):
            return try nothingLeft(if: balance <= withdrawn)
        case (.closed, .closeTogether(let balance, _, _)):
            return try nothingLeft(if: balance == withdrawn)

        case (.unfunded, .withdraw), (.unfunded, .closeTogether), (.unfunded, .requestClose), (.unfunded, .dispute),
            (.unfunded, .settle), (.open, .dispute), (.open, .settle):
            throw .outOfTurn(phase: phaseName)
        }
    }

    /// The answer to an order that may be done already; when it is not, it comes too late.
    private func nothingLeft(if isDone: Bool) throws(Refusal) -> [Payout] {
        guard isDone else { throw .outOfTurn(phase: phaseName) }
        return []
    }

    /// Whether an end that was asked for can no longer be disputed by an order in this block, but is paid.
    public func isChallengeOver(in block: Block) -> Bool {
        guard case .closing(_, let settleBlock) = phase else { return false }
        return block.height > settleBlock && settleTime.map { block.time >= $0 } ?? true
    }

    // MARK: - Steps

    /// No balance is less than what was paid, or more than what is there, whichever way it comes in.
    private func check(_ balance: Amount) throws(Refusal) {
        guard balance >= withdrawn else { throw .belowWithdrawn(balance: balance, withdrawn: withdrawn) }
        guard balance <= deposit else { throw .exceedsDeposit(balance: balance, deposit: deposit) }
    }

    private func check(_ proof: Signature, for balance: Amount, in context: ContractContext) throws(Refusal) {
        let digest = Self.proofDigest(of: context.channel, balance: balance, in: context.domain)
        guard proof.isBy(terms.sender, over: digest) else { throw .proofSignature }
    }

    /// Pays the receiver what it was not paid of a balance.
    private mutating func pay(upTo balance: Amount) -> [Payout] {
        let earned = balance.clampedSubtracting(withdrawn)
        withdrawn = balance
        return earned.isZero ? [] : [Payout(to: terms.receiver, earned)]
    }

    /// Closes the channel: nothing is left in it.
    private mutating func end(with balance: Amount) -> [Payout] {
        let earned = pay(upTo: balance)
        let rest = locked
        phase = .closed
        settleTime = nil
        return earned + (rest.isZero ? [] : [Payout(to: terms.sender, rest)])
    }
}

// MARK: - Stored form

extension BalanceProofContract {
    private static let version: UInt8 = 1

    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 180)
        writer.write(terms)
        writer.write(deposit)
        writer.write(withdrawn)
        switch phase {
        case .unfunded: writer.write(UInt8(0))
        case .open: writer.write(UInt8(1))
        case .closing(let balance, let settleBlock):
            writer.write(UInt8(settleTime == nil ? 2 : 4))
            writer.write(balance)
            writer.write(settleBlock)
            if let settleTime { writer.write(settleTime) }
        case .closed: writer.write(UInt8(3))
        }
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        let terms = try reader.balanceProofTerms()
        let (deposit, withdrawn) = (try reader.amount(), try reader.amount())
        let phase: Phase
        var settleTime: Instant?
        switch try reader.byte() {
        case 0: phase = .unfunded
        case 1: phase = .open
        case 2: phase = .closing(balance: try reader.amount(), settleBlock: try reader.uint64())
        case 3: phase = .closed
        case 4:
            phase = .closing(balance: try reader.amount(), settleBlock: try reader.uint64())
            settleTime = try reader.instant()
        default: throw .damaged
        }
        try reader.finish()
        self.init(terms: terms, phase: phase, deposit: deposit, withdrawn: withdrawn)
        self.settleTime = settleTime
        guard isSound else { throw .damaged }
    }

    /// Whether the rules could have led here.
    private var isSound: Bool {
        if phase == .unfunded { return deposit.isZero && withdrawn.isZero }
        guard terms.fault == nil, !deposit.isZero, withdrawn <= deposit else { return false }
        guard case .closing(let balance, _) = phase else { return true }
        return balance >= withdrawn && balance <= deposit
    }
}
