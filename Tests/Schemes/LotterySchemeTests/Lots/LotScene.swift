// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives

/// Alice's lot of four tickets of ten units, with which she pays Bob, and the contract between them.
struct LotScene {
    static let domain = domain(on: 84_532)
    static let secret = hash("the lot's secret")
    static let carol = Person("Carol")

    let terms: LotTerms
    var place: PlayedLot
    var alice: LotPayer
    var bob: LotPayee

    static func domain(on chain: UInt64) -> ContractDomain {
        guard let domain = ContractDomain(.lot, on: Network(evm: chain)) else {
            preconditionFailure("a chain of the EVM has a domain")
        }
        return domain
    }

    static func terms(
        count: UInt16 = 4, value: UInt128 = 10, secret: Hash32 = Self.secret, salt: String = "salt",
        change: (inout LotTerms) -> Void = { _ in }
    ) -> LotTerms {
        var terms = LotTerms(
            payer: Person.alice.address, token: Person.token, ticketCount: count, ticketValue: units(value),
            commitment: .zero, closesAt: UInt64(noon.unixSeconds) + 86_400, revealBlocks: 20, salt: hash(salt))
        change(&terms)
        return terms.promising(secret, in: domain)
    }

    init(
        count: UInt16 = 4, secret: Hash32 = Self.secret, salt: String = "salt", isFunded: Bool = true,
        blockSeconds: UInt64 = 0, change: (inout LotTerms) -> Void = { _ in }
    ) throws {
        terms = Self.terms(count: count, secret: secret, salt: salt, change: change)
        place = try PlayedLot(terms, isFunded: isFunded, blockSeconds: blockSeconds)
        alice = try LotPayer(terms, secret: secret, in: Self.domain)
        bob = try LotPayee(terms, payee: Person.bob.address, in: Self.domain)
        try observe()
    }

    static var policy: LotPayee.Policy { LotPayee.Policy(token: Person.token, mostValue: units(1000)) }

    /// Both read the contract.
    mutating func observe() throws {
        try alice.observe(place.snapshot)
        try bob.observe(place.snapshot)
    }

    func signed(_ ticket: LotTicket, by signer: Person = .alice) -> UnverifiedLotPayment {
        let digest = ticket.digest(for: terms.channelID(in: Self.domain), in: Self.domain)
        return UnverifiedLotPayment(terms: terms, ticket: ticket, signature: signer.sign(digest))
    }

    /// A ticket as Alice's key, if not her books, may sign it for anybody.
    func payment(_ index: UInt16, for payee: Person = .bob) throws -> LotPayment {
        try signed(LotTicket(index: index, payee: payee.address)).verified(in: Self.domain)
    }

    func enter(_ index: UInt16, for payee: Person) -> LotContract.Order {
        let signed = signed(LotTicket(index: index, payee: payee.address))
        return .enter(signed.ticket, signature: signed.signature)
    }

    /// Bob takes a ticket for a thing of this price.
    mutating func take(_ payment: LotPayment, price: UInt128 = 10) throws -> LotContract.Order {
        try bob.take(payment, for: units(price), under: Self.policy, in: place.snapshot, at: place.block.time)
    }

    /// Alice gives Bob the next ticket, and he enters it.
    mutating func pay() throws {
        let ticket = try alice.give(to: Person.bob.address, at: place.block.time)
        try place.send(take(signed(ticket).verified(in: Self.domain)))
        try observe()
    }

    /// With one ticket of Bob's in it, and one of Carol's; both know.
    static func halfFull(
        secret: Hash32 = Self.secret, salt: String = "salt", blockSeconds: UInt64 = 0
    ) throws -> LotScene {
        var scene = try LotScene(secret: secret, salt: salt, blockSeconds: blockSeconds)
        try scene.pay()
        try scene.place.send(scene.enter(1, for: carol))
        try scene.observe()
        return scene
    }

    /// With two tickets of Bob's and two of Carol's, so that the draw has begun; both know.
    static func full(
        secret: Hash32 = Self.secret, salt: String = "salt", blockSeconds: UInt64 = 0
    ) throws -> LotScene {
        var scene = try halfFull(secret: secret, salt: salt, blockSeconds: blockSeconds)
        try scene.pay()
        try scene.place.send(scene.enter(3, for: carol))
        try scene.observe()
        return scene
    }

    /// All that somebody would hand in now, carried out.
    mutating func carryOut(_ orders: [LotContract.Order]) throws {
        for order in orders { try place.send(order) }
        try observe()
    }

    /// Bob is told what the contract paid him.
    mutating func tellBob() throws { try bob.paidOut(place.paid(to: Person.bob.address)) }
}
