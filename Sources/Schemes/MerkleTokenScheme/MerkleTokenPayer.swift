// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A Merkle-token channel as the payer sees it: it shows each payee as few tokens as the next request needs.
///
/// What is shown is the payee's to take; what the payee says it charged is believed up to what was asked for. So the
/// most that a payer can lose to a payee is what it showed to it and was not served for, which is never more than the
/// prices of the requests that are under way, rounded up to a token. What one payee says counts for no other.
///
/// It holds the seed of all tokens, so it is a secret.
public struct MerkleTokenPayer: Sendable {
    /// What the payer is asked, or told, of one payee.
    public enum Event: Hashable, Sendable {
        /// A request is to be paid for; `most` is how many tokens the payee takes at once.
        case paymentAsked(RequestID, price: Amount, most: UInt32)
        /// The same payment was sent again, since its answer got lost: it may have been charged the first time.
        case repeated(RequestID)
        /// The payee served the request, and says what it charged in all and for this one, and which tokens it has.
        case served(RequestID, charged: Amount, total: Amount, floor: UInt32)
        /// The payee would not serve it, and says how far it is.
        case corrected(RequestID, charged: Amount, floor: UInt32)
        /// The payee was asked, and says how far it is.
        case stateTold(charged: Amount, floor: UInt32)
        /// The payee did not serve it, and nothing was charged.
        case notServed(RequestID)
        /// Nobody knows what became of it.
        case unanswered(RequestID)
    }

    public typealias RequestID = ReservationID

    public let id: ChannelID
    public let terms: MerkleTokenTerms
    /// What is known of each payee.
    public private(set) var accounts: [Address: MerkleTokenAccount] = [:]
    let tag: Hash32
    let seed: Hash32
    private let tree: MerkleTokenTree

    /// Makes the tree: some two hashes for each token besides its secret.
    ///
    /// - Parameters:
    ///   - seed: Random, and known to nobody else.
    ///   - expiry: Unix seconds.
    ///   - salt: Tells apart channels that are the same otherwise; two of them never have a token in common.
    /// - Returns: `nil` when all tokens together may be worth more than 2^128 - 1.
    public init?(
        _ plan: MerkleTokenPlan, seed: Hash32, payer: Address, token: Address, expiry: UInt64, salt: Hash32,
        in domain: ContractDomain
    ) {
        var terms = MerkleTokenTerms(
            payer: payer, token: token, root: .zero, tokenCount: plan.tokenCount, tokenAmount: plan.tokenAmount,
            expiry: expiry, salt: salt)
        let tag = terms.tag(in: domain)
        guard let tree = Self.tree(plan, terms, seed: seed, tag: tag) else { return nil }
        terms.root = tree.root
        self.init(
            id: terms.channelID(in: domain), terms: terms, tag: tag, seed: seed, tree: tree,
            accounts: Self.accounts(plan))
    }

    init(
        id: ChannelID, terms: MerkleTokenTerms, tag: Hash32, seed: Hash32, tree: MerkleTokenTree,
        accounts: [Address: MerkleTokenAccount]
    ) {
        self.id = id
        self.terms = terms
        self.tag = tag
        self.seed = seed
        self.tree = tree
        self.accounts = accounts
    }

    static func accounts(_ plan: MerkleTokenPlan) -> [Address: MerkleTokenAccount] {
        var accounts: [Address: MerkleTokenAccount] = [:]
        var start: UInt32 = 0
        for share in plan.shares {
            accounts[share.payee] = MerkleTokenAccount(start: start, count: share.count, amount: share.amount)
            start += share.count
        }
        return accounts
    }

    /// All tokens of a plan, of which nothing but the seed need be kept.
    static func tree(_ plan: MerkleTokenPlan, _ terms: MerkleTokenTerms, seed: Hash32, tag: Hash32) -> MerkleTokenTree?
    {
        var rest = plan.shares[...]
        var end: UInt32 = plan.shares.first?.count ?? 0
        return MerkleTokenTree(terms, tag: tag) { index in
            while index >= end, rest.count > 1 {
                rest = rest.dropFirst()
                end += rest.first?.count ?? 0
            }
            return MerkleToken(
                payee: rest.first?.payee ?? .zero, index: index, amount: rest.first?.amount ?? .zero,
                secret: MerkleTokenSecret.secret(of: index, seed: seed, tag: tag))
        }
    }

    /// Takes over what other books of the same channel know of one payee.
    public mutating func take(_ payee: Address, from other: MerkleTokenPayer) {
        if let account = other.accounts[payee], accounts[payee] != nil { accounts[payee] = account }
    }

    /// Goes on from where a payee says it is, as these books may be older than what it has.
    public mutating func catchUp(charged: Amount, floor: UInt32, of payee: Address) {
        accounts[payee]?.catchUp(charged: charged, floor: floor)
    }

    /// - Returns: The tokens to send, for a payment that was asked for; `nil` for everything else.
    public mutating func apply(_ event: Event, of payee: Address) throws(Refusal) -> UnverifiedMerkleTokens? {
        guard var account = accounts[payee] else { throw .unknownPayee(payee) }
        let indices = try account.apply(event)
        let tokens = indices.compactMap { token($0, worth: account.amount) }
        accounts[payee] = account
        return tokens.isEmpty ? nil : UnverifiedMerkleTokens(tokens)
    }

    /// The last token that was shown to a payee; `nil` when none was.
    public func lastShown(to payee: Address) -> UnverifiedMerkleTokens? {
        guard let account = accounts[payee], account.shown > 0 else { return nil }
        return token(account.start + account.shown - 1, worth: account.amount).map { UnverifiedMerkleTokens([$0]) }
    }

    private func token(_ index: UInt32, worth amount: Amount) -> ShownMerkleToken? {
        tree.proof(of: index).map { proof in
            ShownMerkleToken(
                index: index, amount: amount, secret: MerkleTokenSecret.secret(of: index, seed: seed, tag: tag),
                proof: proof)
        }
    }
}

extension MerkleTokenPayer: Hashable {
    /// The tree follows from the seed and the plan, and so does the root.
    public static func == (left: MerkleTokenPayer, right: MerkleTokenPayer) -> Bool {
        left.id == right.id && left.terms == right.terms && left.seed == right.seed && left.accounts == right.accounts
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(accounts)
    }
}
