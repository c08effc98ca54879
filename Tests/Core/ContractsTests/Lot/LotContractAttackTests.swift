// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// What could be done to the lots of MuP2P, tried on ours.
@Suite("Mallory at a lot's contract")
struct LotContractAttackTests {
    let stage = LotStage()

    // MARK: - Tickets

    @Test func `cannot enter another's ticket, nor one twice (MuP2P 12: ticketHash binds nothing)`() throws {
        var contract = try stage.opened()
        guard case .enter(let bobs, let signature) = stage.enter(0, .bob) else { return }
        for ticket in [
            LotTicket(index: 0, payee: Person.mallory.address), LotTicket(index: 1, payee: bobs.payee),
        ] {
            #expect(throws: LotContract.Refusal.ticketSignature) {
                try contract.send(.enter(ticket, signature: signature))
            }
        }
        // One ticket does not fill the lot, however often it is handed in.
        for _ in 0..<4 { try contract.send(stage.enter(0, .bob)) }
        #expect(contract.state.tickets == [bobs])
        #expect(contract.state.phase == .open)
    }

    @Test func `cannot enter a ticket of another lot or chain, or what the payer signed elsewhere (MuP2P 12)`() throws {
        var contract = try stage.opened()
        for foreign in [LotStage(salt: "other"), LotStage(secret: hash("other")), LotStage(value: 9)] {
            #expect(throws: LotContract.Refusal.ticketSignature) { try contract.send(foreign.enter(0, .mallory)) }
        }
        let mainnet = try #require(ContractDomain(.lot, on: Network(evm: 1)))
        let ticket = LotTicket(index: 0, payee: Person.mallory.address)
        for digest in [ticket.digest(for: stage.channel, in: mainnet), hash("a message that Alice signed")] {
            #expect(throws: LotContract.Refusal.ticketSignature) {
                try contract.send(.enter(ticket, signature: Person.alice.sign(digest)))
            }
        }
    }

    // MARK: - The draw

    @Test func `cannot enter last and know who wins (MuP2P 13: the last submitter draws)`() throws {
        var contract = try stage.opened(for: [.bob, .bob, .bob])
        #expect(try contract.send(stage.enter(3, .mallory)) == [])
        // Nothing is decided: the block that decides comes after all in which the payer may reveal.
        #expect(throws: LotContract.Refusal.notRevealed) { try contract.send(.draw) }
        #expect(contract.context.awaitedHash == nil)
        #expect(contract.deciding == contract.block.height + stage.terms.revealBlocks)
    }

    @Test func `as the payer cannot choose the block that decides, nor wait for it (MuP2P 13: proposer)`() throws {
        let full = try stage.full()
        // Whenever she reveals, the same block decides, and its hash is not there yet.
        for height in full.block.height..<full.deciding {
            var contract = full
            contract.wait(until: height)
            #expect(contract.context.awaitedHash == nil)
            try contract.send(stage.reveal)
            #expect(contract.deciding == full.deciding)
        }
        // When it is there, it is too late for her.
        for height in [full.deciding, full.deciding + 1, full.deciding + 100, full.deciding + 500] {
            var contract = full
            contract.wait(until: height)
            #expect(throws: LotContract.Refusal.tooLate(since: full.deciding, block: height)) {
                try contract.send(stage.reveal)
            }
        }
    }

    @Test func `as the payer cannot change her secret, nor use one of another lot`() throws {
        var contract = try stage.full()
        for index in 0..<10 {
            #expect(throws: LotContract.Refusal.foreignSecret) { try contract.send(.reveal(hash("try \(index)"))) }
        }
        // She promised the same secret in two lots; neither promise is good for the other.
        let other = LotStage(salt: "other")
        #expect(other.terms.commitment != stage.terms.commitment)
        var copied = PlayedContract<LotContract>(
            LotStage(salt: "other").terms.promising(stage.terms.commitment), in: LotStage.domain)
        try copied.fund(40, by: .alice)
        copied.wait(seconds: 86_400)
        #expect(try copied.send(.close) == [Payout(to: Person.alice.address, units(40))])
    }

    /// Alice has all tickets but one in her friend's hands.
    ///
    /// If she could look first, she would reveal when her friend wins, three times out of four, and share otherwise,
    /// so that Bob had a fourth of what his ticket is worth.
    @Test func `as the payer with tickets of her own gains nothing by revealing or not`() throws {
        var sums: [Bool: UInt128] = [:]
        let lots = 2_000
        for lot in 0..<lots {
            let secret = hash("secret \(lot)")
            let stage = LotStage(secret: secret, salt: "lot \(lot)")
            var contract = PlayedContract<LotContract>(stage.terms, in: LotStage.domain)
            try contract.fund(40, by: .alice)
            for index in UInt16(0)..<4 { try contract.send(stage.enter(index, index == 2 ? .bob : .mallory)) }
            contract.blockHash = { hash("lot \(lot), block \($0)") }
            // What she does cannot depend on the block, so it may as well depend on the lot's number.
            let reveals = lot.isMultiple(of: 2)
            if reveals { try contract.send(.reveal(secret)) }
            contract.wait(until: contract.deciding + 1)
            #expect(throws: LotContract.Refusal.self) { try contract.send(.reveal(hash("any"))) }
            try contract.send(reveals ? .draw : .share)
            sums[reveals, default: 0] += contract.paid(to: .bob).units
        }
        // Ten units for each ticket: to the unit when it is shared, on average when it is drawn.
        #expect(sums[false] == 10 * UInt128(lots / 2))
        #expect((8_400...11_600).contains(sums[true] ?? 0))
    }

    @Test func `as a winner needs nobody's leave: anybody draws what was revealed`() throws {
        var contract = try stage.full()
        try contract.send(stage.reveal)
        contract.wait(until: contract.deciding + 1)
        // Sharing is no way out for those who have lost.
        #expect(throws: LotContract.Refusal.self) { try contract.send(.share) }
        #expect(try contract.send(.draw).count == 1)
    }

    // MARK: - The money

    @Test func `as the payer gets nothing back while a ticket may win (MuP2P 14: withdrawFunds at any time)`() throws {
        var contract = try stage.opened(for: [.bob])
        for order in [stage.reveal, .draw, .share, .close] {
            #expect(throws: LotContract.Refusal.self) { try contract.send(order) }
        }
        contract.wait(seconds: 86_400)
        try contract.send(.close)
        for _ in 0..<20 {
            #expect(throws: LotContract.Refusal.self) { try contract.send(.share) }
            #expect(throws: LotContract.Refusal.self) { try contract.send(.draw) }
            #expect(contract.paid(to: .alice) == .zero)
            contract.wait(seconds: 0)
        }
    }

    @Test func `as the payer who reveals nothing pays as much as one who does (MuP2P 14)`() throws {
        var (silent, revealed) = (try stage.opened(for: [.bob, .carol]), try stage.opened(for: [.bob, .carol]))
        silent.wait(seconds: 86_400)
        revealed.wait(seconds: 86_400)
        try silent.send(.close)
        try revealed.send(.close)
        try revealed.send(stage.reveal)
        silent.wait(until: silent.deciding)
        revealed.wait(until: revealed.deciding + 1)
        try silent.send(.share)
        try revealed.send(.draw)
        #expect(silent.paid(to: .alice) == units(20))
        #expect(revealed.paid(to: .alice) == units(20))
    }

    @Test(arguments: 0...4)
    func `keeps nobody's money for ever, however few tickets there are (MuP2P 15: unfilled lots)`(count: Int) throws {
        for reveals in [true, false] {
            var contract = try stage.opened(for: Array(LotStage.payees.prefix(count)))
            contract.wait(seconds: 86_400)
            try contract.send(.close)
            if reveals, count > 0 { try contract.send(stage.reveal) }
            contract.wait(seconds: 10_000, blocks: 1_000)
            try contract.send(.share)
            #expect(contract.state.phase == .closed)
            #expect(contract.state.locked.isZero)
            #expect(contract.paid(to: .alice) == units(UInt128(40 - 10 * count)))
        }
    }

    @Test func `cannot be stuck by a lot of no tickets (MuP2P 15: modulo by zero)`() throws {
        let none = LotStage(count: 0)
        var contract = PlayedContract<LotContract>(none.terms, in: LotStage.domain)
        #expect(throws: LotContract.Refusal.terms(.ticketCount(0))) { try contract.fund(0, by: .alice) }
        #expect(LotDraw.place(secret: LotStage.secret, blockHash: hash("block"), among: 0) == nil)
    }

    @Test func `cannot make a payout fail that others need (MuP2P 15: a reverting winner)`() throws {
        var contract = try stage.opened()
        for account in [
            .zero, Person.token, contract.domain.contract, ContractDomain.ledgerAddress(of: .hashChain),
            SettlementDomain.standardContract,
        ] as [Address] {
            let ticket = LotTicket(index: 0, payee: account)
            let signature = Person.alice.sign(ticket.digest(for: stage.channel, in: contract.domain))
            #expect(throws: LotContract.Refusal.invalidPayee(account)) {
                try contract.send(.enter(ticket, signature: signature))
            }
        }
    }

    @Test func `a payer that dislikes the winner cannot make the blocks of the time to draw at once`() throws {
        let stage = LotStage()
        var contract = try stage.full()
        contract.blockSeconds = 1
        try contract.send(stage.reveal)
        let (deciding, decided) = (contract.deciding, contract.block.time.advanced(bySeconds: 30))
        contract.blockTime = { $0 == deciding ? decided : nil }
        contract.wait(seconds: 30)
        contract.wait(until: deciding + 201)
        let until = decided.advanced(bySeconds: 200)
        let early = LotContract.Refusal.drawTimeRuns(until: until, now: decided)
        #expect(throws: early) { try contract.send(.share) }
        #expect(early.code == "lottery-lot.draw-time-runs" && early.remedy != nil)
        var late = contract
        contract.wait(seconds: 199)
        #expect(throws: LotContract.Refusal.self) { try contract.send(.share) }
        try contract.send(.draw)
        #expect(contract.paid.values.contains(units(40)))
        late.wait(seconds: 200)
        #expect(throws: LotContract.Refusal.tooLate(since: deciding + 201, block: late.block.height)) {
            try late.send(.draw)
        }
        try late.send(.share)
    }

    @Test func `cannot sign in the name of nobody (MuP2P 15: ecrecover answers zero)`() throws {
        let nobody = LotStage { $0.payer = .zero }
        var state = LotContract(nobody.terms)
        let context = try stage.opened().context
        _ = try state.fund(units(40), by: .zero, in: context)
        let ticket = LotTicket(index: 0, payee: Person.mallory.address)
        #expect(throws: LotContract.Refusal.ticketSignature) {
            try state.carryOut(.enter(ticket, signature: Person.mallory.sign(hash("anything"))), in: context)
        }
    }
}

extension LotTerms {
    fileprivate func promising(_ commitment: Hash32) -> LotTerms {
        var terms = self
        terms.commitment = commitment
        return terms
    }
}
