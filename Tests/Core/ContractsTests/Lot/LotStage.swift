// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// Alice buys from Bob and others with the tickets of a lot: ten units each, of which one wins all.
struct LotStage {
    static let domain: ContractDomain = {
        guard let domain = ContractDomain(.lot, on: Network(evm: 84_532)) else {
            preconditionFailure("a chain of the EVM has a domain")
        }
        return domain
    }()
    static let secret = hash("the payer's secret")
    var terms: LotTerms

    init(
        count: UInt16 = 4, value: UInt128 = 10, secret: Hash32 = Self.secret, salt: String = "salt",
        change: (inout LotTerms) -> Void = { _ in }
    ) {
        terms = LotTerms(
            payer: Person.alice.address, token: Person.token, ticketCount: count, ticketValue: units(value),
            commitment: .zero, closesAt: UInt64(noon.unixSeconds) + 86_400, revealBlocks: 20, salt: hash(salt))
        change(&terms)
        terms.commitment = LotTerms.commitment(to: secret, tag: terms.tag(in: Self.domain))
    }

    var channel: ChannelID { terms.channelID(in: Self.domain) }

    func enter(_ index: UInt16, _ payee: Person, by signer: Person = .alice) -> LotContract.Order {
        let ticket = LotTicket(index: index, payee: payee.address)
        return .enter(ticket, signature: signer.sign(ticket.digest(for: channel, in: Self.domain)))
    }

    var reveal: LotContract.Order { .reveal(Self.secret) }

    /// With its deposit in it, and tickets for these, from the first on.
    func opened(for payees: [Person] = []) throws -> PlayedContract<LotContract> {
        var contract = PlayedContract<LotContract>(terms, in: Self.domain)
        try contract.fund(terms.deposit?.units ?? 0, by: .alice)
        for (index, payee) in payees.enumerated() { try contract.send(enter(UInt16(index), payee)) }
        return contract
    }

    static let payees = [Person.bob, .carol, .bob, Person("Dave")]

    /// All tickets are in.
    func full() throws -> PlayedContract<LotContract> { try opened(for: Self.payees) }
}

extension PlayedContract<LotContract> {
    /// Lets so many blocks pass that the next order is in this one.
    mutating func wait(until height: UInt64) {
        if height > block.height { wait(seconds: 0, blocks: height - block.height) }
    }

    /// The block that decides; 0 when none does.
    var deciding: UInt64 { state.awaitedBlock ?? 0 }
}
