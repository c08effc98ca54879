// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("A MicroSTX channel")
struct MicroSTXTests {
    @Test("Both put their shares in, pay each other, and close together")
    func happyRoad() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open(10_000_000, 5_000_000)
        #expect(channel == 1, "the first is number 1")
        try pair.expect(a: -10_000_000, b: 0, locked: 10_000_000)
        #expect(try pair.stage.balance(pair.owner) == MicroSTXStage.riches + MicroSTXStage.fee)
        #expect(try pair.fund(channel, 5_000_000) == .ok(.bool(true)))
        try pair.expect(a: -10_000_000, b: -5_000_000, locked: 15_000_000)

        let state = MicroSTXState(balanceA: 4_000_000, balanceB: 11_000_000, nonce: 3)
        #expect(try pair.update(channel, state, by: pair.b) == .ok(.bool(true)))
        let final = MicroSTXState(balanceA: 3_000_000, balanceB: 12_000_000, nonce: 4)
        #expect(try pair.hand("close-channel", channel, final, by: pair.a) == .ok(.bool(true)))
        try pair.expect(a: -7_000_000, b: 7_000_000, locked: 0)
        #expect(try pair.details(channel)["state"] == .uint(3))
        #expect(try pair.stage.read("microstx", "is-channel-active", [.uint(channel)]) == .bool(false))
    }

    @Test("A dispute ends with the newest state that both signed")
    func dispute() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        let state = MicroSTXState(balanceA: 9_000_000, balanceB: 1_000_000, nonce: 1)
        #expect(try pair.dispute(channel, state, by: pair.a) == .ok(.bool(true)))
        let dispute = try pair.stage.read("microstx", "get-channel-dispute", [.uint(channel)])
        #expect(dispute["initiator"] == pair.a.value)
        #expect(dispute["proposed-balance-b"] == .uint(1_000_000))
        #expect(dispute["dispute-nonce"] == .uint(1))
        #expect(dispute["dispute-block"] == .uint(pair.stage.burnHeight))

        pair.stage.advance(burn: 143)
        #expect(try pair.resolve(channel, by: pair.stranger) == .err(107))
        let newer = MicroSTXState(balanceA: 2_000_000, balanceB: 8_000_000, nonce: 2)
        #expect(try pair.dispute(channel, newer, by: pair.stranger) == .ok(.bool(true)))
        pair.stage.advance(burn: 143)
        #expect(try pair.resolve(channel, by: pair.b) == .err(107))
        pair.stage.advance(burn: 1)
        #expect(try pair.resolve(channel, by: pair.stranger) == .ok(.bool(true)))
        try pair.expect(a: -8_000_000, b: 8_000_000, locked: 0)
        #expect(try pair.stage.read("microstx", "get-channel-dispute", [.uint(channel)]) == .none)
    }

    @Test("Whoever has no partner any more gets out by an emergency close, in two steps")
    func emergencyClose() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        #expect(try pair.emergency(channel, by: pair.a) == .err(107))
        pair.stage.advance(burn: 144)
        #expect(try pair.emergency(channel, by: pair.a) == .ok(.bool(true)))
        try pair.expect(a: -10_000_000, b: 0, locked: 10_000_000)
        #expect(try pair.emergency(channel, by: pair.a) == .err(107))
        pair.stage.advance(burn: 144)
        #expect(try pair.emergency(channel, by: pair.a) == .ok(.bool(true)))
        try pair.expect(a: 0, b: 0, locked: 0)
    }

    @Test("A dispute with what is recorded needs no signature, and begins at any time")
    func recordedDispute() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        let state = MicroSTXState(balanceA: 9_000_000, balanceB: 1_000_000, nonce: 5)
        _ = try pair.update(channel, state, by: pair.a)
        #expect(try pair.disputeRecorded(channel, by: pair.b) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        #expect(try pair.resolve(channel, by: pair.b) == .ok(.bool(true)))
        try pair.expect(a: -1_000_000, b: 1_000_000, locked: 0)
    }

    @Test("Only the newest commitment is kept, and none behind the end")
    func commitments() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        func commitment(_ nonce: UInt128) throws -> ClarityValue {
            try pair.stage.read("microstx", "get-payment-commitment", [.uint(channel), .uint(nonce)])
        }
        for nonce in 1...3 as ClosedRange<UInt128> {
            let state = MicroSTXState(balanceA: 10_000_000 - nonce, balanceB: nonce, nonce: nonce)
            _ = try pair.update(channel, state, by: pair.a)
            let signed = try pair.signatures(channel, state, "microstx-state")
            #expect(try commitment(nonce)["commitment-hash"] == .hash(signed.digest))
            #expect(try commitment(nonce)["balance-b"] == .uint(nonce))
            #expect(try commitment(nonce - 1) == .none)
        }
        let end = MicroSTXState(balanceA: 0, balanceB: 10_000_000, nonce: 4)
        _ = try pair.hand("close-channel", channel, end, by: pair.b)
        #expect(try commitment(3) == .none)
    }

    @Test("It tells its limits, and counts")
    func stats() throws {
        let pair = try MicroSTXStage()
        _ = try pair.open()
        _ = try pair.open(1_000_000)
        guard case .ok(let stats) = try pair.stage.read("microstx", "get-contract-stats", []) else {
            Issue.record("The stats are no ok.")
            return
        }
        let expected: [String: UInt128] = [
            "total-channels": 2, "total-locked": 11_000_000, "min-channel-amount": 1_000_000,
            "max-channel-amount": 1_000_000_000_000, "channel-timeout": 144, "dispute-timeout": 144,
            "settlement-fee": 10_000,
        ]
        for (name, value) in expected { #expect(stats[name] == .uint(value), "\(name)") }
        #expect(try pair.count(of: pair.a) == 2)
        #expect(try pair.count(of: pair.b) == 0)
        #expect(try pair.stage.read("microstx", "is-channel-active", [.uint(2)]) == .bool(true))
        #expect(try pair.stage.read("microstx", "is-channel-active", [.uint(3)]) == .bool(false))
    }

    @Test("Its digests are those that SIP-018 gives")
    func digests() throws {
        let pair = try MicroSTXStage()
        let state = MicroSTXState(balanceA: 3, balanceB: 4, nonce: 5)
        for (function, topic) in [("get-state-digest", "microstx-state"), ("get-close-digest", "microstx-close")] {
            let answer = try pair.stage.read("microstx", function, [.uint(9), .uint(3), .uint(4), .uint(5)])
            #expect(
                answer.hash
                    == SignedMessage.digest(
                        of: state.message(topic, channel: 9), for: try pair.stage.identifier("microstx")))
        }
    }

    @Test("Each change is told by an event")
    func events() throws {
        let pair = try MicroSTXStage()
        func expectEvent(_ name: String, at location: SourceLocation = #_sourceLocation) throws -> ClarityValue {
            #expect(pair.stage.printed.count == 1, sourceLocation: location)
            let event = try #require(pair.stage.printed.first, sourceLocation: location)
            #expect(event["event"] == .text(name), sourceLocation: location)
            return event
        }
        let channel = try pair.open(10_000_000, 2_000_000)
        #expect(try expectEvent("channel-opened")["total-amount"] == .uint(10_000_000))
        _ = try pair.fund(channel, 2_000_000)
        #expect(try expectEvent("channel-funded")["channel"].map { .some($0) } == (try pair.details(channel)))
        let state = MicroSTXState(balanceA: 6_000_000, balanceB: 6_000_000, nonce: 1)
        _ = try pair.update(channel, state, by: pair.a)
        #expect(try expectEvent("channel-updated")["balance-b"] == .uint(6_000_000))
        _ = try pair.disputeRecorded(channel, by: pair.b)
        #expect(try expectEvent("dispute-initiated")["initiator"] == pair.b.value)
        pair.stage.advance(burn: 144)
        _ = try pair.resolve(channel, by: pair.b)
        #expect(try expectEvent("dispute-resolved")["balance-a"] == .uint(6_000_000))
    }
}
