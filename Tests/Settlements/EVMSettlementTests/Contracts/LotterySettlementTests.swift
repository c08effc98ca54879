// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Lottery tickets that are settled on a chain", .timeLimit(.minutes(10)))
struct LotterySettlementTests {
    static func pair(
        _ stage: ContractStage, deposit: UInt64 = 100, reserve: UInt64 = 61, seats: UInt16 = 3,
        seconds: UInt64 = 5000, salt: UInt64 = 1
    ) async throws -> Pair<LotteryContract> {
        let expiry = try await stage.moment(in: seconds)
        return try Pair(
            stage, essence: { ["\($0.phase) \($0.deposit)"] + $0.seats.map { "\($0)" }.sorted() },
            terms: { _ in
                LotteryTerms(
                    payer: stage.payer.address, token: stage.token.address, deposit: Amount(units: UInt128(deposit)),
                    reserve: Amount(units: UInt128(reserve)), seats: seats, expiry: expiry,
                    salt: ABI.Word.uint(salt).bytes)
            })
    }

    static func seat(
        _ payee: Address, _ authorizer: Address, _ side: Side<LotteryContract>, by signer: KeySigner
    ) -> LotteryContract.Order {
        .takeSeat(
            payee, authorizer: authorizer,
            signature: signer.signNow(
                LotterySeat.digest(for: payee, authorizer: authorizer, of: side.channel, in: side.domain)))
    }

    /// A ticket, and who signs what of it.
    struct Play {
        var payee: Address
        var nonce: UInt64
        var faceValue: UInt64 = 30
        /// All draws but one in 2^64 are below it.
        var threshold = UInt64.max
        var seconds: Int64 = -100
        var payer: KeySigner
        var keyholder: KeySigner
        var isTold = true

        func order(_ side: Side<LotteryContract>) -> LotteryContract.Order {
            let secret = ABI.Word.uint(nonce + 1000).bytes
            let expiry = Instant(unixSeconds: Int64(side.terms.expiry)).advanced(bySeconds: seconds)
            let ticket = LotteryTicket(
                payee: payee, commitment: LotteryDraw.commitment(to: secret, by: payee, in: side.channel),
                nonce: nonce, faceValue: Amount(units: UInt128(faceValue)), threshold: threshold,
                expiry: UInt64(expiry.unixSeconds))
            return .redeem(
                ticket, signature: payer.signNow(ticket.digest(for: side.channel, in: side.domain)),
                secret: isTold ? secret : .zero,
                authorization: keyholder.signNow(ticket.redemptionDigest(for: side.channel, in: side.domain)))
        }
    }

    @Test func `opens, gives seats, pays winners out of deposit and seat, and conserves every unit`() async throws {
        try await ContractStage.open { stage in
            let before = try await stage.total(with: .lottery)
            let pair = try await Self.pair(stage)
            #expect(try await pair.fund(161, by: stage.payer) == .done([:]))
            try await pair.carryOut("a seat") {
                Self.seat(stage.payee.address, stage.keyholder.address, $0, by: stage.payer)
            }
            let again = try await pair.carryOut("the same") {
                Self.seat(stage.payee.address, stage.keyholder.address, $0, by: stage.payer)
            }
            #expect(again == .nothing)
            try await pair.carryOut("another seat") {
                Self.seat(stage.other.address, stage.other.address, $0, by: stage.payer)
            }
            try await pair.expectFoundAfterRestart()
            var play = Play(
                payee: stage.payee.address, nonce: 1, faceValue: 110, payer: stage.payer, keyholder: stage.keyholder)
            let won = Answer.done([stage.payee.address: Amount(units: 110)])
            #expect(try await pair.carryOut("a winner") { play.order($0) } == won)
            #expect(try await pair.carryOut("the same") { play.order($0) } == .nothing)
            play.nonce = 2
            let rest = Answer.done([stage.payee.address: Amount(units: 10)])
            #expect(try await pair.carryOut("the rest of the seat") { play.order($0) } == rest)
            play.nonce = 3
            #expect(try await pair.carryOut("nothing") { play.order($0) } == .refused("lottery.nothing-left"))
            #expect(try await pair.fund(5, by: stage.payer, salt: 2) == .done([:]))
            #expect(
                try await pair.carryOut("the addition") { play.order($0) }
                    == .done([stage.payee.address: Amount(units: 5)]))
            try await pair.expectFoundAfterRestart()
            #expect(
                try await pair.carryOut("the end", seconds: 6000) { _ in .reclaim }
                    == .done([stage.payer.address: Amount(units: 41)]))
            try await pair.expectFoundAfterRestart()
            #expect(try await stage.total(with: .lottery) == before)
        }
    }

    @Test(arguments: [false, true]) func `does in a random walk what the ledger does`(isLong: Bool) async throws {
        try await ContractStage.open(isLong: isLong) { stage in try await walk(stage) }
    }

    private func walk(_ stage: ContractStage) async throws {
        var random = SeededGenerator.ofWalk(14)
        var log = WalkLog()
        var pair = try await Self.pair(stage, salt: 0)
        var steps = WalkSteps(stage)
        while let number = try await steps.next() {
            if number.isMultiple(of: 40) {
                pair = try await Self.pair(
                    stage, deposit: try random.pick([0, 300]), seats: try random.pick([2, 3]),
                    salt: UInt64(number) + 1)
                let opening = UInt64(pair.chain.terms.opening?.units ?? 0)
                log.add(try await pair.fund(opening + 1, by: stage.payer, salt: 9, "step \(number): too much"))
                log.add(try await pair.fund(opening, by: stage.payer, "step \(number): the deposit"))
            }
            let seconds: UInt64 = random.oneIn(25) ? 2000 : 1
            let person = try random.pick([stage.payee, stage.payee, stage.other, stage.keyholder, stage.payer])
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<5:
                let authorizer = random.oneIn(5) ? stage.other : stage.keyholder
                let signer = random.oneIn(6) ? stage.payee : stage.payer
                log.add(
                    try await pair.carryOut("step \(number): a seat", seconds: seconds) {
                        Self.seat(person.address, authorizer.address, $0, by: signer)
                    })
            case 5..<7:
                log.add(
                    try await pair.fund(
                        UInt64.random(in: 0...60, using: &random), by: stage.payer,
                        salt: UInt64.random(in: 10...14, using: &random), seconds: seconds,
                        "step \(number): a deposit"))
            case 7:
                log.add(try await pair.carryOut("step \(number): reclaim", seconds: seconds) { _ in .reclaim })
            default:
                let known = try await pair.states().chain?.seats[person.address]?.nonce ?? 0
                var play = Play(
                    payee: person.address, nonce: known + (try random.pick([1, 1, 1, 2, 0])),
                    faceValue: UInt64.random(in: 1...50, using: &random), payer: stage.payer,
                    keyholder: stage.keyholder)
                switch Int.random(in: 0..<30, using: &random) {
                case 0: play.nonce = 0
                case 1: play.faceValue = 0
                case 2: play.threshold = 0
                case 3: play.threshold = 1
                case 4: play.seconds = 1
                case 5: play.seconds = -4996
                case 6: play.payer = stage.payee
                case 7: play.keyholder = stage.payer
                case 8: play.isTold = false
                case 9 where known > 0: play.nonce = known - 1
                default: break
                }
                log.add(
                    try await pair.carryOut("step \(number): ticket \(play.nonce)", seconds: seconds) {
                        play.order($0)
                    })
            }
        }
        log.expect(refusals: 10, on: stage)
    }
}
