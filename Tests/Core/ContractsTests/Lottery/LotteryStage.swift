// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// Alice buys from Bob and others with lottery tickets: 100 units for all, and 40 in four seats of ten.
struct LotteryStage {
    static let domain: ContractDomain = {
        guard let domain = ContractDomain(.lottery, on: Network(evm: 84_532)) else {
            preconditionFailure("a chain of the EVM has a domain")
        }
        return domain
    }()
    /// Signs redemptions for every payee, unless somebody else is named.
    static let clerk = Person("the payees' clerk")
    var terms: LotteryTerms

    init(
        deposit: UInt128 = 100, reserve: UInt128 = 40, seats: UInt16 = 4, salt: String = "salt",
        change: (inout LotteryTerms) -> Void = { _ in }
    ) {
        terms = LotteryTerms(
            payer: Person.alice.address, token: Person.token, deposit: units(deposit), reserve: units(reserve),
            seats: seats, expiry: UInt64(noon.unixSeconds) + 86_400, salt: hash(salt))
        change(&terms)
    }

    var channel: ChannelID { terms.channelID(in: Self.domain) }

    func seat(
        _ payee: Person, authorizer: Person = clerk, by signer: Person = .alice
    ) -> LotteryContract.Order {
        let digest = LotterySeat.digest(
            for: payee.address, authorizer: authorizer.address, of: channel, in: Self.domain)
        return .takeSeat(payee.address, authorizer: authorizer.address, signature: signer.sign(digest))
    }

    func secret(_ nonce: UInt64) -> Hash32 { hash("secret \(nonce)") }

    /// A ticket that loses but once in 2⁶⁴ times, unless it is changed.
    func ticket(
        _ nonce: UInt64 = 1, for payee: Person = .bob, faceValue: UInt128 = 20,
        change: (inout LotteryTicket) -> Void = { _ in }
    ) -> LotteryTicket {
        let promise = LotteryDraw.commitment(to: secret(nonce), by: payee.address, in: channel)
        var ticket = LotteryTicket(
            payee: payee.address, commitment: promise, nonce: nonce, faceValue: units(faceValue), threshold: .max,
            expiry: terms.expiry)
        change(&ticket)
        return ticket
    }

    func sign(_ ticket: LotteryTicket, by signer: Person = .alice) -> Signature {
        signer.sign(ticket.digest(for: channel, in: Self.domain))
    }

    /// What a payee's authorizer signs to have a ticket paid.
    func authorize(_ ticket: LotteryTicket, by authorizer: Person = clerk) -> Signature {
        authorizer.sign(ticket.redemptionDigest(for: channel, in: Self.domain))
    }

    func redeem(
        _ ticket: LotteryTicket, secret: Hash32? = nil, by signer: Person = .alice, authorizer: Person = clerk
    ) -> LotteryContract.Order {
        .redeem(
            ticket, signature: sign(ticket, by: signer), secret: secret ?? self.secret(ticket.nonce),
            authorization: authorize(ticket, by: authorizer))
    }

    /// With its deposit in it, and seats for these.
    func opened(seats: [Person] = [.bob]) throws -> PlayedContract<LotteryContract> {
        var contract = PlayedContract<LotteryContract>(terms, in: Self.domain)
        try contract.fund(terms.opening?.units ?? 0, by: .alice)
        for payee in seats { try contract.send(seat(payee)) }
        return contract
    }
}
