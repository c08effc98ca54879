// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingX402

/// Pays with a token for each price, out of a tree that is 20 levels deep.
///
/// A tree of a million tokens takes seconds to make and 64 MB, and there are hundreds of channels. So only the tokens
/// that are going to be shown are there; the rest of the places are empty. Proofs are as long as any, and the payee
/// has as much to hash.
struct MerkleTokenBenchPayer: BenchPayer {
    typealias Channel = MerkleTokenChannel

    static let scheme = PaymentScheme.merkleToken

    let id: ChannelID
    let terms: MerkleTokenTerms
    let signer: KeySigner
    private let tokens: [MerkleToken]
    /// The nodes that have tokens below them, level by level, the leaves first.
    private let levels: [[Hash32]]
    /// For each level the node that has none below it.
    private let empty: [Hash32]
    private var shown = 0

    init(_ number: Int, of signer: KeySigner, to payee: PrepaidPayee, payments: Int) throws {
        let most = MerkleTokenTerms.tokenCounts.upperBound
        var terms = MerkleTokenTerms(
            payer: signer.address, token: payee.offer.token.address, root: .zero, tokenCount: most,
            tokenAmount: Wallet.price, expiry: payee.expiry, salt: Self.salt(number))
        let tag = terms.tag(in: payee.domain)
        let seed = Keccak256.hash(utf8: "farthing bench seed")
        tokens = (0..<UInt32(clamping: min(payments, Int(most)))).map { index in
            MerkleToken(
                payee: payee.offer.receiver, index: index, amount: Wallet.price,
                secret: MerkleTokenSecret.secret(of: index, seed: seed, tag: tag))
        }
        var (levels, empty) = ([tokens.map { MerkleTree.leaf($0, tag: tag) }], [Hash32.zero])
        for depth in 0..<terms.depth {
            let below = levels[depth]
            levels.append(
                stride(from: 0, to: below.count, by: 2).map { left in
                    MerkleTree.inner(below[left], left + 1 < below.count ? below[left + 1] : empty[depth])
                })
            empty.append(MerkleTree.inner(empty[depth], empty[depth]))
        }
        terms.root = levels[terms.depth][0]
        (self.levels, self.empty, self.terms, self.signer) = (levels, empty, terms, signer)
        id = terms.channelID(in: payee.domain)
    }

    var deposit: Amount { terms.deposit ?? .max }
    var left: Int { tokens.count - shown }

    mutating func next() throws -> UnverifiedMerkleTokens {
        guard shown < tokens.count else { throw WrongResult("A tree has no more tokens.") }
        let token = tokens[shown]
        let siblings = (0..<terms.depth).map { level in
            let place = shown >> level ^ 1
            return place < levels[level].count ? levels[level][place] : empty[level]
        }
        shown += 1
        return UnverifiedMerkleTokens([
            ShownMerkleToken(
                index: token.index, amount: token.amount, secret: token.secret, proof: MerkleProof(siblings: siblings))
        ])
    }
}
