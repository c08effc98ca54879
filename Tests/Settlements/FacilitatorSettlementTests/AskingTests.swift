// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingFacilitatorSettlement
@testable import FarthingX402

@Suite("Asking a facilitator")
struct AskingTests {
    static let supported: JSON = [
        "kinds": [["x402Version": 2, "scheme": "batch-settlement", "network": "eip155:84532"]], "extensions": [],
        "signers": [:],
    ]

    @Test func `starts with one that settles this scheme on this chain`() async throws {
        let facilitator = ScriptedFacilitator([.json(Self.supported)])
        try await Stage().facing(facilitator) { try await $0.start() }
        #expect(facilitator.asked.map(\.path) == ["/supported"])
    }

    @Test(arguments: [
        #"{"kinds":[]}"#,
        #"{"kinds":[{"x402Version":2,"scheme":"exact","network":"eip155:84532"}]}"#,
        #"{"kinds":[{"x402Version":2,"scheme":"batch-settlement","network":"eip155:8453"}]}"#,
        #"{"kinds":[{"x402Version":1,"scheme":"batch-settlement","network":"eip155:84532"}]}"#,
        #"{"kinds":[null,7,{"scheme":[]}]}"#,
    ])
    func `does not start with one that does not`(answer: String) async throws {
        let facilitator = ScriptedFacilitator([.status(200, answer)])
        let error = await #expect(throws: SettlementError.self) {
            try await Stage().facing(facilitator) { try await $0.start() }
        }
        guard case .refused("unsupported_scheme", let message?) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(message.contains("batch-settlement on eip155:84532"))
    }

    @Test(arguments: [
        ScriptedFacilitator.Reply.cut, .silence, .stall, .status(500, ""), .status(503, ""), .status(200, "{"),
        .status(200, "[]"), .status(200, String(repeating: " ", count: 5000) + "{}"),
    ])
    func `asks again what is safe to ask, and then says that nobody answers`(
        reply: ScriptedFacilitator.Reply
    ) async throws {
        let facilitator = ScriptedFacilitator(rule: { _ in reply })
        let error = await #expect(throws: SettlementError.self) {
            try await Stage().facing(facilitator, limits: Stage.hasty) { try await $0.start() }
        }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(facilitator.asked.count == 3)
    }

    @Test(arguments: [ScriptedFacilitator.Reply.cut, .silence, .stall, .status(502, "<html>"), .status(200, "x")])
    func `gets its answer when trouble passes`(trouble: ScriptedFacilitator.Reply) async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([trouble, stage.valid(stage.state(100, claimed: 30))])
        let snapshot = try await stage.facing(facilitator, limits: trouble.limits) {
            try await $0.snapshot(of: stage.channel(), shown: stage.voucher(30))
        }
        #expect(snapshot?.balance == 100)
        #expect(snapshot?.totalClaimed == 30)
    }

    @Test(arguments: [400, 401, 403, 404, 418])
    func `does not ask again where it is turned away`(status: Int) async throws {
        let facilitator = ScriptedFacilitator(rule: { _ in .status(status, "{}") })
        await #expect(throws: SettlementError.self) {
            try await Stage().facing(facilitator) { try await $0.start() }
        }
        #expect(facilitator.asked.count == 1)
    }

    @Test func `finds nobody at a dead port, and does not wait for long`() async throws {
        let stage = try Stage()
        let url = try await ScriptedFacilitator().run { $0 }
        let settlement = FacilitatorSettlement(
            url: url, domain: stage.domain, token: stage.token, authorizer: stage.authorizer, limits: Stage.limits,
            clock: { Stage.noon })
        await #expect(throws: SettlementError.unavailable(reason: "the facilitator: the connection is refused")) {
            try await settlement.start()
        }
        await #expect(throws: SettlementError.unavailable(reason: "the facilitator: the connection is refused")) {
            try await settlement.deposit(stage.deposit(10), for: stage.voucher(1))
        }
        await settlement.close()
    }
}

extension ScriptedFacilitator.Reply: CustomTestStringConvertible {
    /// How long to wait for it.
    var limits: FacilitatorLimits {
        switch self {
        case .silence, .stall: Stage.hasty
        case .json, .status, .cut: Stage.limits
        }
    }

    var testDescription: String {
        switch self {
        case .json(let json): json.text
        case .status(let status, let text): "\(status) \(text.prefix(40))"
        case .silence: "silence"
        case .cut: "a cut connection"
        case .stall: "half an answer"
        }
    }
}
