// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A lot's contract")
struct LotContractTests {
    let stage = LotStage()

    @Test func `pays one winner all, when it is full`() throws {
        var contract = try stage.full()
        // The last ticket was entered a block before this one, and 20 blocks are there to reveal in.
        #expect(contract.state.phase == .drawing(block: contract.block.height + 20))
        #expect(try contract.send(stage.reveal) == [])
        let deciding = contract.deciding
        contract.wait(until: deciding + 1)
        let place = try #require(
            LotDraw.place(secret: LotStage.secret, blockHash: hash("block \(deciding)"), among: 4))
        #expect(try contract.send(.draw) == [Payout(to: LotStage.payees[place].address, units(40))])
        #expect(contract.state.phase == .closed)
    }

    @Test func `pays one winner what the tickets are worth that were entered, and the payer the rest`() throws {
        var contract = try stage.opened()
        try contract.send(stage.enter(3, .carol))
        try contract.send(stage.enter(1, .bob))
        contract.wait(seconds: 86_400)
        #expect(try contract.send(.close) == [])
        try contract.send(stage.reveal)
        let deciding = contract.deciding
        contract.wait(until: deciding + 1)
        let place = try #require(
            LotDraw.place(secret: LotStage.secret, blockHash: hash("block \(deciding)"), among: 2))
        // By index, not in the order in which they came.
        let winner = [Person.bob, .carol][place]
        #expect(
            try contract.send(.draw) == [
                Payout(to: winner.address, units(20)), Payout(to: Person.alice.address, units(20)),
            ])
    }

    @Test func `gives each ticket what it is worth when the payer reveals nothing`() throws {
        var contract = try stage.full()
        contract.wait(until: contract.deciding)
        let payouts = try contract.send(.share)
        #expect(
            payouts == [
                Payout(to: Person.bob.address, units(20)), Payout(to: Person.carol.address, units(10)),
                Payout(to: Person("Dave").address, units(10)),
            ])
        #expect(contract.state.phase == .closed)
    }

    @Test func `gives each ticket what it is worth when nobody draws in time, and the payer the rest`() throws {
        var contract = try stage.opened(for: [.bob, .bob, .carol])
        contract.wait(seconds: 86_400)
        try contract.send(.close)
        try contract.send(stage.reveal)
        contract.wait(until: contract.deciding + LotTerms.drawBlocks + 1)
        #expect(
            try contract.send(.share) == [
                Payout(to: Person.bob.address, units(20)), Payout(to: Person.carol.address, units(10)),
                Payout(to: Person.alice.address, units(10)),
            ])
    }

    @Test func `gives everything back when no ticket was entered`() throws {
        var contract = try stage.opened()
        contract.wait(seconds: 86_400)
        #expect(try contract.send(.close) == [Payout(to: Person.alice.address, units(40))])
        #expect(contract.state.phase == .closed)
    }

    @Test func `changes nothing when an order comes a second time`() throws {
        var contract = try stage.opened(for: [.bob, .carol])
        #expect(try contract.send(stage.enter(0, .bob)) == [])
        contract.wait(seconds: 86_400)
        try contract.send(.close)
        let drawing = contract.state
        #expect(try contract.send(.close) == [])
        #expect(try contract.send(stage.enter(1, .carol)) == [])
        #expect(contract.state == drawing)
        try contract.send(stage.reveal)
        #expect(try contract.send(stage.reveal) == [])
        contract.wait(until: drawing.awaitedBlock.map { $0 + 1 } ?? 0)
        try contract.send(.draw)
        let closed = contract.state
        for order in [stage.enter(0, .bob), .close, stage.reveal, .draw, .share] {
            #expect(try contract.send(order) == [])
        }
        #expect(contract.state == closed)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 7, 16, 33, 100, 1024] as [UInt16])
    func `has exactly one winner, whatever its size`(count: UInt16) throws {
        let stage = LotStage(count: count, value: 3)
        // Each ticket is another's, so that each winner is one ticket.
        var contract = try stage.opened(for: (0..<count).map { Person("payee \($0)") })
        try contract.send(stage.reveal)
        contract.wait(until: contract.deciding + 1)
        let payouts = try contract.send(.draw)
        #expect(payouts.map(\.amount) == [units(3 * UInt128(count))])
        #expect(contract.state.tickets.contains { $0.payee == payouts.first?.receiver })
    }

    // MARK: - Refusals

    struct Deposit: CustomTestStringConvertible {
        let code: String
        let deposit: UInt128
        let change: @Sendable (inout LotTerms) -> Void

        init(_ code: String, _ deposit: UInt128 = 40, _ change: @escaping @Sendable (inout LotTerms) -> Void) {
            self.code = code
            self.deposit = deposit
            self.change = change
        }

        var testDescription: String { code }
    }

    @Test(arguments: [
        Deposit("lottery-lot.terms") { $0.ticketCount = 0 },
        Deposit("lottery-lot.terms") { $0.ticketCount = 1025 },
        Deposit("lottery-lot.terms") { $0.ticketValue = .zero },
        Deposit("lottery-lot.terms") { $0.ticketValue = .max },
        Deposit("lottery-lot.terms") { $0.revealBlocks = 9 },
        Deposit("lottery-lot.terms") { $0.revealBlocks = 201 },
        Deposit("lottery-lot.foreign-payer") { $0.payer = Person.carol.address },
        Deposit("lottery-lot.deposit-mismatch", 39) { _ in },
        Deposit("lottery-lot.deposit-mismatch", 41) { _ in },
        Deposit("lottery-lot.lifetime") { $0.closesAt = UInt64(noon.unixSeconds) + 899 },
        Deposit("lottery-lot.lifetime") { $0.closesAt = 0 },
        Deposit("lottery-lot.lifetime") { $0.closesAt = .max },
    ])
    func `refuses a deposit, and stays as it was`(_ planted: Deposit) throws {
        let stage = LotStage(change: planted.change)
        var contract = PlayedContract<LotContract>(stage.terms, in: LotStage.domain)
        let refusal = #expect(throws: LotContract.Refusal.self) { try contract.fund(planted.deposit, by: .alice) }
        #expect(refusal?.code == planted.code)
        #expect(refusal?.message.isEmpty == false)
    }

    @Test func `refuses a second deposit`() throws {
        var contract = try stage.opened()
        #expect(throws: LotContract.Refusal.alreadyFunded) { try contract.fund(40, by: .alice) }
    }

    @Test func `refuses a ticket that is not there, is another's, was not signed, or comes too late`() throws {
        var contract = try stage.opened(for: [.bob])
        #expect(throws: LotContract.Refusal.beyondEnd(index: 4, count: 4)) {
            try contract.send(stage.enter(4, .bob))
        }
        #expect(throws: LotContract.Refusal.taken(index: 0)) { try contract.send(stage.enter(0, .carol)) }
        #expect(throws: LotContract.Refusal.ticketSignature) {
            try contract.send(stage.enter(1, .carol, by: .carol))
        }
        #expect(throws: LotContract.Refusal.invalidPayee(Person.alice.address)) {
            try contract.send(stage.enter(1, .alice))
        }
        contract.wait(seconds: 86_399)
        try contract.send(stage.enter(1, .carol))
        contract.wait(seconds: 1)
        #expect(throws: LotContract.Refusal.over(since: stage.terms.closesAt, now: contract.block.time)) {
            try contract.send(stage.enter(2, .carol))
        }
    }

    @Test func `refuses to close a second before its time`() throws {
        var contract = try stage.opened(for: [.bob])
        contract.wait(seconds: 86_399)
        #expect(throws: LotContract.Refusal.notOver(until: stage.terms.closesAt, now: contract.block.time)) {
            try contract.send(.close)
        }
        contract.wait(seconds: 1)
        try contract.send(.close)
    }

    @Test func `keeps the times to reveal, to draw and to share, to the block`() throws {
        var silent = try stage.full()
        let deciding = silent.deciding
        silent.wait(until: deciding - 1)
        #expect(throws: LotContract.Refusal.tooEarly(until: deciding, block: deciding - 1)) {
            try silent.send(.share)
        }
        var contract = silent
        try contract.send(stage.reveal)
        silent.wait(until: deciding)
        #expect(throws: LotContract.Refusal.tooLate(since: deciding, block: deciding)) {
            try silent.send(stage.reveal)
        }
        #expect(throws: LotContract.Refusal.notRevealed) { try silent.send(.draw) }
        #expect(throws: LotContract.Refusal.tooEarly(until: deciding + 1, block: deciding)) {
            try contract.send(.draw)
        }
        let end = deciding + 201
        contract.wait(until: end - 1)
        #expect(throws: LotContract.Refusal.tooEarly(until: end, block: end - 1)) { try contract.send(.share) }
        var drawn = contract
        try drawn.send(.draw)
        contract.wait(until: end)
        #expect(throws: LotContract.Refusal.tooLate(since: end, block: end)) { try contract.send(.draw) }
        try contract.send(.share)
    }

    @Test func `refuses a secret that was not promised, and to draw without the block's hash`() throws {
        var contract = try stage.full()
        #expect(throws: LotContract.Refusal.foreignSecret) { try contract.send(.reveal(hash("another"))) }
        try contract.send(stage.reveal)
        #expect(throws: LotContract.Refusal.foreignSecret) { try contract.send(.reveal(hash("another"))) }
        let deciding = contract.deciding
        contract.wait(until: deciding + 1)
        contract.blockHash = { _ in nil }
        #expect(throws: LotContract.Refusal.unknownHash(of: deciding)) { try contract.send(.draw) }
    }

    @Test func `refuses what is not its turn`() throws {
        var contract = PlayedContract<LotContract>(stage.terms, in: LotStage.domain)
        for order in [stage.enter(0, .bob), .close] {
            #expect(throws: LotContract.Refusal.notOpen(phase: "unfunded")) { try contract.send(order) }
        }
        for order in [stage.reveal, .draw, .share] {
            #expect(throws: LotContract.Refusal.notDrawing(phase: "unfunded")) { try contract.send(order) }
        }
        try contract.fund(40, by: .alice)
        for order in [stage.reveal, .draw, .share] {
            #expect(throws: LotContract.Refusal.notDrawing(phase: "open")) { try contract.send(order) }
        }
        try contract.send(stage.enter(0, .bob))
        contract.wait(seconds: 86_400)
        try contract.send(.close)
        #expect(throws: LotContract.Refusal.notOpen(phase: "drawing")) { try contract.send(stage.enter(1, .bob)) }
        contract.wait(until: contract.deciding)
        try contract.send(.share)
        #expect(throws: LotContract.Refusal.notOpen(phase: "closed")) { try contract.send(stage.enter(1, .bob)) }
        #expect(throws: LotContract.Refusal.notDrawing(phase: "closed")) { try contract.send(stage.reveal) }
    }
}
