// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A facilitator that is asked to settle")
struct FacilitatorSettleTests {
    @Test func `locks a deposit once, however often it is sent`() async throws {
        let stage = try await FacilitatorStage()
        let first = await stage.settle(stage.deposit(500, ceiling: 100))
        #expect(first.success, "\(first)")
        #expect(first.amount == Amount(units: 500))
        #expect(first.extra?["channelState"]?["balance"]?.stringValue == "500")
        #expect(await stage.settle(stage.deposit(500, ceiling: 100)) == first)
        #expect(try await stage.holds(stage.payer.address) == 999_500)
        try await stage.expectConserved()
    }

    @Test func `takes no deposit by Permit2, which an embedded ledger has not`() async throws {
        let stage = try await FacilitatorStage()
        let before = UInt64(FacilitatorStage.noon.unixSeconds) + 3600
        let digest = stage.domain.permit2DepositDigest(
            channel: stage.channel(), token: stage.token.address, amount: Amount(units: 500), nonce: Hash32.zero,
            deadline: before)
        let deposit = SignedDeposit(
            terms: stage.terms(), amount: Amount(units: 500),
            authorization: TransferAuthorization(
                validAfter: 0, validBefore: before, salt: .zero, signature: stage.payer.signNow(digest),
                method: .permit2))
        let payload = deposit.payload(with: stage.voucher(100), of: stage.channel())
        let unasked = await stage.settle(payload)
        #expect(unasked.errorReason == "invalid_batch_settlement_evm_erc3009_authorization_required")
        let asked = await stage.facilitator.settle(
            stage.request(payload) { $0.extra = $0.extra.adding("assetTransferMethod", "permit2") })
        #expect(!asked.success && asked.errorReason == "invalid_batch_settlement_evm_deposit_simulation_failed")
        let plain = await stage.facilitator.settle(
            stage.request(stage.deposit(500, ceiling: 100)) {
                $0.extra = $0.extra.adding("assetTransferMethod", "permit2")
            })
        #expect(plain.errorReason == "invalid_batch_settlement_evm_permit2_authorization_required")
        #expect(try await stage.holds(stage.payer.address) == 1_000_000)
    }

    @Test func `answers twenty copies at once with one deposit`() async throws {
        let stage = try await FacilitatorStage()
        let deposit = stage.deposit(500, ceiling: 100)
        let answers = await withTaskGroup(of: SettleResponse.self) { group in
            for _ in 0..<20 { group.addTask { await stage.settle(deposit) } }
            return await group.reduce(into: Set<SettleResponse>()) { $0.insert($1) }
        }
        #expect(answers.count == 1)
        #expect(answers.first?.success == true)
        #expect(try await stage.holds(stage.payer.address) == 999_500)
    }

    @Test func `takes a deposit through all of a channel's life`() async throws {
        let stage = try await FacilitatorStage()
        try await stage.open(500)
        let claimed = await stage.settle(stage.claim([stage.row(200)]))
        #expect(claimed.success && claimed.transaction != nil)
        let paid = await stage.settle(stage.payout())
        #expect(paid.success && paid.amount == Amount(units: 200))
        let nothing = await stage.settle(stage.payout())
        #expect(nothing.errorReason == "invalid_batch_settlement_evm_nothing_to_settle")
        let refunded = await stage.settle(try stage.refund(1000))
        #expect(refunded.success && refunded.amount == Amount(units: 300), "\(refunded)")
        #expect(refunded.extra?["channelState"]?["refundNonce"]?.stringValue == "1")
        #expect(try await stage.holds(stage.receiver) == 200)
        #expect(try await stage.holds(stage.payer.address) == 999_800)
        let again = await stage.settle(try stage.refund(1000))
        #expect(again.errorReason == "invalid_batch_settlement_evm_refund_no_balance")
        try await stage.expectConserved()
    }

    @Test func `books the good rows of a batch, and lets nobody think that the bad ones counted`() async throws {
        let stage = try await FacilitatorStage()
        for salt in 0..<UInt8(4) { try await stage.open(500, salt: salt) }
        var rows = (0..<UInt8(4)).map { stage.row(200, salt: $0) }
        rows[1].signature = stage.authorizer.signNow(.zero)
        rows[3] = stage.row(501, salt: 3)
        let response = await stage.settle(stage.claim(rows))
        #expect(!response.success)
        #expect(response.errorReason == "invalid_batch_settlement_evm_claim_simulation_failed")
        let message = try #require(response.errorMessage)
        #expect(message.hasPrefix("2 of 4 claims are booked; not: claim 1: "), "\(message)")
        #expect(message.contains("claim 3: The claim totals 501; the channel holds 500."))
        for (salt, claimed) in [200, 0, 200, 0].enumerated() {
            let snapshot = try await stage.ledger.snapshot(of: stage.channel(UInt8(salt)))
            #expect(snapshot?.totalClaimed == Amount(units: UInt128(claimed)))
        }
        let rest = await stage.settle(stage.claim([rows[0], rows[2]]))
        #expect(rest.success, "what is booked is passed over")
        try await stage.expectConserved()
    }

    @Test func `reads a signature that is none as one that nobody made`() async throws {
        let stage = try await FacilitatorStage()
        for salt in 0..<UInt8(2) { try await stage.open(500, salt: salt) }
        let payload = stage.claim([stage.row(200), stage.row(200, salt: 1)])
        let claims = try #require(payload["claims"]?.arrayValue)
        let spoilt = payload.changing("claims", to: [claims[0].changing("signature", to: "0x1234"), claims[1]])
        let response = await stage.settle(spoilt)
        #expect(response.errorMessage?.hasPrefix("1 of 2 claims are booked; not: claim 0: ") == true, "\(response)")
    }

    @Test func `signs for payees who chose it, and for nobody else`() async throws {
        let stage = try await FacilitatorStage(isDelegate: true)
        #expect(
            stage.facilitator.supported.kinds.first?.receiverAuthorizer == stage.authorizer.address)
        try await stage.open(500)
        let unsigned = stage.claim([stage.row(200)]).changing("claimAuthorizerSignature", to: nil)
        #expect(await stage.settle(unsigned).success)
        let refund = try stage.refund(100).changing("refundAuthorizerSignature", to: nil)
        #expect(await stage.settle(refund, secret: FacilitatorStage.secret).success)
        var foreign = stage.row(300)
        foreign.terms.receiverAuthorizer = stage.payer.address
        let refused = await stage.settle(stage.claim([foreign]).changing("claimAuthorizerSignature", to: nil))
        #expect(refused.errorReason == "invalid_batch_settlement_evm_authorizer_address_mismatch")

        let keyless = try await FacilitatorStage()
        #expect(keyless.facilitator.supported.kinds.first?.extra == nil)
        try await keyless.open(500)
        for payload in [unsigned, refund] {
            let response = await keyless.settle(payload)
            #expect(response.errorReason == "invalid_batch_settlement_evm_authorizer_not_configured")
        }
    }

    /// What a payer could take back before the payee has claimed it.
    @Test(arguments: [nil, "", "what the receiver does not know", "0x2222222222222222222222222222222222222222"])
    func `signs no refund for who does not prove to be the payee`(secret: String?) async throws {
        let stage = try await FacilitatorStage(isDelegate: true)
        try await stage.open(500)
        let all = try stage.refund(500).changing("refundAuthorizerSignature", to: nil)
        let refused = await stage.settle(all, secret: secret)
        #expect(!refused.success && refused.errorReason == "facilitator_unproven_payee", "\(refused)")
        // Not in the company of a claim either, which is signed for everybody.
        let claim = stage.claim([stage.row(200)])
        let both = all.changing("claims", to: claim["claims"])
        #expect(await stage.settle(both, secret: secret).errorReason == "facilitator_unproven_payee")
        #expect(try await stage.ledger.snapshot(of: stage.channel())?.balance == Amount(units: 500))
        #expect(await stage.settle(stage.claim([stage.row(200)])).success, "what was earned is still there")
        try await stage.expectConserved()
    }

    @Test func `tells a payee apart from a copy of its order without the secret`() async throws {
        let stage = try await FacilitatorStage(isDelegate: true)
        try await stage.open(500)
        let refund = try stage.refund(100).changing("refundAuthorizerSignature", to: nil)
        async let stranger = stage.settle(refund)
        async let payee = stage.settle(refund, secret: FacilitatorStage.secret)
        let (refused, made) = await (stranger, payee)
        #expect(!refused.success && made.success, "\(refused) \(made)")
    }

    @Test func `takes the signature of a payee that has a key of its own, without a secret`() async throws {
        let stage = try await FacilitatorStage()
        try await stage.open(500)
        #expect(await stage.settle(try stage.refund(100)).success)
    }

    @Test func `takes no secret that can be guessed`() throws {
        let receiver = Address(Array(repeating: 0x22, count: 20)) ?? .zero
        #expect(FacilitatedPayees([receiver: "fifteen letters"]) == nil)
        let payees = try #require(FacilitatedPayees([receiver: "sixteen letters."]))
        #expect(payees.prove(receiver, by: "sixteen letters."))
        #expect(!payees.prove(.zero, by: "sixteen letters."))
    }

    @Test func `refuses orders that the payee did not sign`() async throws {
        let stage = try await FacilitatorStage()
        try await stage.open(500)
        let mallory = try FacilitatorStage.signer(0x77)
        let claim = await stage.settle(stage.claim([stage.row(200)], by: mallory))
        #expect(claim.errorReason == "invalid_batch_settlement_evm_claim_simulation_failed")
        let refund = await stage.settle(try stage.refund(100, by: mallory))
        #expect(refund.errorReason == "invalid_batch_settlement_evm_refund_simulation_failed")
        let stale = await stage.settle(try stage.refund(100, nonce: 1))
        #expect(stale.errorReason == "invalid_batch_settlement_evm_refund_simulation_failed")
        #expect(try await stage.ledger.snapshot(of: stage.channel())?.balance == Amount(units: 500))
    }

    @Test func `claims first what a refund brings along`() async throws {
        let stage = try await FacilitatorStage()
        try await stage.open(500)
        let claim = stage.claim([stage.row(200)])
        let refund = try stage.refund(1000)
            .changing("claims", to: claim["claims"])
            .changing("claimAuthorizerSignature", to: claim["claimAuthorizerSignature"])
        let response = await stage.settle(refund)
        #expect(response.success && response.amount == Amount(units: 300), "\(response)")
        #expect(response.extra?["channelState"]?["totalClaimed"]?.stringValue == "200")
        try await stage.expectConserved()
    }

    /// Orders that are wrong in their form, and the code for each.
    private static let faults: [(type: String, path: String, value: JSON?, code: String)] = [
        ("claim", "claims", nil, "claim_payload"), ("claim", "claims", [], "claim_payload"),
        ("claim", "claims", [7], "claim_payload"), ("claim", "claims", [[:]], "claim_payload"),
        ("claim", "claims", .array(Array(repeating: [:], count: 101)), "claim_payload"),
        ("claim", "claimAuthorizerSignature", "0x12", "claim_payload"),
        ("claim", "claimAuthorizerSignature", 7, "claim_payload"),
        ("settle", "receiver", nil, "settle_payload"), ("settle", "token", "0x", "settle_payload"),
        ("refund", "refundNonce", nil, "payload_type"), ("refund", "claims", nil, "payload_type"),
        ("refund", "refundNonce", "-1", "refund_payload"), ("refund", "amount", nil, "refund_payload"),
        ("refund", "amount", "0", "refund_no_balance"), ("refund", "channelConfig.payer", 1, "refund_payload"),
        ("refund", "refundAuthorizerSignature", "0x", "refund_payload"),
        ("refund", "claims", 7, "refund_payload"), ("refund", "type", "voucher", "payload_type"),
        ("refund", "type", [], "payload_type"),
    ]

    @Test(arguments: faults.indices)
    func `names what is wrong with an order`(index: Int) async throws {
        let fault = Self.faults[index]
        let stage = try await FacilitatorStage()
        try await stage.open(500)
        let order =
            switch fault.type {
            case "claim": stage.claim([stage.row(200)])
            case "settle": stage.payout()
            default: try stage.refund(100)
            }
        let response = await stage.settle(order.changing(fault.path, to: fault.value))
        #expect(!response.success)
        #expect(response.errorReason == "invalid_batch_settlement_evm_\(fault.code)", "\(fault.path): \(response)")
    }

    @Test func `settles only so much for one account, and only so much in all`() async throws {
        let limits = SponsorLimits(accountPerMinute: 2, accountPerDay: 3, totalPerMinute: 4, totalPerDay: 5)
        let stage = try await FacilitatorStage(limits: limits)
        try await stage.open(500, salt: 0)
        // Neither copies nor orders that are refused count.
        try await stage.open(500, salt: 0)
        let mallory = try FacilitatorStage.signer(0x77)
        for _ in 0..<9 { _ = await stage.settle(stage.claim([stage.row(200)], by: mallory)) }
        try await stage.open(500, salt: 1)
        let third = await stage.settle(stage.deposit(500, ceiling: 1, salt: 2))
        #expect(third.errorReason == "facilitator_rate_limited")
        #expect(third.errorMessage == "2 settlements a minute are made for one account.")
        #expect(await stage.settle(stage.claim([stage.row(200)])).success, "another account's order")
    }

    /// Payers bring about claims with refunds; one that has used up all of them must not get away with another channel.
    @Test func `books what a payer that is leaving owes, also where all claims of its payee are used up`() async throws
    {
        let stage = try await FacilitatorStage(limits: SponsorLimits(accountPerMinute: 3))
        for salt in 0..<UInt8(2) { try await stage.open(500, salt: salt) }
        for total in 1...3 as ClosedRange<UInt128> {
            #expect(await stage.settle(stage.claim([stage.row(total)])).success)
        }
        func code(_ rows: [ClaimRow], by signer: KeySigner? = nil) async -> String? {
            await stage.settle(stage.claim(rows, by: signer)).errorReason
        }
        #expect(await code([stage.row(300, salt: 1)]) == "facilitator_rate_limited", "its payer stays")
        _ = try await stage.ledger.initiateWithdraw(stage.terms(1), amount: units(500), by: stage.payer.address)
        // Nobody uses up what is for this channel by laying its row behind his own.
        let mallory = try FacilitatorStage.signer(0x77)
        var row = stage.row(300)
        row.terms.receiverAuthorizer = mallory.address
        for _ in 0..<3 { _ = await code([row], by: mallory) }
        for _ in 0..<4 {
            let together = await code([row, stage.row(300, salt: 1)], by: mallory)
            #expect(together == "invalid_batch_settlement_evm_claim_simulation_failed")
        }
        #expect(await code([stage.row(300, salt: 1)]) == nil)
        #expect(try await stage.ledger.snapshot(of: stage.channel(1))?.totalClaimed == units(300))
        #expect(await code([stage.row(300, salt: 1)]) == "facilitator_rate_limited", "it brings nothing new")
        #expect(await code([stage.row(400)]) == "facilitator_rate_limited", "another payer's channel")
        for total in 301...302 as ClosedRange<UInt128> { #expect(await code([stage.row(total, salt: 1)]) == nil) }
        #expect(await code([stage.row(303, salt: 1)]) == "facilitator_rate_limited", "as often as for an account")
        try await stage.expectConserved()
    }

    @Test func `keeps an eighth of what there is for all for what is urgent`() throws {
        let sponsor = Sponsor(SponsorLimits(totalPerMinute: 8))
        let accounts = (1...9).map { Address(Array(repeating: UInt8($0), count: 20)) ?? .zero }
        func admits(_ account: Int, isUrgent: Bool = false) -> Bool {
            (try? sponsor.admit(accounts[account], at: FacilitatorStage.noon, isUrgent: isUrgent)) != nil
        }
        #expect((0..<7).allSatisfy { admits($0) })
        #expect(!admits(7))
        #expect(admits(8, isUrgent: true))
        #expect(!admits(8, isUrgent: true))
    }

    /// A token is a program of whoever made it: it may burn all the gas that a transaction has.
    @Test func `calls no token but those that it was told of`() async throws {
        let stage = try await FacilitatorStage()
        try await stage.open(500)
        let foreign = Facilitator(settlement: stage.ledger, tokens: [stage.receiver], authorizer: stage.authorizer)
        let orders = [
            stage.deposit(500, ceiling: 1, salt: 1), stage.claim([stage.row(200)]), stage.payout(),
            try stage.refund(100),
            try stage.refund(100).changing("claims", to: stage.claim([stage.row(200)])["claims"]),
        ]
        for order in orders {
            let response = await foreign.settle(stage.request(order))
            #expect(!response.success && response.errorReason == "facilitator_foreign_token", "\(response)")
        }
        #expect(await foreign.verify(stage.request(orders[0])).invalidReason?.rawValue == "facilitator_foreign_token")
        #expect(try await stage.ledger.snapshot(of: stage.channel())?.balance == Amount(units: 500))
    }

    @Test func `spends only so much coin a day, also on what fails`() async throws {
        let sponsor = Sponsor(SponsorLimits(accountGweiPerDay: 2, totalGweiPerDay: 3))
        let accounts = (1...9).map { Address(Array(repeating: UInt8($0), count: 20)) ?? .zero }
        func spends(_ account: Int, _ gwei: UInt128, at seconds: Int64) async -> Bool {
            let now = Instant(unixSeconds: seconds)
            guard (try? sponsor.admit(accounts[account], at: now)) != nil else { return false }
            _ = try? await sponsor.metering(accounts[account]) { () async throws(SettlementError) in
                CoinMeter.current?.add(Amount(units: gwei * 1_000_000_000))
                throw .authorizationUsed
            }
            return true
        }
        #expect(await spends(0, 1, at: 0))
        #expect(await spends(0, 1, at: 0), "one below the limit")
        #expect(await !spends(0, 1, at: 60), "an account's day")
        #expect(await spends(1, 1, at: 60))
        #expect(await !spends(2, 1, at: 60), "everybody's day")
        #expect(await spends(0, 1, at: 86_400), "another day")
    }

    @Test func `counts by the minute and by the day`() throws {
        let sponsor = Sponsor(
            SponsorLimits(accountPerMinute: 2, accountPerDay: 3, totalPerMinute: 3, totalPerDay: 5))
        let accounts = (1...9).map { Address(Array(repeating: UInt8($0), count: 20)) ?? .zero }
        func admits(_ account: Int, at seconds: Int64) -> Bool {
            (try? sponsor.admit(accounts[account], at: Instant(unixSeconds: seconds))) != nil
        }
        #expect([0, 0, 0].map { admits($0, at: 0) } == [true, true, false], "an account's minute")
        #expect([1, 2].map { admits($0, at: 59) } == [true, false], "everybody's minute")
        #expect([0, 0].map { admits($0, at: 60) } == [true, false], "an account's day")
        #expect([1, 2].map { admits($0, at: 120) } == [true, false], "everybody's day")
        #expect(admits(0, at: 86_400), "another day")
    }
}
