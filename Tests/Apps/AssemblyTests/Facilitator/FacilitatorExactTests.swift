// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingExactScheme
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402
import Foundation
import GRDB
import Testing

@testable import FarthingAssembly

@Suite("A facilitator and the scheme exact")
struct FacilitatorExactTests {
    private static let prefix = "invalid_exact_evm_"

    @Test func `finds a payment good, and changes nothing`() async throws {
        let stage = try await FacilitatorStage()
        let response = await stage.verify(exactly: stage.exact(2500))
        #expect(response == VerifyResponse(isValid: true, payer: stage.payer.address))
        #expect(try await stage.holds(stage.receiver) == 0)
    }

    @Test func `moves the money once, however often it is asked`() async throws {
        let stage = try await FacilitatorStage()
        let payment = stage.exact(2500)
        let first = await stage.settle(exactly: payment)
        #expect(first.success && first.transaction != nil && first.amount == Amount(units: 2500), "\(first)")
        #expect(first.payer == stage.payer.address && first.extra == nil)
        #expect(await stage.settle(exactly: payment) == first)
        // The payload is what counts, not what else comes with it.
        let envelope = stage.request(exactly: payment)
        let echo = envelope.payment.accepted.adding("memo", 7)
        let other = FacilitatorRequest(
            payment: PaymentPayload(accepted: echo, payload: payment), requirements: envelope.requirements)
        #expect(await stage.facilitator.settle(other) == first)
        #expect(try await stage.holds(stage.receiver) == 2500)
        #expect(try await stage.holds(stage.payer.address) == 997_500)
        let verified = await stage.verify(exactly: payment)
        #expect(verified.invalidReason?.rawValue == Self.prefix + "nonce_already_used")
        try await stage.expectConserved()
    }

    @Test func `answers twenty copies at once with one transfer`() async throws {
        let stage = try await FacilitatorStage(limits: SponsorLimits(accountPerMinute: 1))
        let request = stage.request(exactly: stage.exact(2500))
        let answers = await withTaskGroup(of: SettleResponse.self) { group in
            for _ in 0..<20 { group.addTask { await stage.facilitator.settle(request) } }
            return await group.reduce(into: Set<SettleResponse>()) { $0.insert($1) }
        }
        #expect(answers.count == 1 && answers.first?.success == true, "\(answers)")
        #expect(try await stage.holds(stage.receiver) == 2500)
        try await stage.expectConserved()
    }

    @Test func `tells late what came of a payment, and settles none that is late`() async throws {
        let stage = try await FacilitatorStage()
        let (paid, unpaid) = (stage.exact(2500), stage.exact(2500, nonce: 2))
        let first = await stage.settle(exactly: paid)
        try await stage.ledger.advance(seconds: 3600)
        #expect(await stage.settle(exactly: paid) == first)
        let late = await stage.settle(exactly: unpaid)
        #expect(late.errorReason == Self.prefix + "payload_authorization_valid_before")
        // A forged copy learns nothing.
        let forged = await stage.settle(exactly: paid.changing("signature", to: "0x"))
        #expect(forged.errorReason == Self.prefix + "payload_authorization_valid_before")
        #expect(try await stage.holds(stage.receiver) == 2500)
    }

    @Test func `settles nothing else under a nonce that was used`() async throws {
        let stage = try await FacilitatorStage()
        #expect(await stage.settle(exactly: stage.exact(2500)).success)
        let other = await stage.settle(exactly: stage.exact(2400)) { $0.amount = Amount(units: 2400) }
        #expect(other.errorReason == Self.prefix + "nonce_already_used")
        #expect(try await stage.holds(stage.receiver) == 2500)
    }

    /// What is changed in a payment, and the code for it.
    private static let faults: [(path: String, value: JSON?, code: String)] = [
        ("authorization", nil, "invalid_payload"), ("authorization.value", 2500, "invalid_payload"),
        ("permit2Authorization", [:], "invalid_payload"),
        ("authorization.to", .string(Address.zero.hex), prefix + "payload_recipient_mismatch"),
        ("authorization.value", "2501", prefix + "payload_authorization_value_mismatch"),
        ("authorization.validBefore", "1800000005", prefix + "payload_authorization_valid_before"),
        ("authorization.validAfter", "1800000001", prefix + "payload_authorization_valid_after"),
        ("authorization.nonce", .string(Hash32.zero.hex), prefix + "payload_signature"),
        ("signature", nil, prefix + "payload_signature"),
    ]

    @Test(arguments: faults.indices)
    func `names what is wrong with a payment, and moves nothing`(index: Int) async throws {
        let (path, value, code) = Self.faults[index]
        let stage = try await FacilitatorStage()
        let payment = stage.exact(2500).changing(path, to: value)
        let verified = await stage.verify(exactly: payment)
        #expect(!verified.isValid && verified.invalidReason?.rawValue == code, "\(path): \(verified)")
        let settled = await stage.settle(exactly: payment)
        #expect(!settled.success && settled.errorReason == code, "\(path): \(settled)")
        #expect(settled.errorMessage?.isEmpty == false)
        #expect(try await stage.holds(stage.receiver) == 0)
    }

    @Test func `compares the payment with what was asked for, and with the token`() async throws {
        let stage = try await FacilitatorStage()
        let payment = stage.exact(2500)
        let other = Address(Array(repeating: 9, count: 20)) ?? .zero
        let named = stage.exact(2500, token: TokenDomain(address: stage.token.address, name: "USDX", version: "2"))
        let versioned = stage.exact(2500, token: TokenDomain(address: stage.token.address, name: "USDC", version: "3"))
        let elsewhere = stage.exact(2500, token: TokenDomain(address: other, name: "USDC", version: "2"))
        let cases: [(String, JSON, (inout PaymentRequirements) -> Void)] = [
            (Self.prefix + "payload_recipient_mismatch", payment, { $0.payTo = other }),
            (Self.prefix + "payload_authorization_value_mismatch", payment, { $0.amount = Amount(units: 2499) }),
            ("missing_eip712_domain", payment, { $0.extra = [:] }),
            ("network_mismatch", payment, { $0.network = Network(evm: 8453) }),
            (Self.prefix + "payload_signature", payment, { $0.extra = $0.extra.changing("version", to: "3") }),
            (Self.prefix + "payload_signature", payment, { $0.asset = other }),
            ("asset_not_deployed_contract", elsewhere, { $0.asset = other }),
            (Self.prefix + "token_name_mismatch", named, { $0.extra = $0.extra.changing("name", to: "USDX") }),
            (Self.prefix + "token_version_mismatch", versioned, { $0.extra = $0.extra.changing("version", to: "3") }),
            (Self.prefix + "insufficient_balance", stage.exact(1_000_001), { $0.amount = Amount(units: 1_000_001) }),
            (Self.prefix + "transaction_simulation_failed", stage.exact(0), { $0.amount = .zero }),
        ]
        for (code, payment, change) in cases {
            let verified = await stage.facilitator.verify(stage.request(exactly: payment, changing: change))
            #expect(verified.invalidReason?.rawValue == code, "\(verified)")
            let settled = await stage.facilitator.settle(stage.request(exactly: payment, changing: change))
            #expect(settled.errorReason == code, "\(settled)")
        }
        #expect(try await stage.holds(stage.payer.address) == 1_000_000)
    }

    @Test func `takes no payment of one scheme for another's`() async throws {
        let stage = try await FacilitatorStage()
        let exact = stage.request(exactly: stage.exact(2500))
        let voucher = stage.request(stage.deposit(500, ceiling: 100))
        let mixed = FacilitatorRequest(payment: voucher.payment, requirements: exact.requirements)
        #expect(await stage.facilitator.verify(mixed).invalidReason == .unsupportedScheme)
        #expect(await stage.facilitator.settle(mixed).errorReason == "unsupported_scheme")
        let swapped = FacilitatorRequest(payment: exact.payment, requirements: voucher.requirements)
        #expect(await stage.facilitator.settle(swapped).errorReason == "invalid_batch_settlement_evm_scheme")
        let disguised = FacilitatorRequest(
            payment: PaymentPayload(accepted: exact.requirements, payload: voucher.payment.payload),
            requirements: exact.requirements)
        #expect(await stage.facilitator.settle(disguised).errorReason == "invalid_payload")
        #expect(try await stage.holds(stage.payer.address) == 1_000_000)
    }

    @Test func `settles only so much for one payer, and counts no copies`() async throws {
        let stage = try await FacilitatorStage(limits: SponsorLimits(accountPerMinute: 2))
        for _ in 0..<3 { #expect(await stage.settle(exactly: stage.exact(2500)).success) }
        for _ in 0..<5 { _ = await stage.settle(exactly: stage.exact(2500, nonce: 9).changing("signature", to: "0x")) }
        #expect(await stage.settle(exactly: stage.exact(2500, nonce: 2)).success)
        let third = await stage.settle(exactly: stage.exact(2500, nonce: 3))
        #expect(third.errorReason == "facilitator_rate_limited")
        #expect(await stage.settle(exactly: stage.exact(2500, nonce: 2)).success, "a copy costs nothing")
        #expect(try await stage.holds(stage.receiver) == 5000)
    }

    @Test func `moves no token but those that it was told of`() async throws {
        let stage = try await FacilitatorStage()
        let foreign = Facilitator(settlement: stage.ledger, tokens: [stage.receiver])
        let request = stage.request(exactly: stage.exact(2500))
        let settled = await foreign.settle(request)
        #expect(!settled.success && settled.errorReason == "facilitator_foreign_token", "\(settled)")
        #expect(await foreign.verify(request).invalidReason?.rawValue == "facilitator_foreign_token")
        #expect(try await stage.holds(stage.receiver) == 0)
    }

    @Test func `is offered only before a settlement that can do it`() async throws {
        let stage = try await FacilitatorStage()
        let kinds = stage.facilitator.supported.kinds
        #expect(kinds.map(\.scheme) == ["batch-settlement", "exact"])
        #expect(kinds.allSatisfy { $0.network == "eip155:84532" } && kinds[1].extra == nil)
        let other = Facilitator(settlement: FaultySettlement(stage.ledger), tokens: [stage.token.address])
        #expect(other.supported.kinds.map(\.scheme) == ["batch-settlement"])
        let response = await other.settle(stage.request(exactly: stage.exact(2500)))
        #expect(response.errorReason == "invalid_batch_settlement_evm_scheme")
    }

    @Test func `blames no payment for a ledger that cannot be read, and tells nothing of its file`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "farthing-exact-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let stage = try await FacilitatorStage()
        let path = folder.appending(path: "ledger").path()
        let ledger = try Ledger(path: path, domain: stage.domain, clock: { FacilitatorStage.noon })
        try await ledger.addToken(stage.token)
        try await ledger.mint(to: stage.payer.address, token: stage.token.address, amount: Amount(units: 5000))
        let facilitator = Facilitator(settlement: ledger, tokens: [stage.token.address])
        let (first, second) = (stage.exact(2500), stage.exact(2500, nonce: 2))
        #expect(await facilitator.settle(stage.request(exactly: first)).success)
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "ALTER TABLE accounts RENAME TO gone") }
        let verified = await facilitator.verify(stage.request(exactly: second))
        #expect(verified.invalidReason == .unexpectedVerifyError && verified.payer == stage.payer.address)
        let settled = await facilitator.settle(stage.request(exactly: second))
        #expect(settled.errorReason == "unexpected_settle_error", "\(settled)")
        #expect(settled.errorMessage == "The settlement cannot be reached.")
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "ALTER TABLE gone RENAME TO accounts") }
        #expect(await facilitator.settle(stage.request(exactly: second)).success, "trouble uses nothing up")
        #expect(try await ledger.audit().faults == [])
    }

    /// Source: `Tests/Vectors/x402/facilitator_exchanges.json`; see `Tests/Vectors/SOURCES.md`.
    @Test func `says what the official facilitator said`() async throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: tests.appending(path: "Vectors/x402/facilitator_exchanges.json"))
        let stage = try await FacilitatorStage(at: Instant(unixSeconds: 1_795_226_868))
        var seen = 0
        for entry in try #require(try JSON.parse(Array(data)).arrayValue)
        where entry["case"]?.stringValue?.contains("/exact/") == true {
            let request = try FacilitatorRequest(json: try #require(entry["request"]))
            if entry["path"]?.stringValue == "/verify" {
                #expect(await stage.facilitator.verify(request).json == entry["response"])
            } else {
                let response = await stage.facilitator.settle(request)
                #expect(response.success && response.payer == stage.payer.address && response.transaction != nil)
            }
            seen += 1
        }
        #expect(seen == 2)
        try await stage.expectConserved()
    }
}

extension FacilitatorStage {
    /// A payment to the receiver.
    func exact(_ units: UInt128, nonce: UInt8 = 1, token: TokenDomain? = nil) -> JSON {
        let transfer = ExactTransfer(
            payer: payer.address, receiver: receiver, amount: Amount(units: units),
            validBefore: UInt64(Self.noon.unixSeconds) + 3600,
            nonce: Hash32(Array(repeating: nonce, count: 32)) ?? .zero)
        return transfer.payload(
            signature: payer.signNow(transfer.digest(token: token ?? self.token.domain, in: domain)))
    }

    func request(
        exactly payload: JSON, changing change: (inout PaymentRequirements) -> Void = { _ in }
    ) -> FacilitatorRequest {
        request(payload) {
            ($0.scheme, $0.amount) = ("exact", Amount(units: 2500))
            $0.extra = ["name": "USDC", "version": "2"]
            change(&$0)
        }
    }

    fileprivate func verify(exactly payload: JSON) async -> VerifyResponse {
        await facilitator.verify(request(exactly: payload))
    }

    fileprivate func settle(
        exactly payload: JSON, changing change: (inout PaymentRequirements) -> Void = { _ in }
    ) async -> SettleResponse {
        await facilitator.settle(request(exactly: payload, changing: change))
    }
}
