// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A Merkle-token channel as one of its payees sees it: each payment shows tokens, and tokens fill a purse.
///
///     open ──paymentArrived / served / released / captured──▶ open ──observed──▶ closed
///
/// Captured ≤ charged ≤ authorised ≤ deposited: tokens are redeemed in the order in which they came, while all up to
/// them come to no more than what was delivered. A token of which a part was delivered for waits until the rest is.
///
/// Nobody can close the channel before it expires, because it has other payees.
///
/// - Source: R. Merkle, "A Digital Signature Based on a Conventional Encryption Function" (1987);
///   `Specs/merkle-token.md` lists every rule.
public struct MerkleTokenChannel: PrepaidScheme {
    public typealias Rules = MerkleTokenContract
    public typealias Payment = MerkleTokenPayment
    public typealias Event = PrepaidEvent<MerkleTokenPayment, MerkleTokenContract>

    public static let schemeName = ContractKind.merkleToken.rawValue

    public enum Phase: UInt8, Hashable, Sendable {
        case open
        /// The contract holds nothing for us any more.
        case closed
    }

    public enum Effect: Hashable, Sendable {
        /// Keep the token until it was redeemed.
        ///
        /// `total` is what all tokens that were accepted up to it come to.
        case keep(MerkleToken, MerkleProof, total: Amount)
    }

    public let id: ChannelID
    public let terms: MerkleTokenTerms
    /// What goes into each leaf of the tree; it follows from the terms, and is kept because it is dear.
    public let tag: Hash32
    /// Whose channel this is.
    public let payee: Address
    public private(set) var phase: Phase
    /// Which tokens were accepted.
    public private(set) var seen: SeenTokens
    public private(set) var purse: Purse
    /// What all tokens up to the last that was redeemed come to.
    public private(set) var captured: Amount
    public private(set) var readIn: Block
    public private(set) var lastPaidAt: Instant?
    /// The way of the token that was shown last, from which the next is near.
    ///
    /// Lost at a restart, and no loss.
    private(set) var path: MerklePath?

    public init(
        id: ChannelID, ledger: ContractSnapshot<MerkleTokenContract>, in domain: ContractDomain, payee: Address
    ) {
        self.init(
            id: id, terms: ledger.state.terms, tag: ledger.state.terms.tag(in: domain), payee: payee,
            phase: ledger.state.phase == .open ? .open : .closed, seen: SeenTokens(), purse: Purse(),
            captured: .zero, readIn: ledger.block, lastPaidAt: nil)
    }

    init(
        id: ChannelID, terms: MerkleTokenTerms, tag: Hash32, payee: Address, phase: Phase, seen: SeenTokens,
        purse: Purse, captured: Amount, readIn: Block, lastPaidAt: Instant?
    ) {
        self.id = id
        self.terms = terms
        self.tag = tag
        self.payee = payee
        self.phase = phase
        self.seen = seen
        self.purse = purse
        self.captured = captured
        self.readIn = readIn
        self.lastPaidAt = lastPaidAt
    }

    public var expiry: Instant? { Instant(unixSeconds: Int64(clamping: terms.expiry)) }

    /// What was earned and not captured; less can be captured while the last token is not earned as a whole.
    public var unclaimed: Amount { phase == .closed ? .zero : purse.earned.clampedSubtracting(captured) }

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
            let effects = try accept(payment, at: now)
            try follow(event)
            return effects
        case .served, .released, .deliveryFailed: try follow(event)
        case .captured(let total):
            // What was captured is told again after a crash, and never less.
            captured = max(captured, min(total, purse.charged))
        case .closeAsked: throw .notClosable(until: terms.expiry)
        }
        return []
    }

    // MARK: - Rules

    /// Takes in the tokens that were not shown before, and what they bring.
    ///
    /// - Returns: What is to be kept of them.
    private mutating func accept(
        _ payment: MerkleTokenPayment?, at now: Instant
    ) throws(Refusal) -> [Effect] {
        guard phase == .open else { throw .notOpen(phase: "\(phase)") }
        guard now.unixSeconds < Int64(clamping: terms.expiry) - Self.safetyMargin else {
            throw .expiring(at: terms.expiry, now: now)
        }
        guard let payment else { return [] }
        guard payment.payee == payee else { throw .notProven(index: payment.tokens.first?.index ?? 0) }
        var effects: [Effect] = []
        for shown in payment.tokens where seen.insert(shown.index) {
            try fill(by: shown.amount)
            effects.append(.keep(shown.token(for: payee), shown.proof, total: purse.authorised))
        }
        path = payment.path
        return effects
    }

    private mutating func follow(_ event: Event) throws(Refusal) {
        do throws(Purse.Refusal) { lastPaidAt = try purse.follow(event) ?? lastPaidAt } catch { throw .purse(error) }
    }

    private mutating func fill(by amount: Amount) throws(Refusal) {
        do throws(Purse.Refusal) { try purse.fill(by: amount) } catch { throw .purse(error) }
    }

    /// Takes in what the contract says, unless something newer is known.
    private mutating func observe(_ snapshot: ContractSnapshot<MerkleTokenContract>) {
        guard snapshot.block.height >= readIn.height else { return }
        readIn = snapshot.block
        switch snapshot.state.phase {
        case .unfunded, .open: break
        case .closed: phase = .closed
        }
    }

    // MARK: - Redeeming

    /// The order that redeems tokens which were kept, whatever their order; `nil` when they cannot be redeemed at once.
    ///
    /// - Parameter kept: 1 through 1,024 of them.
    public func redemption(of kept: [Effect]) -> MerkleTokenContract.Order? {
        var proofs: [UInt32: (token: MerkleToken, proof: MerkleProof)] = [:]
        for case .keep(let token, let proof, _) in kept { proofs[token.index] = (token, proof) }
        let sorted = proofs.values.sorted { $0.token.index < $1.token.index }
        let tokens = sorted.map(\.token)
        guard
            let joined = MerkleMultiproof(joining: sorted.map(\.proof), of: tokens, terms: terms, tag: tag)
        else { return nil }
        return .redeem(tokens, joined)
    }
}

extension MerkleTokenChannel {
    /// Whether both hold the same, with the same requests in flight; what only spares hashes does not count.
    public static func == (left: MerkleTokenChannel, right: MerkleTokenChannel) -> Bool {
        left.isStoredLike(right) && left.purse == right.purse
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(purse)
        hasher.combine(seen)
    }
}
