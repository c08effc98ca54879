// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402
import Foundation
import Testing

@testable import FarthingAssembly

@Suite("A facilitator that is asked to verify")
struct FacilitatorVerifyTests {
    @Test func `finds a deposit good, and tells how the channel stood before`() async throws {
        let stage = try await FacilitatorStage()
        let response = await stage.verify(stage.deposit(500, ceiling: 100))
        #expect(response.isValid, "\(response)")
        #expect(response.payer == stage.payer.address)
        #expect(response.extra?["balance"]?.stringValue == "0")
        #expect(response.extra?["withdrawRequestedAt"]?.integerValue == 0)
        #expect(try await stage.ledger.snapshot(of: stage.channel()) == nil, "nothing moved")
    }

    @Test func `finds a voucher and a refund good`() async throws {
        let stage = try await FacilitatorStage()
        try await stage.open(500)
        let shown = stage.voucher(200).showing(of: stage.channel())
        for type in ["voucher", "refund"] {
            let response = await stage.verify(shown.changing("type", to: .string(type)))
            #expect(response.isValid, "\(response)")
            #expect(response.extra?["balance"]?.stringValue == "500")
        }
    }

    /// What is changed in a deposit, and the code for it.
    private static let faults: [(path: String, value: JSON?, code: String)] = [
        ("type", "nonsense", "payload_type"), ("type", nil, "payload_type"), ("type", "claim", "payload_type"),
        ("channelConfig", nil, "deposit_payload"), ("channelConfig.payer", "0x12", "deposit_payload"),
        ("channelConfig.withdrawDelay", -1, "deposit_payload"), ("voucher", [], "deposit_payload"),
        ("voucher.channelId", "0x00", "channel_id_invalid"),
        ("channelConfig.salt", .string(Hash32.zero.hex.replacing("00", with: "aa")), "channel_id_mismatch"),
        ("voucher.maxClaimableAmount", "501", "voucher_signature"),
        ("voucher.maxClaimableAmount", "-1", "deposit_payload"),
        ("voucher.signature", "0x", "voucher_signature"), ("voucher.signature", "zz", "deposit_payload"),
        ("deposit", nil, "deposit_payload"),
        ("deposit.amount", "0x10", "deposit_payload"), ("deposit.amount", "501", "receive_authorization_signature"),
        ("deposit.authorization", [:], "erc3009_authorization_required"),
        (
            "deposit.authorization.erc3009Authorization.validBefore", "1800000005",
            "payload_authorization_valid_before"
        ),
        ("deposit.authorization.erc3009Authorization.validAfter", "1800000001", "payload_authorization_valid_after"),
        (
            "deposit.authorization.erc3009Authorization.validBefore",
            .string(String(repeating: "9", count: 30)), "deposit_payload"
        ),
    ]

    @Test(arguments: faults.indices)
    func `names what is wrong with a deposit`(index: Int) async throws {
        let (path, value, code) = Self.faults[index]
        let stage = try await FacilitatorStage()
        let response = await stage.verify(stage.deposit(500, ceiling: 100).changing(path, to: value))
        #expect(!response.isValid)
        #expect(response.invalidReason?.rawValue == "invalid_batch_settlement_evm_\(code)", "\(path): \(response)")
    }

    @Test func `compares the channel with what was asked for`() async throws {
        let stage = try await FacilitatorStage()
        let deposit = stage.deposit(500, ceiling: 100)
        let other = Address(Array(repeating: 9, count: 20)) ?? .zero
        let cases: [(String, (inout PaymentRequirements) -> Void)] = [
            ("receiver_mismatch", { $0.payTo = other }),
            ("receiver_authorizer_mismatch", { $0.extra = $0.extra.changing("receiverAuthorizer", to: nil) }),
            ("token_mismatch", { $0.asset = other }),
            ("withdraw_delay_mismatch", { $0.extra = $0.extra.changing("withdrawDelay", to: 901) }),
            ("missing_eip712_domain", { $0.extra = $0.extra.changing("name", to: nil) }),
            ("receive_authorization_signature", { $0.extra = $0.extra.changing("version", to: "3") }),
            ("scheme", { $0.scheme = "upto" }),
            ("network_mismatch", { $0.network = Network(evm: 8453) }),
        ]
        for (code, change) in cases {
            let response = await stage.facilitator.verify(stage.request(deposit, changing: change))
            #expect(response.invalidReason?.rawValue == "invalid_batch_settlement_evm_\(code)", "\(response)")
        }
    }

    @Test func `looks at the channel last`() async throws {
        let stage = try await FacilitatorStage()
        func code(_ payload: JSON) async -> String {
            await stage.verify(payload).invalidReason?.rawValue
                .replacing("invalid_batch_settlement_evm_", with: "") ?? "none"
        }
        #expect(await code(stage.deposit(2_000_000, ceiling: 100)) == "insufficient_balance")
        #expect(await code(stage.deposit(500, ceiling: 501)) == "cumulative_exceeds_balance")
        #expect(await code(stage.deposit(500, ceiling: 0)) == "cumulative_below_claimed")
        func voucher(_ ceiling: UInt128, _ type: JSON = "voucher") -> JSON {
            stage.voucher(ceiling).showing(of: stage.channel()).changing("type", to: type)
        }
        #expect(await code(voucher(1)) == "channel_not_found")
        try await stage.open(500)
        #expect(await code(voucher(501)) == "cumulative_exceeds_balance")
        let claimed = await stage.settle(stage.claim([stage.row(200)]))
        #expect(claimed.success)
        #expect(await code(voucher(200)) == "cumulative_below_claimed")
        #expect(await code(voucher(200, "refund")) == "none")
        #expect(await code(voucher(199, "refund")) == "cumulative_below_claimed")
        // The authorisation with which the channel was opened.
        #expect(await code(stage.deposit(500, ceiling: 1)) == "cumulative_below_claimed")
        #expect(await code(stage.deposit(500, ceiling: 300)) == "deposit_simulation_failed")
    }

    /// Source: `Tests/Vectors/x402/facilitator_exchanges.json`; see `Tests/Vectors/SOURCES.md`.
    @Test func `says what the official facilitator said, where the ledger is as its chain was`() async throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: tests.appending(path: "Vectors/x402/facilitator_exchanges.json"))
        var seen = 0
        for entry in try #require(try JSON.parse(Array(data)).arrayValue) {
            let name = try #require(entry["case"]?.stringValue)
            let payload = try #require(entry["request"]?["paymentPayload"]?["payload"])
            // Those that need money or deposits which were on that chain, and another scheme.
            guard entry["path"]?.stringValue == "/verify", payload["type"] != nil, payload["type"] != "refund",
                !name.contains("simulation_failed")
            else { continue }
            let stage = try await FacilitatorStage(at: Instant(unixSeconds: 1_795_226_868))
            if let payer = payload["channelConfig"]?["payer"]?.stringValue.flatMap(Address.init(hex:)),
                !name.contains("insufficient_balance")
            {
                try await stage.ledger.mint(
                    to: payer, token: stage.token.address, amount: Amount(units: 1_000_000))
            }
            let request = try FacilitatorRequest(json: try #require(entry["request"]))
            let response = await stage.facilitator.verify(request)
            let expected = try #require(entry["response"])
            #expect(response.invalidReason?.rawValue == expected["invalidReason"]?.stringValue, "\(name)")
            #expect(response.isValid == expected["isValid"]?.boolValue)
            #expect(response.extra == expected["extra"], "\(name)")
            seen += 1
        }
        #expect(seen == 10)
    }
}
