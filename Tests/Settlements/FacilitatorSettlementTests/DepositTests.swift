// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingFacilitatorSettlement
@testable import FarthingX402

@Suite("A deposit through a facilitator")
struct DepositTests {
    private static let transaction = Hash32(hex: Stage.hash).map(TransactionID.init)

    /// Has a deposit of 100 checked, in a channel that held 20, and then made.
    private func deposit(
        _ script: [ScriptedFacilitator.Reply]
    ) async throws -> (outcome: Result<DepositReceipt, SettlementError>, facilitator: ScriptedFacilitator) {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([stage.valid(stage.state(20))] + script)
        let limits = script.first?.limits ?? Stage.limits
        let outcome: Result<DepositReceipt, SettlementError> = try await stage.facing(
            facilitator, limits: limits
        ) { settlement in
            try await settlement.check(stage.deposit(100), for: stage.voucher(50))
            do throws(SettlementError) {
                return .success(try await settlement.deposit(stage.deposit(100), for: stage.voucher(50)))
            } catch {
                return .failure(error)
            }
        }
        return (outcome, facilitator)
    }

    @Test func `is checked, made, and answered with how the channel stands`() async throws {
        let stage = try Stage()
        let (outcome, facilitator) = try await deposit([stage.done(stage.state(120), amount: "100")])
        let receipt = try outcome.get()
        #expect(receipt.transaction == Self.transaction)
        #expect(receipt.amount == 100)
        #expect(receipt.snapshot.balance == 120)
        #expect(facilitator.types == ["/verify deposit", "/settle deposit"])
        let sent = facilitator.asked[1].payload["deposit"]?["authorization"]?["erc3009Authorization"]
        #expect(sent?["signature"]?.stringValue == stage.deposit(100).authorization.signature.hex)
    }

    @Test func `asks how the channel stands when the answer does not say`() async throws {
        let stage = try Stage()
        let (outcome, facilitator) = try await deposit([stage.done(), stage.valid(stage.state(120))])
        #expect(try outcome.get().snapshot.balance == 120)
        #expect(facilitator.types.last == "/verify refund")
    }

    @Test(arguments: [ScriptedFacilitator.Reply.cut, .silence, .stall, .status(500, ""), .status(200, "}")])
    func `was made when the answer was lost and the channel shows it`(lost: ScriptedFacilitator.Reply) async throws {
        let stage = try Stage()
        let (outcome, facilitator) = try await deposit([lost, stage.valid(stage.state(120))])
        #expect(try outcome.get().snapshot.balance == 120)
        #expect(try outcome.get().transaction == nil)
        #expect(facilitator.types.filter { $0 == "/settle deposit" }.count == 1)
    }

    @Test func `is sent again when the answer was lost and the channel does not show it`() async throws {
        let stage = try Stage()
        let (outcome, facilitator) = try await deposit([
            .cut, Stage.invalid(.exceedsBalance), stage.done(stage.state(120), amount: "100"),
        ])
        #expect(try outcome.get().snapshot.balance == 120)
        #expect(facilitator.types.filter { $0 == "/settle deposit" }.count == 2)
        #expect(facilitator.asked[1].body == facilitator.asked[3].body)
    }

    @Test func `was made when the authorisation turns out to be used after a lost answer`() async throws {
        let stage = try Stage()
        let (outcome, _) = try await deposit([
            .cut, stage.valid(stage.state(20)), Stage.failed(.depositSimulation, "authorization is used"),
            stage.valid(stage.state(120)),
        ])
        #expect(try outcome.get().snapshot.balance == 120)
    }

    @Test(arguments: [
        FacilitatorCode.insufficientBalance, .validBefore, FacilitatorCode(rawValue: "facilitator_rate_limited"),
    ])
    func `was made when it is refused after a lost answer and the channel shows it`(
        code: FacilitatorCode
    ) async throws {
        let stage = try Stage()
        let (outcome, facilitator) = try await deposit([
            .cut, stage.valid(stage.state(20)), Stage.failed(code), stage.valid(stage.state(120)),
        ])
        #expect(try outcome.get().snapshot.balance == 120)
        #expect(facilitator.left == 0)
    }

    @Test(arguments: [FacilitatorCode.insufficientBalance, .validBefore])
    func `was made when a node that was killed before it heard so finds it`(code: FacilitatorCode) async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([Stage.failed(code), stage.valid(stage.state(120))])
        let receipt = try await stage.facing(facilitator) {
            try await $0.deposit(stage.deposit(100), for: stage.voucher(50))
        }
        #expect(receipt.snapshot.balance == 120)
    }

    @Test func `leaves the channel in doubt when it is refused after a lost answer and not to be seen`() async throws {
        let stage = try Stage()
        let standing = stage.valid(stage.state(20))
        let facilitator = ScriptedFacilitator([
            standing, .cut, standing, Stage.failed(.insufficientBalance), standing,
        ])
        try await stage.facing(facilitator) { settlement in
            try await settlement.check(stage.deposit(100), for: stage.voucher(50))
            await #expect(throws: SettlementError.insufficientBalance(has: nil, needs: 100)) {
                try await settlement.deposit(stage.deposit(100), for: stage.voucher(50))
            }
            let snapshot = try await settlement.snapshot(of: stage.channel())
            #expect(snapshot?.block.time == Instant(unixSeconds: 0))
        }
    }

    @Test func `failed when the authorisation is used and the channel holds no more than before`() async throws {
        let stage = try Stage()
        let (outcome, _) = try await deposit([
            Stage.failed(.depositSimulation, "authorization is used"), stage.valid(stage.state(119)),
        ])
        #expect(
            throws: SettlementError.refused(
                code: FacilitatorCode.depositSimulation.rawValue, message: "authorization is used")
        ) { try outcome.get() }
    }

    @Test func `is sent again as long as it is under way`() async throws {
        let stage = try Stage()
        let (outcome, facilitator) = try await deposit([
            Stage.failed(.settlementPending), Stage.failed(.settlementPending),
            stage.done(stage.state(120), amount: "100"),
        ])
        #expect(try outcome.get().amount == 100)
        #expect(facilitator.asked[1].body == facilitator.asked[2].body)
    }

    @Test func `is looked for when it does not come to an end`() async throws {
        let stage = try Stage()
        let pending = Array(repeating: Stage.failed(.settlementPending), count: 3)
        let (outcome, _) = try await deposit(pending + [stage.valid(stage.state(120))])
        #expect(try outcome.get().transaction == nil)
    }

    @Test func `is never sent more often than allowed, and leaves the channel in doubt`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator { asked in
            asked.path == "/settle" ? .cut : stage.valid(stage.state(60))
        }
        try await stage.facing(facilitator) { settlement in
            try await settlement.check(stage.deposit(100), for: stage.voucher(50))
            await #expect(throws: SettlementError.self) {
                try await settlement.deposit(stage.deposit(100), for: stage.voucher(50))
            }
            #expect(try await settlement.snapshot(of: stage.channel())?.block.time == Instant(unixSeconds: 0))
        }
        #expect(facilitator.types.filter { $0 == "/settle deposit" }.count == 3)
    }

    @Test(arguments: [
        (FacilitatorCode.insufficientBalance, "settlement.insufficient-balance"),
        (.validBefore, "settlement.authorization-expired"),
        (.validAfter, "settlement.authorization-not-yet-valid"),
        (.authorizationSignature, "settlement.authorization-signature"),
        (.voucherSignature, "settlement.voucher-signature"),
        (.missingDomain, "settlement.refused"),
        (FacilitatorCode(rawValue: "somebody_elses_word"), "settlement.refused"),
    ])
    func `is refused in our words where there are any`(code: FacilitatorCode, ours: String) async throws {
        let stage = try Stage()
        let error = await #expect(throws: SettlementError.self) {
            try await stage.facing(ScriptedFacilitator([Stage.invalid(code)])) {
                try await $0.check(stage.deposit(100), for: stage.voucher(50))
            }
        }
        #expect(error?.code == ours)
        let outcome = try await deposit([Stage.failed(code), stage.valid(stage.state(20))]).outcome
        #expect(throws: (any Error).self) { try outcome.get() }
        if case .failure(let error) = outcome { #expect(error.code == ours) }
    }

    @Test func `another network's answer is no answer`() async throws {
        let stage = try Stage()
        let other: JSON = ["success": true, "transaction": .string(Stage.hash), "network": "eip155:1"]
        let (outcome, _) = try await deposit([.json(other), stage.valid(stage.state(120))])
        #expect(try outcome.get().transaction == nil)
    }

    @Test func `goes on when whoever waited for it has left`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator { asked in
            asked.path == "/settle" ? stage.done(stage.state(100), amount: "100") : stage.valid(stage.state(0))
        }
        let receipt = try await stage.facing(facilitator) { settlement in
            let work = Task { try await settlement.deposit(stage.deposit(100), for: stage.voucher(50)) }
            work.cancel()
            return try await work.value
        }
        #expect(receipt.amount == 100)
    }
}
