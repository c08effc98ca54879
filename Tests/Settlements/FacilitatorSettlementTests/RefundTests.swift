// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingFacilitatorSettlement
@testable import FarthingX402

@Suite("A refund through a facilitator")
struct RefundTests {
    /// Asks for 60 back of a channel that holds 100, of which 30 are claimed.
    private func refund(
        _ script: [ScriptedFacilitator.Reply]
    ) async throws -> (outcome: Result<RefundReceipt, SettlementError>, facilitator: ScriptedFacilitator) {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([stage.valid(stage.state(100, claimed: 30))] + script)
        let limits = script.first?.limits ?? Stage.limits
        let outcome: Result<RefundReceipt, SettlementError> = try await stage.facing(
            facilitator, limits: limits
        ) { settlement in
            _ = try await settlement.snapshot(of: stage.channel(), shown: stage.voucher(30))
            do throws(SettlementError) {
                return .success(try await settlement.refund(stage.refund(60, showing: 30)))
            } catch {
                return .failure(error)
            }
        }
        return (outcome, facilitator)
    }

    @Test func `is ordered with everything that a facilitator wants to see`() async throws {
        let stage = try Stage()
        let (outcome, facilitator) = try await refund([
            stage.done(stage.state(40, claimed: 30, nonce: 1), amount: "60")
        ])
        let receipt = try outcome.get()
        #expect(receipt.amount == 60)
        #expect(receipt.snapshot.balance == 40)
        #expect(receipt.snapshot.refundNonce == 1)
        let payload = facilitator.asked[1].payload
        let names = payload.members?.map(\.name)
        #expect(
            names == [
                "type", "channelConfig", "voucher", "amount", "refundNonce", "claims", "refundAuthorizerSignature",
            ])
        #expect(payload["refundNonce"]?.stringValue == "0")
        #expect(payload["claims"]?.arrayValue?.isEmpty == true)
    }

    @Test func `was made when the answer was lost and the nonce is used up`() async throws {
        let stage = try Stage()
        let (outcome, facilitator) = try await refund([.cut, stage.valid(stage.state(40, claimed: 30, nonce: 1))])
        #expect(try outcome.get().amount == 60)
        #expect(try outcome.get().transaction == nil)
        #expect(facilitator.asked.count { $0.path == "/settle" } == 1)
    }

    @Test func `is ordered again when the answer was lost and the nonce is not used up`() async throws {
        let stage = try Stage()
        let (outcome, facilitator) = try await refund([
            .silence, stage.valid(stage.state(100, claimed: 30)),
            stage.done(stage.state(40, claimed: 30, nonce: 1), amount: "60"),
        ])
        #expect(try outcome.get().amount == 60)
        #expect(facilitator.asked.count { $0.path == "/settle" } == 2)
    }

    @Test func `was made when a second order finds its nonce used up`() async throws {
        let stage = try Stage()
        let (outcome, _) = try await refund([
            .cut, stage.valid(stage.state(100, claimed: 30)), Stage.failed(.refundSimulation, "InvalidRefundNonce()"),
            stage.valid(stage.state(40, claimed: 30, nonce: 1)),
        ])
        #expect(try outcome.get().amount == 60)
    }

    @Test func `was made when the channel covers the voucher no longer`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([
            stage.valid(stage.state(100, claimed: 30)), .cut, Stage.invalid(.exceedsBalance),
        ])
        let receipt = try await stage.facing(facilitator) { settlement in
            _ = try await settlement.snapshot(of: stage.channel(), shown: stage.voucher(50))
            return try await settlement.refund(stage.refund(70, showing: 50))
        }
        #expect(receipt.amount == 70)
        #expect(receipt.snapshot.refundNonce == 1)
    }

    @Test func `of everything leaves a channel that nobody knows any more`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([
            stage.valid(stage.state(100)), .cut, Stage.invalid(.channelNotFound),
        ])
        let receipt = try await stage.facing(facilitator) { settlement in
            _ = try await settlement.snapshot(of: stage.channel(), shown: stage.voucher(0))
            return try await settlement.refund(stage.refund(100, showing: 0))
        }
        #expect(receipt.amount == 100)
        #expect(receipt.snapshot.balance == .zero)
    }

    @Test func `is in doubt when a channel that was claimed from is not to be seen`() async throws {
        let (outcome, _) = try await refund([.cut, Stage.invalid(.channelNotFound)])
        #expect(throws: SettlementError.self) { try outcome.get() }
        if case .failure(let error) = outcome { #expect(error.code == "settlement.unavailable") }
    }

    /// Has a node that was started anew, and knows nothing of the channel, order it.
    private func refundAnew(
        _ amount: UInt128, showing ceiling: UInt128, _ script: [ScriptedFacilitator.Reply]
    ) async throws -> (receipt: RefundReceipt, facilitator: ScriptedFacilitator) {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator(script)
        let receipt = try await stage.facing(facilitator) {
            try await $0.refund(stage.refund(amount, showing: ceiling))
        }
        return (receipt, facilitator)
    }

    @Test func `was made when a node that was killed before it heard so is told that nothing is left`() async throws {
        let stage = try Stage()
        let (receipt, facilitator) = try await refundAnew(
            70, showing: 30,
            [Stage.failed(.refundNoBalance), stage.valid(stage.state(30, claimed: 30, nonce: 1))])
        #expect(receipt.amount == 70)
        #expect(receipt.snapshot.balance == 30)
        #expect(receipt.snapshot.refundNonce == 1)
        #expect(facilitator.types == ["/settle refund", "/verify refund"])
    }

    @Test(arguments: [FacilitatorCode.refundNoBalance, .refundSimulation])
    func `was made when such a node finds less than the voucher allows`(code: FacilitatorCode) async throws {
        let (receipt, _) = try await refundAnew(
            70, showing: 35, [Stage.failed(code), Stage.invalid(.exceedsBalance)])
        #expect(receipt.amount == 70)
        #expect(receipt.snapshot.balance == .zero)
        #expect(receipt.snapshot.refundNonce == 1)
    }

    @Test func `is ordered again by such a node where less is there and nothing says why`() async throws {
        let stage = try Stage()
        let (receipt, facilitator) = try await refundAnew(
            2, showing: 35,
            [
                .cut, Stage.invalid(.exceedsBalance),
                stage.done(stage.state(30, claimed: 30, nonce: 1), amount: "2"),
            ])
        #expect(receipt.amount == 2)
        #expect(receipt.snapshot.balance == 30)
        #expect(facilitator.asked.count { $0.path == "/settle" } == 2)
    }

    @Test func `leaves the channel in doubt when it is refused after a lost answer`() async throws {
        let stage = try Stage()
        let standing = stage.valid(stage.state(100, claimed: 30))
        let facilitator = ScriptedFacilitator([
            standing, .cut, standing, Stage.failed(FacilitatorCode(rawValue: "too_often")), standing,
        ])
        try await stage.facing(facilitator) { settlement in
            _ = try await settlement.snapshot(of: stage.channel(), shown: stage.voucher(30))
            await #expect(throws: SettlementError.refused(code: "too_often", message: nil)) {
                try await settlement.refund(stage.refund(60, showing: 30))
            }
            let snapshot = try await settlement.snapshot(of: stage.channel())
            #expect(snapshot?.block.time == Instant(unixSeconds: 0))
        }
    }

    @Test func `is refused in the facilitator's words`() async throws {
        let stage = try Stage()
        let (outcome, _) = try await refund([
            Stage.failed(.refundNoBalance, "Nothing to refund"), stage.valid(stage.state(100, claimed: 30)),
        ])
        #expect(
            throws: SettlementError.refused(
                code: FacilitatorCode.refundNoBalance.rawValue, message: "Nothing to refund")
        ) { try outcome.get() }
    }

    @Test func `is not even asked for without the payer's voucher`() async throws {
        let stage = try Stage()
        var order = stage.refund(10, showing: 0)
        order.voucher = nil
        let facilitator = ScriptedFacilitator()
        await #expect(throws: SettlementError.self) {
            try await stage.facing(facilitator) { try await $0.refund(order) }
        }
        #expect(facilitator.asked.isEmpty)
    }
}
