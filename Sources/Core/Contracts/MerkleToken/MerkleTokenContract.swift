// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A Merkle-token channel as its contract keeps it.
///
///     unfunded ──fund──▶ open ──reclaim──▶ closed
///                        │  ▲
///                        └redeem
///
/// `redeem` pays the payees of tokens that were not paid before, and `reclaim` gives the rest back when the channel
/// has expired. Whoever hands them in gets nothing for it, and can take nothing from anybody.
public struct MerkleTokenContract: ContractRules {
    public static let kind = ContractKind.merkleToken

    public enum Phase: UInt8, Hashable, Sendable {
        case unfunded
        case open
        case closed
    }

    public enum Order: Hashable, Sendable {
        /// Pay each token to the payee that it names, save those that were paid.
        ///
        /// The tokens stand in ascending order of their indices, and all of them are proven.
        case redeem([MerkleToken], MerkleMultiproof)
        /// Give the rest back, since the channel has expired.
        case reclaim
    }

    public enum Refusal: ExplainedError, Hashable {
        case terms(MerkleTokenTermsFault)
        case foreignPayer(Address)
        case depositMismatch(deposit: Amount, needed: Amount)
        case alreadyFunded
        case notOpen(phase: String)
        case lifetime(seconds: Int64)
        /// No tokens at all, or too many for one order.
        case batchSize(Int)
        /// A token twice, or behind one with a higher index.
        case unsorted
        /// A token beyond the last place.
        case beyondEnd(index: UInt32, count: UInt32)
        /// A token that is worth nothing, or too much.
        case tokenAmount(Amount, index: UInt32, most: Amount)
        /// A token for nobody, or for a contract of ours, in which money would be lost.
        case invalidPayee(Address, index: UInt32)
        /// The tokens are not what is in the tree, or the proof is not theirs.
        case notProven
        case notExpired(until: UInt64, now: Instant)
    }

    public let terms: MerkleTokenTerms
    public private(set) var phase: Phase = .unfunded
    /// Which tokens were paid for.
    public private(set) var spent = SpentTokens()
    /// What was paid for them in all.
    public private(set) var redeemed: Amount = .zero

    public init(_ terms: MerkleTokenTerms) {
        self.terms = terms
    }

    public var phaseName: String { "\(phase)" }

    public var locked: Amount {
        guard phase == .open else { return .zero }
        return terms.deposit?.subtracting(redeemed) ?? .max
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
        guard let seconds = UInt64(exactly: lifetime), MerkleTokenTerms.lifetimes.contains(seconds) else {
            throw .lifetime(seconds: lifetime)
        }
        phase = .open
        return []
    }

    public mutating func carryOut(_ order: Order, in context: ContractContext) throws(Refusal) -> [Payout] {
        switch order {
        case .redeem(let tokens, let proof):
            guard MerkleMultiproof.tokenCounts.contains(tokens.count) else { throw .batchSize(tokens.count) }
            guard MerkleMultiproof.areAscending(tokens.map(\.index)) else { throw .unsorted }
            // Tokens that were paid are no fault: orders may arrive twice, and overlap.
            if tokens.allSatisfy({ spent.contains($0.index) }) { return [] }
            try checkOpen()
            for token in tokens { try check(token, in: context.domain) }
            guard proof.proves(tokens, terms: terms, tag: terms.tag(in: context.domain)) else { throw .notProven }
            return try redeem(tokens)
        case .reclaim:
            if phase == .closed { return [] }
            try checkOpen()
            guard context.block.time.unixSeconds >= Int64(clamping: terms.expiry) else {
                throw .notExpired(until: terms.expiry, now: context.block.time)
            }
            let rest = locked
            phase = .closed
            return rest.isZero ? [] : [Payout(to: terms.payer, rest)]
        }
    }

    // MARK: - Steps

    private func checkOpen() throws(Refusal) {
        guard phase == .open else { throw .notOpen(phase: phaseName) }
    }

    /// Whether the terms allow a token, and somebody can be paid for it.
    private func check(_ token: MerkleToken, in domain: ContractDomain) throws(Refusal) {
        guard token.index < terms.tokenCount else {
            throw .beyondEnd(index: token.index, count: terms.tokenCount)
        }
        guard terms.allows(token) else {
            throw .tokenAmount(token.amount, index: token.index, most: terms.tokenAmount)
        }
        let payee = token.payee
        guard payee != .zero, payee != domain.contract, payee != SettlementDomain.standardContract,
            !ContractDomain.isLedgerAddress(payee)
        else {
            throw .invalidPayee(payee, index: token.index)
        }
    }

    /// Pays the tokens that were not paid before: once to each payee, in the order in which they first appear.
    private mutating func redeem(_ tokens: [MerkleToken]) throws(Refusal) -> [Payout] {
        var next = self
        var payees: [Address] = []
        var sums: [Address: Amount] = [:]
        for token in tokens where !spent.contains(token.index) {
            next.spent.insert(token.index)
            // Never more than the deposit, since each index is paid once and each was paid for; and yet it is checked.
            guard let redeemed = next.redeemed.adding(token.amount), let deposit = terms.deposit, redeemed <= deposit,
                let sum = (sums[token.payee] ?? .zero).adding(token.amount)
            else { throw .tokenAmount(token.amount, index: token.index, most: next.locked) }
            next.redeemed = redeemed
            if sums.updateValue(sum, forKey: token.payee) == nil { payees.append(token.payee) }
        }
        self = next
        return payees.compactMap { payee in sums[payee].map { Payout(to: payee, $0) } }
    }
}

// MARK: - Stored form

extension MerkleTokenContract {
    private static let version: UInt8 = 1

    public var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 220)
        writer.write(terms)
        writer.write(phase.rawValue)
        writer.write(redeemed)
        writer.write(spent)
        return writer.bytes
    }

    public init(stored: [UInt8]) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        terms = try reader.merkleTokenTerms()
        guard let phase = Phase(rawValue: try reader.byte()) else { throw .damaged }
        self.phase = phase
        redeemed = try reader.amount()
        spent = try reader.spentTokens(of: terms.tokenCount)
        try reader.finish()
        guard phase == .unfunded ? spent.count == 0 : terms.fault == nil, addsUp else { throw .damaged }
    }

    /// Whether what was paid is at least one unit for each spent token, and not more than each may be worth.
    private var addsUp: Bool {
        let count = UInt128(spent.count)
        guard let most = terms.tokenAmount.multiplied(by: count) else { return false }
        return redeemed >= Amount(units: count) && redeemed <= most
    }
}
