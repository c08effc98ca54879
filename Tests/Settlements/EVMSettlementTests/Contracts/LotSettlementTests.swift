// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Lots that are settled on a chain", .timeLimit(.minutes(10)))
struct LotSettlementTests {
    static let secret = Keccak256.hash(utf8: "a lot's secret")

    static func pair(
        _ stage: ContractStage, tickets: UInt16 = 4, seconds: UInt64 = 5000, salt: UInt64 = 1
    ) async throws -> Pair<LotContract> {
        let closesAt = try await stage.moment(in: seconds)
        return try Pair(
            // Which block decides is known by what is too early, and what too late.
            stage, groups: [[stage.payer], [stage.payee, stage.other], [stage.keyholder]],
            essence: { [$0.phaseName, "\($0.tickets)", "\($0.secret == nil)"] },
            terms: { domain in
                var terms = LotTerms(
                    payer: stage.payer.address, token: stage.token.address, ticketCount: tickets,
                    ticketValue: Amount(units: 10), commitment: .zero, closesAt: closesAt, revealBlocks: 10,
                    salt: ABI.Word.uint(salt).bytes)
                terms.commitment = LotTerms.commitment(to: secret, tag: terms.tag(in: domain))
                return terms
            })
    }

    static func enter(
        _ index: UInt16, _ payee: Address, _ side: Side<LotContract>, by signer: KeySigner
    ) -> LotContract.Order {
        let ticket = LotTicket(index: index, payee: payee)
        return .enter(ticket, signature: signer.signNow(ticket.digest(for: side.channel, in: side.domain)))
    }

    @Test func `opens, takes tickets, is drawn, and conserves every unit`() async throws {
        try await ContractStage.open { stage in
            let before = try await stage.total(with: .lot)
            let pair = try await Self.pair(stage)
            #expect(try await pair.fund(40, by: stage.payer) == .done([:]))
            for index in [2, 0, 1] as [UInt16] {
                let payee = index == 1 ? stage.other.address : stage.payee.address
                try await pair.carryOut("ticket \(index)") { Self.enter(index, payee, $0, by: stage.payer) }
            }
            #expect(
                try await pair.carryOut("the same") { Self.enter(2, stage.payee.address, $0, by: stage.payer) }
                    == .nothing)
            try await pair.expectFoundAfterRestart()
            #expect(try await pair.carryOut("too early") { _ in .close } == .refused("lottery-lot.not-over"))
            try await pair.carryOut("the time is over", seconds: 6000) { _ in .close }
            #expect(try await pair.states().chain?.phaseName == "drawing")
            #expect(
                try await pair.carryOut("a lie") { _ in .reveal(.zero) } == .refused("lottery-lot.foreign-secret"))
            try await pair.carryOut("the secret") { _ in .reveal(Self.secret) }
            #expect(try await pair.carryOut("too early") { _ in .draw } == .refused("lottery-lot.too-early"))
            try await stage.pass(blocks: 12)
            let drawn = try await pair.carryOut("the draw", isDrawn: true) { _ in .draw }
            #expect(drawn == .drawn(Amount(units: 40)))
            #expect(try await pair.carryOut("the same") { _ in .draw } == .nothing)
            try await pair.expectFoundAfterRestart()
            #expect(try await stage.total(with: .lot) == before)
            let won = try await (stage.balance(stage.payee), stage.balance(stage.other))
            #expect([won.0, won.1].contains(ContractStage.riches + 30), "one has all that was entered")
        }
    }

    @Test func `is shared out in several transactions, and goes on where one of them was lost`() async throws {
        try await ContractStage.open { stage in
            let pair = try await Self.pair(stage, tickets: 200)
            try await pair.fund(2000, by: stage.payer)
            for index in [0, 1, 150, 199] as [UInt16] {
                try await pair.carryOut("ticket \(index)") {
                    Self.enter(index, stage.payee.address, $0, by: stage.payer)
                }
            }
            try await pair.carryOut("the time is over", seconds: 6000) { _ in .close }
            try await stage.pass(blocks: 12)
            // Only the first of two is sent, as before a crash.
            let place = try stage.settlement.place(LotContract.self)
            let state = try #require(try await pair.states().chain)
            let calls = place.form.calls(.share, state, in: pair.chain.domain)
            #expect(calls.count == 2)
            _ = try await stage.settlement.dispatch(calls[0], to: pair.chain.domain.contract)
            #expect(try await stage.balance(stage.payee) == ContractStage.riches + 20)
            let receipt = try await stage.settlement.carryOut(.share, on: pair.chain.channel, under: LotContract.self)
            #expect(receipt.payouts == [Payout(to: stage.payee.address, Amount(units: 20))])
            let again = try await stage.settlement.carryOut(.share, on: pair.chain.channel, under: LotContract.self)
            #expect(again.transaction == nil && again.snapshot.state.tickets.count == 4)
            #expect(try await stage.balance(stage.payee) == ContractStage.riches + 40)
            #expect(try await stage.balance(stage.payer) == ContractStage.riches - 40)
        }
    }

    @Test(arguments: [false, true]) func `does in a random walk what the ledger does`(isLong: Bool) async throws {
        try await ContractStage.open(isLong: isLong) { stage in try await walk(stage) }
    }

    private func walk(_ stage: ContractStage) async throws {
        var random = SeededGenerator.ofWalk(15)
        var log = WalkLog()
        var pair = try await Self.pair(stage, salt: 0)
        var steps = WalkSteps(stage)
        while let number = try await steps.next() {
            if number.isMultiple(of: 30) {
                pair = try await Self.pair(stage, tickets: try random.pick([1, 2, 3]), salt: UInt64(number) + 1)
                let worth = UInt64(pair.chain.terms.deposit?.units ?? 0)
                log.add(try await pair.fund(worth, by: stage.payer, "step \(number): the deposit"))
            }
            let seconds: UInt64 = random.oneIn(15) ? 3000 : 1
            if random.oneIn(8) { try await stage.pass(blocks: try random.pick([5, 12, 12, 210])) }
            let person = try random.pick([stage.payee, stage.other, stage.payee, stage.other, stage.payer])
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<8:
                let index =
                    UInt16.random(in: 0..<pair.chain.terms.ticketCount, using: &random) + (random.oneIn(9) ? 1 : 0)
                let signer = random.oneIn(6) ? stage.payee : stage.payer
                log.add(
                    try await pair.carryOut("step \(number): ticket \(index)", seconds: seconds) {
                        Self.enter(index, person.address, $0, by: signer)
                    })
            case 8..<10:
                log.add(try await pair.carryOut("step \(number): close", seconds: seconds) { _ in .close })
            case 10..<14:
                let secret = random.oneIn(6) ? Hash32.zero : Self.secret
                log.add(
                    try await pair.carryOut("step \(number): reveal", seconds: seconds) { _ in .reveal(secret) })
            case 14..<17:
                log.add(
                    try await pair.carryOut("step \(number): draw", isDrawn: true, seconds: seconds) { _ in .draw })
            case 17..<19:
                log.add(try await pair.carryOut("step \(number): share", seconds: seconds) { _ in .share })
            default:
                log.add(
                    try await pair.fund(
                        50, by: stage.payer, salt: 2, seconds: seconds, "step \(number): another deposit"))
            }
        }
        log.expect(refusals: 7, on: stage)
    }
}
