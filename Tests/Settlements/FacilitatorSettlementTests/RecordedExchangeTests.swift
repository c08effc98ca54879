// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@testable import FarthingFacilitatorSettlement
@testable import FarthingX402

/// What the official facilitator was asked and answered.
///
/// Source: `Tests/Vectors/x402/facilitator_exchanges.json`; see `Tests/Vectors/SOURCES.md`.
@Suite("Recorded exchanges with the official facilitator")
struct RecordedExchangeTests {
    private static func exchanges() throws -> [JSON] {
        let tests = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: tests.appending(path: "Vectors/x402/facilitator_exchanges.json"))
        return try #require(try JSON.parse(Array(data)).arrayValue)
    }

    private static func exchanges(_ path: String, type: String, isGood: Bool? = nil) throws -> [JSON] {
        try exchanges().filter { entry in
            guard entry["path"]?.stringValue == path else { return false }
            let answer = entry["response"]?["isValid"] ?? entry["response"]?["success"]
            guard isGood == nil || answer?.boolValue == isGood else { return false }
            return entry["request"]?["paymentPayload"]?["payload"]?["type"]?.stringValue == type
        }
    }

    @Test func `are all read, and written as they were`() throws {
        let exchanges = try Self.exchanges()
        #expect(exchanges.count == 18)
        for entry in exchanges {
            let request = try FacilitatorRequest(json: try #require(entry["request"]))
            #expect(request.payment.payload == entry["request"]?["paymentPayload"]?["payload"])
            let response = try #require(entry["response"])
            if entry["path"]?.stringValue == "/verify" {
                #expect(try #require(VerifyResponse(json: response)).json == response)
            } else {
                #expect(try SettleResponse(json: response, name: "answer").success == response["success"]?.boolValue)
            }
        }
    }

    @Test(arguments: ["deposit", "voucher"])
    func `are refusals here too where they were refusals there`(type: String) async throws {
        let stage = try Stage()
        for entry in try Self.exchanges("/verify", type: type, isGood: false) {
            let response = try #require(entry["response"])
            let code = try #require(response["invalidReason"]?.stringValue)
            await #expect(throws: SettlementError.self, "\(code)") {
                try await stage.facing(ScriptedFacilitator([.json(response)])) {
                    try await $0.check(stage.deposit(1), for: stage.voucher(1))
                }
            }
        }
    }

    @Test func `show channels in the form that is read here`() throws {
        let block = Block(height: 1, time: Stage.noon)
        for path in ["/verify", "/settle"] {
            for type in ["deposit", "refund"] {
                for entry in try Self.exchanges(path, type: type, isGood: true) {
                    let extra = try #require(entry["response"]?["extra"])
                    let state = extra["channelState"] ?? extra
                    let id = try #require(state["channelId"]?.stringValue.flatMap(ChannelID.init(hex:)))
                    let snapshot = try #require(ChannelSnapshot(json: state, of: id, at: block))
                    #expect(snapshot.json(of: id) == state)
                }
            }
        }
    }

    /// The same keys and numbers give the same bytes: what we send is what the official server sent.
    @Test func `of claims and payouts are made here word for word`() throws {
        let claim = try #require(try Self.exchanges("/settle", type: "claim").first)
        let payload = try #require(claim["request"]?["paymentPayload"]?["payload"])
        let rows = try #require(payload["claims"]?.arrayValue).map(row)
        let authorizer = try Stage.signer(0x33)
        let domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
        let digest = domain.claimBatchDigest(rows.map { (domain.channelID(of: $0.terms), $0.ceiling, $0.total) })
        #expect(ClaimRow.payload(rows, authorization: authorizer.signNow(digest)) == payload)

        let settle = try #require(try Self.exchanges("/settle", type: "settle").first)
        let order = try #require(settle["request"]?["paymentPayload"]?["payload"])
        #expect(
            PayoutOrder.payload(
                receiver: try #require(order["receiver"]?.stringValue.flatMap(Address.init(hex:))),
                token: try #require(order["token"]?.stringValue.flatMap(Address.init(hex:)))) == order)
    }

    private func row(_ json: JSON) throws -> ClaimRow {
        let config = try #require(json["voucher"]?["channel"])
        func text(_ name: String) throws -> String { try #require(config[name]?.stringValue) }
        let terms = ChannelTerms(
            payer: try #require(Address(hex: try text("payer"))),
            payerAuthorizer: try #require(Address(hex: try text("payerAuthorizer"))),
            receiver: try #require(Address(hex: try text("receiver"))),
            receiverAuthorizer: try #require(Address(hex: try text("receiverAuthorizer"))),
            token: try #require(Address(hex: try text("token"))),
            withdrawDelay: UInt64(try #require(config["withdrawDelay"]?.integerValue)),
            salt: try #require(Hash32(hex: try text("salt"))))
        let signature = try #require(json["signature"]?.stringValue.flatMap(Hex.decode))
        return ClaimRow(
            terms: terms,
            ceiling: try #require(json["voucher"]?["maxClaimableAmount"]?.stringValue.flatMap(Amount.init(wire:))),
            signature: try Signature(signature),
            total: try #require(json["totalClaimed"]?.stringValue.flatMap(Amount.init(wire:))))
    }
}
