// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

extension PrepaidShop {
    /// A channel of ten steps, which nobody has funded yet.
    func channel(
        steps: UInt32 = 10, salt: String = "salt", change: (inout HashChainTerms) -> Void = { _ in }
    ) throws -> HashChainPayer {
        var terms = HashChainTerms(
            payer: buyer.address, receiver: node.configuration.payTo, receiverAuthorizer: node.books.authorizer,
            token: Self.token.address, anchor: .zero, stepCount: steps, stepAmount: Amount(units: 500),
            expiry: UInt64(clock.now.unixSeconds) + 86_400, salt: Keccak256.hash(utf8: salt))
        change(&terms)
        let chain = HashChainTraversal(
            seed: Keccak256.hash(utf8: "seed"), count: steps, tag: terms.tag(in: try domain))
        terms.anchor = chain.anchor
        return HashChainPayer(id: terms.channelID(in: try domain), terms: terms, traversal: chain)
    }

    /// Opens a channel with its first payment.
    func open(_ payer: inout HashChainPayer) async throws -> Answer {
        let step = try payer.apply(.paymentAsked(ReservationID(0), price: Self.price, longest: 100))
        return try await send(
            PrepaidPayload<HashChainChannel>.open(
                payer.terms, try funding(payer.id, with: payer.terms.deposit),
                UnverifiedHashChainStep(try #require(step))))
    }

    func pay(_ payer: inout HashChainPayer, request: UInt64, fails: Bool = false) async throws -> Answer {
        let step = try payer.apply(.paymentAsked(ReservationID(request), price: Self.price, longest: 100))
        return try await send(
            PrepaidPayload<HashChainChannel>.payment(payer.id, UnverifiedHashChainStep(try #require(step))),
            fails: fails)
    }
}
