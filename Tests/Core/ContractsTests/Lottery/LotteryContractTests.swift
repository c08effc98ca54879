// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A lottery contract")
struct LotteryContractTests {
    let stage = LotteryStage()

    @Test func `pays a ticket that has won, once`() throws {
        var contract = try stage.opened()
        let first = stage.redeem(stage.ticket(1))
        #expect(try contract.send(first) == [Payout(to: Person.bob.address, units(20))])
        #expect(try contract.send(first) == [])
        #expect(try contract.send(stage.redeem(stage.ticket(7))) == [Payout(to: Person.bob.address, units(20))])
        #expect(contract.state.locked == units(100))
        #expect(contract.state.seats[Person.bob.address]?.paid == units(40))
    }

    @Test func `pays out of the deposit first, then out of the payee's own seat, and never out of another's`() throws {
        var contract = try stage.opened(seats: [.bob, .carol])
        try contract.send(stage.redeem(stage.ticket(1, faceValue: 95)))
        #expect(contract.state.deposit == units(5))
        #expect(contract.state.seats[Person.bob.address]?.reserve == units(10))
        #expect(
            try contract.send(stage.redeem(stage.ticket(2, faceValue: 12))) == [
                Payout(to: Person.bob.address, units(12))
            ])
        #expect(contract.state.deposit == .zero)
        #expect(contract.state.seats[Person.bob.address]?.reserve == units(3))
        // It has won 50, and three are left for it.
        #expect(
            try contract.send(stage.redeem(stage.ticket(3, faceValue: 50))) == [
                Payout(to: Person.bob.address, units(3))
            ])
        #expect(contract.state.seats[Person.carol.address]?.reserve == units(10))
        #expect(contract.state.seats[Person.bob.address]?.paid == units(110), "as much as there was")
        #expect(contract.state.locked == units(30))
    }

    @Test func `takes more money from its payer as long as it is open`() throws {
        var contract = try stage.opened()
        try contract.fund(5, by: .alice)
        #expect(contract.state.deposit == units(105))
        try contract.send(stage.redeem(stage.ticket(faceValue: 200)))
        #expect(contract.paid(to: .bob) == units(115))
        try contract.fund(7, by: .alice)
        #expect(try contract.send(stage.redeem(stage.ticket(2))) == [Payout(to: Person.bob.address, units(7))])
    }

    @Test func `gives the payer all that is left when it has expired, with the seats and what is in none`() throws {
        let stage = LotteryStage(reserve: 43)
        var contract = try stage.opened(seats: [.bob, .carol])
        #expect(contract.state.seats[Person.bob.address]?.reserve == units(10))
        try contract.send(stage.redeem(stage.ticket(faceValue: 105)))
        contract.wait(seconds: 86_400)
        #expect(try contract.send(.reclaim) == [Payout(to: Person.alice.address, units(38))])
        #expect(contract.state.phase == .closed)
        #expect(try contract.send(.reclaim) == [])
        #expect(try contract.send(stage.redeem(stage.ticket(faceValue: 105))) == [])
        #expect(try contract.send(stage.seat(.carol)) == [])
    }

    @Test func `has a seat for each payee, once`() throws {
        var contract = try stage.opened(seats: [.bob, .carol])
        #expect(try contract.send(stage.seat(.bob)) == [])
        #expect(contract.state.seats.count == 2)
        try contract.send(stage.redeem(stage.ticket(faceValue: 108)))
        // A second time does not fill it up again, and nobody else signs for it.
        #expect(throws: LotteryContract.Refusal.seatTaken(authorizer: LotteryStage.clerk.address)) {
            try contract.send(stage.seat(.bob, authorizer: .bob))
        }
        #expect(try contract.send(stage.seat(.bob)) == [])
        #expect(contract.state.seats[Person.bob.address]?.reserve == units(2))
    }

    @Test func `needs no deposit beside the reserve`() throws {
        let stage = LotteryStage(deposit: 0)
        var contract = try stage.opened()
        #expect(try contract.send(stage.redeem(stage.ticket())) == [Payout(to: Person.bob.address, units(10))])
    }

    // MARK: - Refusals

    struct Deposit: CustomTestStringConvertible {
        let code: String
        let deposit: UInt128
        let change: @Sendable (inout LotteryTerms) -> Void

        init(_ code: String, _ deposit: UInt128 = 140, _ change: @escaping @Sendable (inout LotteryTerms) -> Void) {
            self.code = code
            self.deposit = deposit
            self.change = change
        }

        var testDescription: String { code }
    }

    @Test(arguments: [
        Deposit("lottery.terms") { $0.seats = 0 },
        Deposit("lottery.terms") { $0.seats = 257 },
        Deposit("lottery.terms") { $0.reserve = .zero },
        Deposit("lottery.terms") { $0.reserve = units(3) },
        Deposit("lottery.terms") { $0.deposit = .max },
        Deposit("lottery.foreign-payer") { $0.payer = Person.carol.address },
        Deposit("lottery.deposit-mismatch", 139) { _ in },
        Deposit("lottery.deposit-mismatch", 141) { _ in },
        Deposit("lottery.lifetime") { $0.expiry = UInt64(noon.unixSeconds) + 899 },
        Deposit("lottery.lifetime") { $0.expiry = UInt64(noon.unixSeconds) + 31_622_401 },
        Deposit("lottery.lifetime") { $0.expiry = 0 },
        Deposit("lottery.lifetime") { $0.expiry = .max },
    ])
    func `refuses a deposit, and stays as it was`(_ planted: Deposit) throws {
        let stage = LotteryStage(change: planted.change)
        var contract = PlayedContract<LotteryContract>(stage.terms, in: LotteryStage.domain)
        let refusal = #expect(throws: LotteryContract.Refusal.self) {
            try contract.fund(planted.deposit, by: .alice)
        }
        #expect(refusal?.code == planted.code)
        #expect(refusal?.message.isEmpty == false)
    }

    @Test func `refuses more money from others, or none, or too much, or when it is closed`() throws {
        var contract = try stage.opened()
        #expect(throws: LotteryContract.Refusal.foreignPayer(Person.bob.address)) { try contract.fund(1, by: .bob) }
        #expect(throws: LotteryContract.Refusal.zeroDeposit) { try contract.fund(0, by: .alice) }
        #expect(throws: LotteryContract.Refusal.overflow(deposit: .max, locked: units(140))) {
            try contract.fund(.max, by: .alice)
        }
        contract.wait(seconds: 86_400)
        try contract.send(.reclaim)
        #expect(throws: LotteryContract.Refusal.notOpen(phase: "closed")) { try contract.fund(1, by: .alice) }
    }

    struct Redemption: CustomTestStringConvertible {
        let code: String
        var secret: Hash32?
        var signer = Person.alice
        var authorizer = LotteryStage.clerk
        let change: @Sendable (inout LotteryTicket) -> Void

        init(
            _ code: String, secret: Hash32? = nil, by signer: Person = .alice,
            authorizer: Person = LotteryStage.clerk,
            _ change: @escaping @Sendable (inout LotteryTicket) -> Void = { _ in }
        ) {
            self.code = code
            self.secret = secret
            self.signer = signer
            self.authorizer = authorizer
            self.change = change
        }

        var testDescription: String { code }
    }

    @Test(arguments: [
        Redemption("lottery.ticket") { $0.nonce = 0 },
        Redemption("lottery.ticket") { $0.faceValue = .zero },
        Redemption("lottery.ticket") { $0.threshold = 0 },
        Redemption("lottery.no-seat") { $0.payee = Person.carol.address },
        Redemption("lottery.outlives-channel") { $0.expiry += 1 },
        Redemption("lottery.ticket-expired") { $0.expiry = UInt64(noon.unixSeconds) },
        Redemption("lottery.ticket-signature", by: .bob),
        Redemption("lottery.foreign-secret", secret: hash("another")),
        Redemption("lottery.redemption-signature", authorizer: .bob),
        Redemption("lottery.not-won") { $0.threshold = 1 },
    ])
    func `refuses a ticket, and stays as it was`(_ planted: Redemption) throws {
        var contract = try stage.opened()
        let ticket = stage.ticket(change: planted.change)
        let order = stage.redeem(
            ticket, secret: planted.secret ?? stage.secret(1), by: planted.signer, authorizer: planted.authorizer)
        let refusal = #expect(throws: LotteryContract.Refusal.self) { try contract.send(order) }
        #expect(refusal?.code == planted.code)
        #expect(refusal?.message.isEmpty == false)
        #expect(contract.paid(to: .bob) == .zero)
    }

    @Test func `refuses a ticket that comes after a later one`() throws {
        var contract = try stage.opened()
        try contract.send(stage.redeem(stage.ticket(5)))
        #expect(throws: LotteryContract.Refusal.staleNonce(nonce: 4, redeemed: 5)) {
            try contract.send(stage.redeem(stage.ticket(4)))
        }
    }

    @Test func `keeps a ticket good that has won when there was nothing left`() throws {
        var contract = try stage.opened()
        try contract.send(stage.redeem(stage.ticket(1, faceValue: 110)))
        #expect(throws: LotteryContract.Refusal.nothingLeft) { try contract.send(stage.redeem(stage.ticket(2))) }
        try contract.fund(30, by: .alice)
        #expect(try contract.send(stage.redeem(stage.ticket(2))) == [Payout(to: Person.bob.address, units(20))])
    }

    @Test func `refuses more seats than there are, and any that its payer did not sign`() throws {
        let stage = LotteryStage(seats: 2)
        var contract = try stage.opened()
        #expect(throws: LotteryContract.Refusal.seatSignature) {
            try contract.send(stage.seat(.mallory, by: .mallory))
        }
        try contract.send(stage.seat(.carol))
        #expect(throws: LotteryContract.Refusal.noSeatLeft(seats: 2)) { try contract.send(stage.seat(.mallory)) }
    }

    @Test func `refuses what is not its turn`() throws {
        var contract = PlayedContract<LotteryContract>(stage.terms, in: LotteryStage.domain)
        for order in [stage.seat(.bob), stage.redeem(stage.ticket()), .reclaim] {
            #expect(throws: LotteryContract.Refusal.notOpen(phase: "unfunded")) { try contract.send(order) }
        }
        try contract.fund(140, by: .alice)
        try contract.send(stage.seat(.bob))
        contract.wait(seconds: 86_400)
        try contract.send(.reclaim)
        for order in [stage.seat(.carol), stage.redeem(stage.ticket())] {
            #expect(throws: LotteryContract.Refusal.notOpen(phase: "closed")) { try contract.send(order) }
        }
    }

    @Test func `ends a ticket at its expiry, and the channel at its own, to the second`() throws {
        var contract = try stage.opened()
        let ticket = stage.ticket { $0.expiry = UInt64(noon.unixSeconds) + 100 }
        contract.wait(seconds: 100)
        #expect(throws: LotteryContract.Refusal.ticketExpired(since: ticket.expiry, now: contract.block.time)) {
            try contract.send(stage.redeem(ticket))
        }
        contract.wait(seconds: 86_299)
        #expect(
            throws: LotteryContract.Refusal.notExpired(until: stage.terms.expiry, now: contract.block.time)
        ) { try contract.send(.reclaim) }
        try contract.send(stage.redeem(stage.ticket()))
        contract.wait(seconds: 1)
        #expect(throws: LotteryContract.Refusal.self) { try contract.send(stage.redeem(stage.ticket(2))) }
        try contract.send(.reclaim)
    }
}
