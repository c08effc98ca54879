// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// A hash-chain channel as its contract keeps it.
///
///     unfunded ──fund──▶ open ──close / reclaim──▶ closed
///                        │  ▲
///                        └redeem
///
/// `redeem` pays the payee for steps that nobody was paid for, `close` gives the rest back by leave of the payee, and
/// `reclaim` does so without it when the channel has expired.
public struct HashChainContract: ContractRules {
    public static let kind = ContractKind.hashChain

    public enum Phase: UInt8, Hashable, Sendable {
        case unfunded
        case open
        case closed
    }

    public enum Order: Hashable, Sendable {
        /// Pay for the steps up to this one, which proves them all.
        case redeem(HashChainStep)
        /// Give the rest back now. The payee signs for how many steps it was paid or is being paid.
        case close(HashChainStep, signature: Signature)
        /// Give the rest back, since the channel has expired.
        case reclaim
    }

    public enum Refusal: ExplainedError, Hashable {
        case terms(HashChainTermsFault)
        case foreignPayer(Address)
        case depositMismatch(deposit: Amount, needed: Amount)
        case alreadyFunded
        case notOpen(phase: String)
        case lifetime(seconds: Int64)
        /// A step beyond the chain's end.
        case beyondEnd(index: UInt32, count: UInt32)
        /// The step is not on the chain.
        case foreignStep(index: UInt32)
        case closeSignature
        /// More was redeemed than the payee signed for.
        case closeBehind(signed: UInt32, redeemed: UInt32)
        case notExpired(until: UInt64, now: Instant)
    }

    public let terms: HashChainTerms
    public private(set) var phase: Phase = .unfunded
    /// The step that was paid for last; step 0 is the anchor.
    public private(set) var redeemed: HashChainStep

    public init(_ terms: HashChainTerms) {
        self.terms = terms
        redeemed = HashChainStep(index: 0, value: terms.anchor)
    }

    public var phaseName: String { "\(phase)" }

    public var locked: Amount {
        guard phase == .open else { return .zero }
        return terms.stepAmount.multiplied(by: UInt128(terms.stepCount - redeemed.index)) ?? .max
    }

    public mutating func fund(
        _ amount: Amount, by payer: Address, in context: ContractContext
    ) throws(Refusal) -> [Payout] {
        if let fault = terms.fault { throw .terms(fault) }
        guard phase == .unfunded else { throw .alreadyFunded }
        guard payer == terms.payer else { throw .foreignPayer(payer) }
        guard let needed = terms.deposit, amount == needed else {
            throw .depositMismatch(deposit: amount, needed: terms.deposit ?? .max)
        }
        let lifetime = Instant(unixSeconds: Int64(clamping: terms.expiry)).seconds(since: context.block.time)
        guard let seconds = UInt64(exactly: lifetime), HashChainTerms.lifetimes.contains(seconds) else {
            throw .lifetime(seconds: lifetime)
        }
        phase = .open
        return []
    }

    public mutating func carryOut(_ order: Order, in context: ContractContext) throws(Refusal) -> [Payout] {
        switch order {
        case .redeem(let step):
            // A step that was paid for is no fault: orders may arrive twice, and in any order.
            if phase != .unfunded, step.index <= redeemed.index { return [] }
            try checkOpen()
            return [try redeem(step, in: context)].compactMap(\.self)
        case .close(let step, let signature):
            if phase == .closed, step.index <= redeemed.index { return [] }
            try checkOpen()
            guard step.index >= redeemed.index else {
                throw .closeBehind(signed: step.index, redeemed: redeemed.index)
            }
            let digest = Self.closeDigest(of: context.channel, upTo: step.index, in: context.domain)
            guard signature.isBy(terms.receiverAuthorizer, over: digest, as: context.domain.accounts) else {
                throw .closeSignature
            }
            var next = self
            let earned = try next.redeem(step, in: context)
            let rest = next.end()
            self = next
            return [earned, rest].compactMap(\.self)
        case .reclaim:
            if phase == .closed { return [] }
            try checkOpen()
            guard context.block.time.unixSeconds >= Int64(clamping: terms.expiry) else {
                throw .notExpired(until: terms.expiry, now: context.block.time)
            }
            return [end()].compactMap(\.self)
        }
    }

    /// What the payee signs to give the rest back: for how many steps it is paid.
    public static func closeDigest(of channel: ChannelID, upTo index: UInt32, in domain: ContractDomain) -> Hash32 {
        domain.digest(of: closeType, [.bytes32(channel.hash), .uint(UInt64(index))])
    }

    private static let closeType = EIP712.TypeHash("HashChainClose(bytes32 channelId,uint32 index)")

    // MARK: - Steps

    private func checkOpen() throws(Refusal) {
        guard phase == .open else { throw .notOpen(phase: phaseName) }
    }

    /// Pays the steps behind those that were paid for.
    private mutating func redeem(_ step: HashChainStep, in context: ContractContext) throws(Refusal) -> Payout? {
        guard step.index <= terms.stepCount else {
            throw .beyondEnd(index: step.index, count: terms.stepCount)
        }
        guard step.isAfter(redeemed, tag: terms.tag(in: context.domain)) else {
            throw .foreignStep(index: step.index)
        }
        let steps = step.index - redeemed.index
        redeemed = step
        guard steps > 0, let amount = terms.stepAmount.multiplied(by: UInt128(steps)) else { return nil }
        return Payout(to: terms.receiver, amount)
    }

    /// Closes the channel: nothing is left in it.
    private mutating func end() -> Payout? {
        let rest = locked
        phase = .closed
        return rest.isZero ? nil : Payout(to: terms.payer, rest)
    }
}

// MARK: - Stored form

extension HashChainContract {
    private static let version: UInt8 = 1

    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 220)
        writer.write(terms)
        writer.write(phase.rawValue)
        writer.write(redeemed)
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        terms = try reader.hashChainTerms()
        guard let phase = Phase(rawValue: try reader.byte()) else { throw .damaged }
        self.phase = phase
        redeemed = try reader.hashChainStep()
        guard redeemed.index <= terms.stepCount, terms.fault == nil || phase == .unfunded else { throw .damaged }
        try reader.finish()
    }
}
