// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingContracts
public import FarthingPrimitives

/// A token as its payee is shown it: it is for that payee, or it is proven for nobody.
public struct ShownMerkleToken: Hashable, Sendable {
    public var index: UInt32
    public var amount: Amount
    public var secret: Hash32
    public var proof: MerkleProof

    public init(index: UInt32, amount: Amount, secret: Hash32, proof: MerkleProof) {
        self.index = index
        self.amount = amount
        self.secret = secret
        self.proof = proof
    }

    func token(for payee: Address) -> MerkleToken {
        MerkleToken(payee: payee, index: index, amount: amount, secret: secret)
    }
}

/// Tokens as they came from outside: nobody has hashed them yet.
public struct UnverifiedMerkleTokens: Hashable, Sendable {
    /// In ascending order of their indices.
    public var tokens: [ShownMerkleToken]

    public init(_ tokens: [ShownMerkleToken]) { self.tokens = tokens }

    /// Shows that each token is in the tree, and for the payee.
    ///
    /// - Parameters:
    ///   - known: The way of a token that was proven before; it spares hashes, and decides nothing.
    ///   - most: How many tokens are taken at once, never more than MerkleTokenPayment/tokenCounts allows.
    public func verified(
        for payee: Address, of terms: MerkleTokenTerms, tag: Hash32, after known: MerklePath? = nil, most: UInt32
    ) throws(MerkleTokenChannel.Refusal) -> MerkleTokenPayment {
        let most = min(Int(most), MerkleTokenPayment.tokenCounts.upperBound)
        guard !tokens.isEmpty, tokens.count <= most else { throw .batchSize(tokens.count, most: most) }
        guard zip(tokens, tokens.dropFirst()).allSatisfy({ $0.index < $1.index }) else { throw .unsorted }
        var path = known
        for shown in tokens {
            guard shown.index < terms.tokenCount else {
                throw .beyondEnd(index: shown.index, count: terms.tokenCount)
            }
            guard !shown.amount.isZero, shown.amount <= terms.tokenAmount else {
                throw .tokenAmount(shown.amount, index: shown.index, most: terms.tokenAmount)
            }
            path = MerklePath(
                of: shown.token(for: payee), by: shown.proof, terms: terms, tag: tag, after: path)
            guard path != nil else { throw .notProven(index: shown.index) }
        }
        return MerkleTokenPayment(tokens: tokens, payee: payee, path: path)
    }
}

/// Tokens that are in the channel's tree and for its payee, as was checked when it was made.
///
/// Whether they were shown before is for the channel to say.
public struct MerkleTokenPayment: Hashable, Sendable {
    /// How many tokens one payment may bring.
    public static let tokenCounts: ClosedRange<Int> = 1...64

    public let tokens: [ShownMerkleToken]
    public let payee: Address
    /// The way of the last token.
    let path: MerklePath?

    fileprivate init(tokens: [ShownMerkleToken], payee: Address, path: MerklePath?) {
        self.tokens = tokens
        self.payee = payee
        self.path = path
    }
}
