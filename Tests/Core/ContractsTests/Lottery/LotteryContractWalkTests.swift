// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A random walk over a lottery contract")
struct LotteryContractWalkTests {
    /// What should be where, counted without the contract.
    private struct Model {
        var deposit: UInt128
        var seats: [Person: (reserve: UInt128, nonce: UInt64)] = [:]
        var isClosed = false

        /// What a ticket that has won is to pay; `nil` when it is to be refused.
        mutating func redeem(_ ticket: LotteryTicket, of payee: Person) -> UInt128? {
            guard let seat = seats[payee] else { return nil }
            if ticket.nonce == seat.nonce { return 0 }
            let face = ticket.faceValue.units
            guard !isClosed, ticket.nonce > seat.nonce, deposit + seat.reserve > 0 else { return nil }
            let paid = min(face, deposit + seat.reserve)
            let own = paid - min(paid, deposit)
            deposit -= paid - own
            seats[payee] = (seat.reserve - own, ticket.nonce)
            return paid
        }
    }

    private static let payees = [Person.bob, .carol, Person("Dave"), Person("Erin")]

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 20_261_121] as [UInt64])
    func `pays each party what is its own, whatever arrives`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var (won, lost, dry) = (0, 0, 0)
        for round in 0..<40 {
            let stage = LotteryStage(
                deposit: UInt128.random(in: 0...200, using: &random),
                reserve: UInt128.random(in: 3...90, using: &random), seats: 3, salt: "round \(round)")
            var contract = try stage.opened(seats: [])
            var model = Model(deposit: stage.terms.deposit.units)
            var owned = stage.terms.opening?.units ?? 0
            for step in 0..<16 {
                let what = Comment(rawValue: "seed \(seed), round \(round), step \(step)")
                let payee = Self.payees.randomElement(using: &random) ?? .bob
                switch Int.random(in: 0..<12, using: &random) {
                case 0...1:
                    let mayHave = model.seats[payee] != nil || model.seats.count < 3 && !model.isClosed
                    let taken = try contract.taking(stage.seat(payee))
                    #expect((taken != nil) == mayHave, what)
                    if mayHave, model.seats[payee] == nil { model.seats[payee] = (stage.terms.share.units, 0) }
                case 2...7:
                    let ticket = stage.ticket(
                        UInt64.random(in: 1...9, using: &random), for: payee,
                        faceValue: UInt128.random(in: 1...120, using: &random)
                    ) { $0.threshold = UInt64.random(in: 1...(.max), using: &random) }
                    let isPaid = model.seats[payee]?.nonce == ticket.nonce
                    let wins = ticket.wins(stage.sign(ticket), secret: stage.secret(ticket.nonce))
                    (won, lost) = (won + (wins ? 1 : 0), lost + (wins ? 0 : 1))
                    let expected = wins || isPaid ? model.redeem(ticket, of: payee) : nil
                    let payouts = try contract.taking(stage.redeem(ticket))
                    let sum = payouts.map { $0.reduce(0) { $0 + $1.amount.units } }
                    #expect(sum == expected, what)
                    #expect(payouts?.allSatisfy { $0.receiver == payee.address } != false, what)
                    if wins, expected == nil { dry += 1 }
                case 8:
                    let more = UInt128.random(in: 1...50, using: &random)
                    do {
                        try contract.fund(more, by: .alice)
                        (model.deposit, owned) = (model.deposit + more, owned + more)
                        #expect(!model.isClosed, what)
                    } catch is LotteryContract.Refusal { #expect(model.isClosed, what) }
                case 9: contract.wait(seconds: Int64.random(in: 0...20_000, using: &random))
                case 10:
                    let isOver = contract.block.time.unixSeconds >= Int64(stage.terms.expiry)
                    #expect((try contract.taking(.reclaim) != nil) == (isOver || model.isClosed), what)
                    if isOver { model.isClosed = true }
                default:
                    // Somebody else's tickets, and tickets that the payer made for itself alone.
                    let nonce = [UInt64.random(in: 1...9, using: &random), .max].randomElement(using: &random) ?? 1
                    let ticket = stage.ticket(nonce, for: payee, faceValue: 1)
                    let isPaid = model.seats[payee]?.nonce == ticket.nonce
                    let foreign = stage.redeem(ticket, by: .mallory)
                    let own = stage.redeem(ticket, authorizer: .alice)
                    let stolen = LotteryContract.Order.redeem(
                        ticket, signature: stage.sign(ticket), secret: stage.secret(nonce),
                        authorization: stage.authorize(stage.ticket(nonce, for: payee, faceValue: 2)))
                    let order = [foreign, own, stolen].randomElement(using: &random) ?? foreign
                    #expect(try contract.taking(order) == (isPaid ? [] : nil), what)
                    if model.seats[payee] != nil {
                        #expect(try contract.taking(stage.seat(payee, authorizer: .alice)) == nil, what)
                    }
                }
                let isOver = contract.block.time.unixSeconds >= Int64(stage.terms.expiry)
                if isOver, !model.isClosed {
                    // No ticket is paid any more; all that is left for Alice is to reclaim.
                    try contract.send(.reclaim)
                    model.isClosed = true
                }
                let paid = Self.payees.reduce(UInt128(0)) { $0 + contract.paid(to: $1).units }
                #expect(contract.paid(to: .alice) == units(model.isClosed ? owned - paid : 0), what)
                #expect(contract.state.locked == units(model.isClosed ? 0 : owned - paid), what)
                guard !model.isClosed else { continue }
                #expect(contract.state.deposit == units(model.deposit), what)
                for payee in Self.payees {
                    let seat = contract.state.seats[payee.address]
                    #expect(seat?.reserve.units == model.seats[payee]?.reserve, what)
                    #expect(seat?.nonce == model.seats[payee]?.nonce, what)
                    #expect(seat?.paid ?? .zero == contract.paid(to: payee), what)
                }
            }
        }
        #expect(won > 50 && lost > 50 && dry > 10, "the walk has seen too little")
    }
}

extension PlayedContract {
    /// What an order pays, or `nil` when it is refused.
    mutating func taking(_ order: Rules.Order) throws -> [Payout]? {
        do { return try send(order) } catch is Rules.Refusal { return nil }
    }
}
