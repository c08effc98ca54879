// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402
import Testing

@testable import FarthingAssembly

extension PrepaidShop {
    static let challengeSeconds: UInt64 = 3600

    /// A channel of 10,000 units, which nobody has funded yet, as its payer will see it once it is funded.
    func twoWayChannel(change: (inout TwoWayTerms) -> Void = { _ in }) throws -> TwoWayPayer {
        var terms = TwoWayTerms(
            first: buyer.address, second: node.books.authorizer, token: Self.token.address,
            firstDeposit: Amount(units: 10_000), secondDeposit: .zero, challengeSeconds: Self.challengeSeconds,
            salt: Keccak256.hash(utf8: "salt"))
        change(&terms)
        let (id, before) = (terms.channelID(in: try domain), Block(height: 0, time: clock.now))
        var contract = TwoWayContract(terms)
        _ = try? contract.fund(
            terms.firstDeposit, by: terms.first, in: ContractContext(domain: try domain, channel: id, block: before))
        return TwoWayPayer(id: id, ledger: ContractSnapshot(state: contract, block: before))
    }

    func open(_ payer: inout TwoWayPayer) async throws -> Answer {
        let payment = try asked(&payer, 0)
        return try await send(
            PrepaidPayload<TwoWayChannel>.open(
                payer.terms, try funding(payer.id, with: payer.terms.firstDeposit), payment))
    }

    func pay(_ payer: inout TwoWayPayer, request: UInt64, fails: Bool = false) async throws -> Answer {
        try await send(PrepaidPayload<TwoWayChannel>.payment(payer.id, try asked(&payer, request)), fails: fails)
    }

    func asked(_ payer: inout TwoWayPayer, _ request: UInt64) throws -> UnverifiedTwoWayPayment {
        let effects = try payer.apply(.paymentAsked(ReservationID(request), price: Self.price))
        guard case .propose(let state)? = effects.first else { throw NothingSigned() }
        return try signed(state, of: payer.id)
    }

    func signed(
        _ state: TwoWayState, of id: ChannelID, isClose: Bool = false
    ) throws -> UnverifiedTwoWayPayment {
        let digest = isClose ? state.closeDigest(of: id, in: try domain) : state.digest(of: id, in: try domain)
        return UnverifiedTwoWayPayment(state, signature: buyer.signNow(digest), isClose: isClose)
    }

    struct NothingSigned: Error {}

    /// Takes in an answer, and the payee's signature that comes with it.
    ///
    /// - Returns: The state that both have signed then.
    @discardableResult
    func served(_ payer: inout TwoWayPayer, _ request: UInt64, _ answer: Answer) throws -> TwoWayPayment {
        let payment = try countersigned(answer, of: payer)
        _ = try payer.apply(
            .served(
                ReservationID(request), charged: Self.price,
                total: try JSONMembers(answer.state).amount("charged"), countersigned: payment))
        return payment
    }

    /// The payee's signature over the state that an answer tells of.
    func countersigned(_ answer: Answer, of payer: TwoWayPayer) throws -> TwoWayPayment {
        let members = JSONMembers(answer.state)
        let told = UnverifiedTwoWayPayment(
            TwoWayState(
                nonce: try members.number("nonce"), firstBalance: try members.amount("firstBalance"),
                secondBalance: try members.amount("secondBalance")),
            signature: try members.signature("countersignature"))
        return try #require(
            told.verified(by: .second, under: payer.terms, of: payer.id, in: try domain))
    }

    /// What the ledger takes of a state that the payee signed.
    func both(_ payment: TwoWayPayment, of payer: TwoWayPayer) throws -> SignedTwoWayState {
        let own = buyer.signNow(payment.digest(of: payer.id, in: try domain))
        return SignedTwoWayState(payment.state, payment.signatures(with: own, of: payer.id, in: try domain))
    }

    /// The payer ends the channel alone.
    func end(_ payer: TwoWayPayer, with payment: TwoWayPayment?) async throws {
        let digest = TwoWayContract.startCloseDigest(of: payer.id, at: payment?.state.nonce ?? 0, in: try domain)
        let order = TwoWayContract.Order.startClose(
            try payment.map { try both($0, of: payer) }, buyer.signNow(digest))
        _ = try await ledger.carryOut(order, on: payer.id, under: TwoWayContract.self)
    }
}
