// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

/// A payee whose claims are used up cannot claim what it earned before its payer has withdrawn it.
@Suite("What others use up of a payee's claims at a facilitator", .timeLimit(.minutes(2)))
struct FacilitatorShareTests {
    private static let refused = "invalid_batch_settlement_evm_claim_simulation_failed"

    /// The facilitator signs claims for whoever asks, and all payees that chose its key have one share.
    @Test func `is nothing by rows that no payer has signed`() async throws {
        let stage = try await FacilitatorStage(isDelegate: true, limits: SponsorLimits(accountPerMinute: 3))
        for salt in 0..<UInt8(2) { try await stage.open(500, salt: salt) }
        func code(_ row: ClaimRow) async -> String? {
            await stage.settle(stage.claim([row]).changing("claimAuthorizerSignature", to: nil)).errorReason
        }
        for total in 1...9 as ClosedRange<UInt128> { #expect(await code(stage.forged(total)) == Self.refused) }
        for total in 1...3 as ClosedRange<UInt128> { #expect(await code(stage.row(total)) == nil) }
        // Nor is it of what is kept for channels whose payers are leaving.
        _ = try await stage.ledger.initiateWithdraw(stage.terms(1), amount: units(500), by: stage.payer.address)
        for total in 301...309 as ClosedRange<UInt128> {
            #expect(await code(stage.forged(total, salt: 1)) == Self.refused)
        }
        #expect(await code(stage.row(300, salt: 1)) == nil)
        #expect(try await stage.ledger.snapshot(of: stage.channel(1))?.totalClaimed == units(300))
        try await stage.expectConserved()
    }

    @Test func `is nothing by rows that bring nothing new`() async throws {
        let stage = try await FacilitatorStage(isDelegate: true, limits: SponsorLimits(accountPerMinute: 3))
        try await stage.open(500)
        #expect(await stage.settle(stage.claim([stage.row(100)])).success)
        for number in 0..<9 {
            // A copy with a member more is another order.
            func code(_ row: ClaimRow) async -> String? {
                await stage.settle(stage.claim([row]).changing("number", to: .integer(number))).errorReason
            }
            #expect(await code(stage.row(100)) == nil, "it is booked already")
            #expect(await code(stage.row(501)) == Self.refused, "the channel holds less")
            #expect(await code(stage.row(200, salt: 1)) == Self.refused, "there is no such channel")
        }
        for total in 201...202 as ClosedRange<UInt128> {
            #expect(await stage.settle(stage.claim([stage.row(total)])).success)
        }
        #expect(await stage.settle(stage.claim([stage.row(203)])).errorReason == "facilitator_rate_limited")
    }

    /// Keys cost nothing, and each has a share.
    @Test func `is nothing of what there is for all, by fresh keys`() async throws {
        let stage = try await FacilitatorStage(limits: SponsorLimits(totalPerMinute: 8))
        for salt in 0..<UInt8(2) { try await stage.open(500, salt: salt) }
        for byte in 0x70...0x7F as ClosedRange<UInt8> {
            let mallory = try FacilitatorStage.signer(byte)
            var row = stage.row(300)
            (row.terms.payer, row.terms.payerAuthorizer) = (mallory.address, mallory.address)
            row.terms.receiverAuthorizer = mallory.address
            let channel = stage.domain.channelID(of: row.terms)
            #expect(await stage.settle(stage.claim([row], by: mallory)).errorReason == Self.refused)
            row.signature = mallory.signNow(stage.domain.voucherDigest(channel: channel, ceiling: row.ceiling))
            #expect(await stage.settle(stage.claim([row], by: mallory)).errorReason == Self.refused)
        }
        for total in 1...5 as ClosedRange<UInt128> {
            #expect(await stage.settle(stage.claim([stage.row(total)])).success)
        }
        // Two deposits and five claims are seven eighths of eight; the last is for whoever is urgent, and owed.
        for salt in 0..<UInt8(2) {
            _ = try await stage.ledger.initiateWithdraw(stage.terms(salt), amount: units(400), by: stage.payer.address)
        }
        for row in [stage.forged(300), stage.row(501)] {
            #expect(await stage.settle(stage.claim([row])).errorReason == Self.refused)
        }
        #expect(await stage.settle(stage.claim([stage.row(5)])).errorReason == "facilitator_rate_limited")
        #expect(await stage.settle(stage.claim([stage.row(300, salt: 1)])).success)
        #expect(await stage.settle(stage.claim([stage.row(301, salt: 1)])).errorReason == "facilitator_rate_limited")
        try await stage.expectConserved()
    }

    @Test func `is nothing by refunds that bring forged rows along`() async throws {
        let stage = try await FacilitatorStage(limits: SponsorLimits(accountPerMinute: 2))
        try await stage.open(500)
        for total in 1...9 as ClosedRange<UInt128> {
            let claim = stage.claim([stage.forged(total)])
            let refund = try stage.refund(100)
                .changing("claims", to: claim["claims"])
                .changing("claimAuthorizerSignature", to: claim["claimAuthorizerSignature"])
            let response = await stage.settle(refund)
            #expect(response.errorReason == "invalid_batch_settlement_evm_refund_simulation_failed", "\(response)")
        }
        #expect(await stage.settle(try stage.refund(100)).success)
    }

    @Test func `is no more than there is, also where all comes at once`() async throws {
        let stage = try await FacilitatorStage()
        for salt in 0..<UInt8(10) { try await stage.open(500, salt: salt) }
        let settlement = FaultySettlement(stage.ledger)
        let facilitator = Facilitator(
            settlement: settlement, tokens: [stage.token.address], limits: SponsorLimits(accountPerMinute: 3))
        settlement.claimBarrier.lower()
        let codes = await withTaskGroup(of: String?.self) { group in
            for salt in 0..<UInt8(10) {
                group.addTask {
                    await facilitator.settle(stage.request(stage.claim([stage.row(100, salt: salt)]))).errorReason
                }
            }
            await settlement.claimBarrier.hold(3)
            settlement.claimBarrier.lift()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.count { $0 == nil } == 3)
        #expect(codes.count { $0 == "facilitator_rate_limited" } == 7)
        #expect(settlement.claims.count == 3)
    }

    @Test func `is given back where it came to nothing, and not where nobody knows`() async throws {
        let stage = try await FacilitatorStage()
        try await stage.open(500)
        let settlement = FaultySettlement(stage.ledger)
        let facilitator = Facilitator(
            settlement: settlement, tokens: [stage.token.address], limits: SponsorLimits(accountPerMinute: 3))
        func code(_ total: UInt128) async -> String? {
            await facilitator.settle(stage.request(stage.claim([stage.row(total)]))).errorReason
        }
        settlement.poison([stage.channel()])
        for total in 1...9 as ClosedRange<UInt128> { #expect(await code(total) == Self.refused) }
        settlement.poison([])
        #expect(await code(10) == nil)
        settlement.setDown(true)
        let unknown = [await code(11), await code(12), await code(13)]
        #expect(Set(unknown.prefix(2)).count == 1 && unknown.first != unknown.last)
        #expect(unknown.last == "facilitator_rate_limited")
    }

    // MARK: - Payouts

    /// Before the first is mined there is something to pay for each, and each would cost gas.
    @Test func `is one payout, however many ask for it in however many words`() async throws {
        let stage = try await FacilitatorStage()
        try await stage.open(500)
        #expect(await stage.settle(stage.claim([stage.row(200)])).success)
        let settlement = FaultySettlement(stage.ledger)
        let facilitator = Facilitator(settlement: settlement, tokens: [stage.token.address])
        settlement.payoutBarrier.lower()
        let answers = try await withThrowingTaskGroup(of: SettleResponse.self) { group in
            for number in 0..<20 {
                let order = stage.payout().changing("number", to: .integer(number))
                group.addTask { await facilitator.settle(stage.request(order)) }
            }
            await settlement.payoutBarrier.hold(1)
            try await Task.sleep(for: .milliseconds(500))
            #expect(settlement.sweeps.count == 1)
            settlement.payoutBarrier.lift()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.contains { $0.success && $0.amount == units(200) })
        #expect(try await stage.holds(stage.receiver) == 200)
        #expect(
            await facilitator.settle(stage.request(stage.payout())).errorReason?.hasSuffix("nothing_to_settle") == true)
        try await stage.expectConserved()
    }

    // MARK: - The book

    private func admits(_ sponsor: Sponsor, at seconds: Int64) -> Bool {
        let account = Address(Array(repeating: 1, count: 20)) ?? .zero
        return (try? sponsor.admit(account, at: Instant(unixSeconds: seconds))) != nil
    }

    @Test func `is no more by a time that comes late`() {
        let sponsor = Sponsor(SponsorLimits(accountPerMinute: 2, accountPerDay: 3))
        let (day, hundred): (Int64, Int64) = (86_400, 8_640_000)
        #expect([day, day - 1, day, day - 1].map { admits(sponsor, at: $0) } == [true, true, false, false])
        #expect([day + 60, day + 59, day - 1].map { admits(sponsor, at: $0) } == [true, false, false])
        #expect([hundred, day].map { admits(sponsor, at: $0) } == [true, true], "a time days ahead was wrong")
    }

    @Test func `is no less for as long as a time that was hours ahead`() {
        let sponsor = Sponsor(SponsorLimits(accountPerMinute: 1, accountPerDay: 4))
        let (day, hours): (Int64, Int64) = (86_400, 86_400 + 30 * 3600)
        #expect([day, hours].map { admits(sponsor, at: $0) } == [true, true])
        #expect(
            [day + 60, day + 60, day + 120, day + 180].map { admits(sponsor, at: $0) } == [true, false, true, true])
        #expect(!admits(sponsor, at: day + 240), "what was counted since still counts for the day")
    }

    @Test func `is given back to the minute and the day that it is of`() throws {
        let account = Address(Array(repeating: 1, count: 20)) ?? .zero
        let sponsor = Sponsor(SponsorLimits(accountPerMinute: 1, accountPerDay: 2))
        let share = try sponsor.admit(account, at: Instant(unixSeconds: 0))
        #expect(!admits(sponsor, at: 0))
        sponsor.giveBack(share)
        let again = try sponsor.admit(account, at: Instant(unixSeconds: 0))
        #expect(admits(sponsor, at: 60))
        sponsor.giveBack(again)
        #expect(!admits(sponsor, at: 60), "this minute's is used")
        #expect(admits(sponsor, at: 120), "the day has one more")
        #expect(!admits(sponsor, at: 180))
    }
}
