// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Synchronization
import Testing

@testable import FarthingFacilitatorSettlement
@testable import FarthingX402

@Suite("Claims through a facilitator")
struct ClaimTests {
    /// Takes a batch as a chain does: all of it, or none when a row of it is bad.
    private static func chain(
        _ stage: Stage, bad: Set<UInt8> = [], rows: Range<UInt8>, claimed: UInt128 = 0,
        code: FacilitatorCode = .claimSimulation
    ) -> ScriptedFacilitator {
        let ids = Dictionary(uniqueKeysWithValues: rows.map { ("\(stage.channel($0))", $0) })
        let salts = Dictionary(uniqueKeysWithValues: rows.map { (stage.terms($0).salt.hex, $0) })
        return ScriptedFacilitator { asked in
            if asked.path == "/verify" {
                let id = asked.payload["voucher"]?["channelId"]?.stringValue ?? ""
                return stage.valid(stage.state(100, claimed: claimed, salt: ids[id] ?? 0))
            }
            let sent = asked.payload["claims"]?.arrayValue ?? []
            let isBad = sent.contains { row in
                salts[row["voucher"]?["channel"]?["salt"]?.stringValue ?? ""].map(bad.contains) ?? true
            }
            return isBad ? Stage.failed(code, "InvalidSignature()") : stage.done()
        }
    }

    private func claim(
        _ rows: [ClaimRow], at facilitator: ScriptedFacilitator, _ stage: Stage,
        limits: FacilitatorLimits = Stage.limits
    ) async throws -> ClaimReceipt {
        try await stage.facing(facilitator, limits: limits) {
            try await $0.claim(rows, authorization: stage.authorization(of: rows))
        }
    }

    @Test func `are booked in one batch, with the signature that came with them`() async throws {
        let stage = try Stage()
        let rows = (0..<UInt8(5)).map { stage.row(40, salt: $0) }
        let facilitator = Self.chain(stage, rows: 0..<5, claimed: 10)
        let receipt = try await claim(rows, at: facilitator, stage)
        #expect(receipt.outcomes == Array(repeating: .claimed(30), count: 5))
        #expect(receipt.transaction?.description == Stage.hash)
        let orders = facilitator.asked.filter { $0.path == "/settle" }
        #expect(orders.count == 1)
        #expect(
            orders.first?.payload["claimAuthorizerSignature"]?.stringValue == stage.authorization(of: rows).hex)
    }

    @Test func `are not sent when they were booked before`() async throws {
        let stage = try Stage()
        let facilitator = Self.chain(stage, rows: 0..<2, claimed: 40)
        let receipt = try await claim([stage.row(40, salt: 0), stage.row(39, salt: 1)], at: facilitator, stage)
        #expect(receipt.outcomes == [.alreadyClaimed, .alreadyClaimed])
        #expect(receipt.transaction == nil)
        #expect(!facilitator.asked.contains { $0.path == "/settle" })
    }

    @Test func `are remembered, so that nobody needs to ask what was claimed`() async throws {
        let stage = try Stage()
        let facilitator = Self.chain(stage, rows: 0..<1)
        try await stage.facing(facilitator) { settlement in
            for (total, gain) in [(40, 40), (60, 20)] as [(UInt128, Amount)] {
                let rows = [stage.row(total, salt: 0)]
                let receipt = try await settlement.claim(rows, authorization: stage.authorization(of: rows))
                #expect(receipt.outcomes == [.claimed(gain)])
            }
            #expect(try await settlement.snapshot(of: stage.channel())?.totalClaimed == 60)
        }
        #expect(facilitator.asked.count { $0.path == "/verify" } == 1)
    }

    @Test(arguments: [[0], [4], [0, 1], [2, 5], [0, 1, 2, 3, 4, 5, 6], [3]] as [Set<UInt8>])
    func `are divided until the bad rows are alone, and every other is booked`(bad: Set<UInt8>) async throws {
        let stage = try Stage()
        let rows = (0..<UInt8(7)).map { stage.row(40, salt: $0) }
        let facilitator = Self.chain(stage, bad: bad, rows: 0..<7)
        let receipt = try await claim(rows, at: facilitator, stage)
        for (salt, outcome) in receipt.outcomes.enumerated() {
            if bad.contains(UInt8(salt)) {
                #expect(
                    outcome
                        == .refused(
                            .refused(code: FacilitatorCode.claimSimulation.rawValue, message: "InvalidSignature()")))
            } else {
                #expect(outcome == .claimed(40))
            }
        }
        // Every part is signed for itself.
        for order in facilitator.asked where order.path == "/settle" {
            let sent = order.payload["claims"]?.arrayValue ?? []
            let part = rows.filter { row in
                sent.contains { $0["voucher"]?["channel"]?["salt"]?.stringValue == row.terms.salt.hex }
            }
            #expect(
                order.payload["claimAuthorizerSignature"]?.stringValue == stage.authorization(of: part).hex)
        }
    }

    @Test func `say how little a channel holds when that is why a row is bad`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([
            stage.valid(stage.state(100)), Stage.failed(.claimSimulation), stage.valid(stage.state(30)),
        ])
        let receipt = try await claim([stage.row(40, salt: 0)], at: facilitator, stage)
        #expect(receipt.outcomes == [.refused(.claimExceedsBalance(total: 40, balance: 30))])
    }

    @Test func `count as booked when somebody else booked them meanwhile`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([
            stage.valid(stage.state(100)), Stage.failed(.claimTransaction), stage.valid(stage.state(100, claimed: 40)),
        ])
        let receipt = try await claim([stage.row(40, salt: 0)], at: facilitator, stage)
        #expect(receipt.outcomes == [.alreadyClaimed])
    }

    @Test func `are sent again when an answer was lost`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([stage.valid(stage.state(100)), .cut, .silence, stage.done()])
        let receipt = try await claim([stage.row(40, salt: 0)], at: facilitator, stage, limits: Stage.hasty)
        #expect(receipt.outcomes == [.claimed(40)])
        #expect(facilitator.left == 0)
    }

    @Test func `are given up as a whole when nobody answers`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator { asked in asked.path == "/settle" ? .cut : stage.valid(stage.state(100))
        }
        let error = await #expect(throws: SettlementError.self) {
            try await claim([stage.row(40, salt: 0)], at: facilitator, stage)
        }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(facilitator.asked.count { $0.path == "/settle" } == 3)
    }

    @Test func `are not divided where every part would fare the same`() async throws {
        let stage = try Stage()
        let rows = (0..<UInt8(4)).map { stage.row(40, salt: $0) }
        let facilitator = Self.chain(stage, bad: [0], rows: 0..<4, code: .authorizerNotConfigured)
        let receipt = try await claim(rows, at: facilitator, stage)
        #expect(receipt.outcomes.count == 4)
        #expect(facilitator.asked.count { $0.path == "/settle" } == 1)
    }

    @Test func `leave out a channel that cannot be read`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator { asked in
            if asked.path == "/settle" { return stage.done() }
            return asked.payload["voucher"]?["channelId"]?.stringValue == "\(stage.channel(1))"
                ? Stage.invalid(.channelNotFound) : stage.valid(stage.state(100))
        }
        let receipt = try await claim([stage.row(40, salt: 0), stage.row(40, salt: 1)], at: facilitator, stage)
        #expect(
            receipt.outcomes == [.claimed(40), .refused(.claimExceedsBalance(total: 40, balance: .zero))])
        #expect(facilitator.asked.last?.payload["claims"]?.arrayValue?.count == 1)
    }

    @Test func `are refused when the batch makes no sense`() async throws {
        let stage = try Stage()
        var foreign = stage.row(40, salt: 1)
        foreign.terms.receiverAuthorizer = stage.payer.address
        let signature = stage.authorization(of: [])
        try await stage.facing(ScriptedFacilitator()) { settlement in
            await #expect(throws: SettlementError.emptyBatch) {
                try await settlement.claim([], authorization: signature)
            }
            await #expect(throws: SettlementError.mixedAuthorizers) {
                try await settlement.claim([stage.row(40, salt: 0), foreign], authorization: signature)
            }
        }
    }
}

@Suite("A payout through a facilitator")
struct PayoutTests {
    private func settle(_ script: [ScriptedFacilitator.Reply]) async throws -> PayoutReceipt {
        let stage = try Stage()
        return try await stage.facing(ScriptedFacilitator(script)) {
            try await $0.settle(receiver: stage.terms().receiver, token: stage.token.address)
        }
    }

    @Test func `tells what was paid`() async throws {
        let receipt = try await settle([Stage().done(amount: "70")])
        #expect(receipt.amount == 70)
        #expect(receipt.transaction?.description == Stage.hash)
    }

    @Test func `may have been of any amount when the facilitator does not tell`() async throws {
        let receipt = try await settle([Stage().done(amount: "")])
        #expect(receipt.amount == nil)
        #expect(receipt.transaction != nil)
    }

    @Test func `of nothing is no error, however it is said`() async throws {
        #expect(try await settle([Stage.failed(.nothingToSettle)]) == PayoutReceipt(transaction: nil, amount: .zero))
        let success: JSON = ["success": true, "transaction": "", "network": "eip155:84532", "amount": "0"]
        #expect(try await settle([.json(success)]) == PayoutReceipt(transaction: nil, amount: .zero))
    }

    @Test func `is asked for again when the answer was lost`() async throws {
        #expect(try await settle([.cut, .status(504, ""), Stage.failed(.nothingToSettle)]).amount == .zero)
    }

    @Test func `that is refused says why`() async throws {
        await #expect(throws: SettlementError.refused(code: "insufficient_funds", message: "no gas")) {
            try await settle([Stage.failed(FacilitatorCode(rawValue: "insufficient_funds"), "no gas")])
        }
    }
}
