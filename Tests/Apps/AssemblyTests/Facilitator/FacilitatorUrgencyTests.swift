// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingConformance
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402
import Synchronization
import Testing

@testable import FarthingAssembly

@Suite("What a payee can claim at a facilitator in time", .timeLimit(.minutes(2)))
struct FacilitatorUrgencyTests {
    private static let refused = "invalid_batch_settlement_evm_claim_simulation_failed"

    /// The facilitator signs for whoever asks, so a payer that leaves can have its own vouchers claimed unit by unit.
    @Test func `is all that a leaving payer owes, however often that one claims a unit`() async throws {
        let stage = try await FacilitatorStage(isDelegate: true, limits: SponsorLimits(accountPerMinute: 3))
        for salt in 0..<UInt8(2) { try await stage.open(500, salt: salt) }
        func code(_ total: UInt128, salt: UInt8) async -> String? {
            await stage.settle(stage.claim([stage.row(total, salt: salt)])).errorReason
        }
        for total in 1...3 as ClosedRange<UInt128> { #expect(await code(total, salt: 0) == nil) }
        _ = try await stage.ledger.initiateWithdraw(stage.terms(1), amount: units(500), by: stage.payer.address)
        for total in 1...40 as ClosedRange<UInt128> { _ = await code(total, salt: 1) }
        #expect(await code(40, salt: 1) == "facilitator_rate_limited")
        #expect(await code(300, salt: 1) == nil)
        #expect(try await stage.ledger.snapshot(of: stage.channel(1))?.totalClaimed == units(300))
        #expect(await code(301, salt: 1) == "facilitator_rate_limited", "it is hardly more")
        try await stage.expectConserved()
    }

    /// Until the first is mined, each would raise what is claimed by as much.
    @Test func `is all that a leaving payer owes, however many units it claims at once`() async throws {
        let stage = try await FacilitatorStage()
        for salt in 0..<UInt8(2) { try await stage.open(500, salt: salt) }
        let settlement = FaultySettlement(stage.ledger)
        let facilitator = Facilitator(
            settlement: settlement, tokens: [stage.token.address],
            limits: SponsorLimits(accountPerMinute: 3, totalPerMinute: 8))
        @Sendable func code(_ total: UInt128, salt: UInt8) async -> String? {
            await facilitator.settle(stage.request(stage.claim([stage.row(total, salt: salt)]))).errorReason
        }
        for total in 1...3 as ClosedRange<UInt128> { #expect(await code(total, salt: 0) == nil) }
        _ = try await stage.ledger.initiateWithdraw(stage.terms(1), amount: units(500), by: stage.payer.address)
        settlement.claimBarrier.lower()
        await withTaskGroup { group in
            for total in 100...110 as ClosedRange<UInt128> { group.addTask { _ = await code(total, salt: 1) } }
            // One of much and two more, as often as for an account; the others are refused before they are handed in.
            await settlement.claimBarrier.hold(3)
            for _ in 0..<8 { await group.next() }
            group.addTask {
                let answer = await code(300, salt: 1)
                #expect(answer == nil)
            }
            await settlement.claimBarrier.hold(4)
            settlement.claimBarrier.lift()
        }
        #expect(try await stage.ledger.snapshot(of: stage.channel(1))?.totalClaimed == units(300))
        try await stage.expectConserved()
    }

    @Test func `is paid before a payer has made many claims of much`() throws {
        let urgent = UrgentClaims()
        let channel = ChannelID(.zero)
        let balance = Amount(units: 1_000_000_000_000_000_000)
        var snapshot = ChannelSnapshot(
            balance: balance, totalClaimed: .zero, block: Block(height: 1, time: FacilitatorStage.noon))
        var claims = 0
        while true {
            let least = max(snapshot.totalClaimed.units / 8, balance.units / 4096)
            let total = Amount(units: snapshot.totalClaimed.units + least)
            guard total <= balance else { break }
            let isUrgent = [Amount(units: total.units - 1), total, total].map {
                urgent.admit($0, of: channel, in: snapshot) { $0 ? true : nil } != nil
            }
            try #require(isUrgent == [false, true, false], "the second time it is being claimed")
            urgent.end(total, of: channel)
            snapshot.totalClaimed = total
            claims += 1
        }
        #expect(claims == 60)
    }

    @Test func `is not held up by claims that are refused while it comes`() async {
        let urgent = UrgentClaims()
        let channel = ChannelID(.zero)
        let snapshot = ChannelSnapshot(
            balance: units(500), totalClaimed: .zero, block: Block(height: 1, time: FacilitatorStage.noon))
        let asked = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<400 {
                group.addTask {
                    var isUrgent = false
                    let admitted = urgent.admit(units(300), of: channel, in: snapshot) { (isMuch: Bool) -> Bool? in
                        isUrgent = isMuch
                        return nil
                    }
                    return isUrgent && admitted == nil
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(asked == Array(repeating: true, count: 400))
    }

    // MARK: - What costs nothing

    @Test func `is not looked up again for rows that are booked, and hardly for rows that are bad`() async throws {
        let stage = try await FacilitatorStage(limits: SponsorLimits(accountPerMinute: 100))
        let salts = 0..<UInt8(20)
        for salt in salts { try await stage.open(500, salt: salt) }
        let rows = salts.map { stage.row(100, salt: $0) }
        #expect(await stage.settle(stage.claim(rows)).success)
        let settlement = FaultySettlement(stage.ledger)
        let facilitator = Facilitator(settlement: settlement, tokens: [stage.token.address])
        for number in 0..<5 {
            // A copy with a member more is another order.
            let order = stage.claim(rows).changing("number", to: .integer(number))
            #expect(await facilitator.settle(stage.request(order)).success)
        }
        #expect(settlement.reads == rows.count)
        let unopened = (100..<UInt8(150)).map { stage.row(100, salt: $0) }
        #expect(await facilitator.settle(stage.request(stage.claim(unopened))).errorReason == Self.refused)
        #expect(settlement.reads == rows.count + 8)
    }

    @Test func `is given back for deposits and transfers that came to nothing`() async throws {
        let stage = try await FacilitatorStage()
        let settlement = FaultySettlement(stage.ledger)
        let limits = SponsorLimits(accountPerMinute: 1)
        let deposits = Facilitator(settlement: settlement, tokens: [stage.token.address], limits: limits)
        func code(_ salt: UInt8) async -> String? {
            await deposits.settle(stage.request(stage.deposit(500, ceiling: 1, salt: salt))).errorReason
        }
        settlement.answerDeposits(with: .insufficientBalance(has: nil, needs: units(500)))
        for salt in 0..<UInt8(3) { #expect(await code(salt)?.hasSuffix("_insufficient_balance") == true) }
        settlement.answerDeposits(with: nil)
        #expect(await code(3) == nil)
        #expect(await code(4) == "facilitator_rate_limited")

        let unlucky = UnluckyTransfers(target: stage.ledger)
        let transfers = Facilitator(settlement: unlucky, tokens: [stage.token.address], limits: limits)
        func payment(_ nonce: UInt8) async -> SettleResponse {
            await transfers.settle(stage.request(exactly: stage.exact(2500, nonce: nonce)))
        }
        for nonce in 1...UInt8(3) { #expect(await payment(nonce).errorReason?.contains("rate_limited") == false) }
        unlucky.isOver.store(true, ordering: .relaxed)
        #expect(await payment(4).success)
        #expect(await payment(5).errorReason == "facilitator_rate_limited")
        try await stage.expectConserved()
    }

    /// A ledger on which somebody else's transfer comes first, until that is over.
    private final class UnluckyTransfers: Settlement, TransferSettlement, ForwardingSettlement {
        let target: Ledger
        let isOver = Atomic(false)

        init(target: Ledger) { self.target = target }

        func transfer(_ transfer: SignedTransfer) async throws(SettlementError) -> TransferReceipt {
            guard isOver.load(ordering: .relaxed) else { throw .insufficientBalance(has: nil, needs: transfer.amount) }
            return try await target.transfer(transfer)
        }
    }
}
