// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingX402

/// Pays with a step for each price.
struct HashChainBenchPayer: BenchPayer {
    typealias Channel = HashChainChannel

    static let scheme = PaymentScheme.hashChain

    let id: ChannelID
    let terms: HashChainTerms
    let signer: KeySigner
    private var chain: HashChainTraversal

    init(_ number: Int, of signer: KeySigner, to payee: PrepaidPayee, payments: Int) throws {
        let steps = UInt32(clamping: min(payments, Int(HashChainTerms.stepCounts.upperBound)))
        var terms = HashChainTerms(
            payer: signer.address, receiver: payee.offer.receiver,
            receiverAuthorizer: payee.offer.receiverAuthorizer, token: payee.offer.token.address, anchor: .zero,
            stepCount: steps, stepAmount: Wallet.price, expiry: payee.expiry, salt: Self.salt(number))
        chain = HashChainTraversal(
            seed: Keccak256.hash(utf8: "farthing bench seed"), count: steps, tag: terms.tag(in: payee.domain))
        terms.anchor = chain.anchor
        self.terms = terms
        self.signer = signer
        id = terms.channelID(in: payee.domain)
    }

    var deposit: Amount { terms.deposit ?? .max }
    var left: Int { Int(terms.stepCount - chain.current.index) }

    mutating func next() throws -> UnverifiedHashChainStep {
        guard let step = chain.next() else { throw WrongResult("A hash chain is at its end.") }
        return UnverifiedHashChainStep(step)
    }
}
