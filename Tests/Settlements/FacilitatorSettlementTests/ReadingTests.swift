// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingFacilitatorSettlement
@testable import FarthingX402

@Suite("A channel that a facilitator shows")
struct ReadingTests {
    @Test func `is shown to whoever holds a voucher, and remembered`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([stage.valid(stage.state(100, claimed: 30, nonce: 2))])
        try await stage.facing(facilitator) { settlement in
            #expect(try await settlement.snapshot(of: stage.channel()) == nil)
            let snapshot = try await settlement.snapshot(of: stage.channel(), shown: stage.voucher(30))
            #expect(snapshot?.refundNonce == 2)
            #expect(snapshot?.block.time == Stage.noon)
            #expect(try await settlement.snapshot(of: stage.channel()) == snapshot)
        }
        // A voucher may total as much as was claimed only when it is shown with a refund.
        #expect(facilitator.types == ["/verify refund"])
        let requirements = facilitator.asked[0].body["paymentRequirements"]
        #expect(requirements?["scheme"]?.stringValue == "batch-settlement")
        #expect(requirements?["extra"]?["name"]?.stringValue == "USDC")
        #expect(requirements == facilitator.asked[0].body["paymentPayload"]?["accepted"])
    }

    @Test func `counts a pending withdrawal as one of all that is not claimed`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([stage.valid(stage.state(100, claimed: 30, withdrawal: 1_799_999_000))])
        let snapshot = try await stage.facing(facilitator) {
            try await $0.snapshot(of: stage.channel(), shown: stage.voucher(30))
        }
        #expect(
            snapshot?.withdrawal
                == PendingWithdrawal(amount: 70, requestedAt: Instant(unixSeconds: 1_799_999_000)))
    }

    @Test func `is not there when nothing is in it`() async throws {
        let stage = try Stage()
        let snapshot = try await stage.facing(ScriptedFacilitator([Stage.invalid(.channelNotFound)])) {
            try await $0.snapshot(of: stage.channel(), shown: stage.voucher(30))
        }
        #expect(snapshot == nil)
    }

    @Test func `holds no more than what was claimed when it covers the voucher no longer`() async throws {
        let stage = try Stage()
        let facilitator = ScriptedFacilitator([
            stage.valid(stage.state(100, claimed: 30)), Stage.invalid(.exceedsBalance),
        ])
        try await stage.facing(facilitator) { settlement in
            _ = try await settlement.snapshot(of: stage.channel(), shown: stage.voucher(60))
            let rest = try await settlement.snapshot(of: stage.channel(), shown: stage.voucher(60))
            #expect(rest?.balance == 30)
            #expect(rest?.totalClaimed == 30)
        }
    }

    @Test(arguments: [FacilitatorCode.belowClaimed, .networkMismatch, FacilitatorCode(rawValue: "new")])
    func `is not shown when the voucher is not taken`(code: FacilitatorCode) async throws {
        let stage = try Stage()
        await #expect(throws: SettlementError.refused(code: code.rawValue, message: nil)) {
            try await stage.facing(ScriptedFacilitator([Stage.invalid(code)])) {
                try await $0.snapshot(of: stage.channel(), shown: stage.voucher(30))
            }
        }
    }

    @Test(arguments: ["balance", "totalClaimed", "refundNonce", "channelId"])
    func `is not believed when it is malformed`(member: String) async throws {
        let stage = try Stage()
        let state = stage.state(100).adding(member, "-1")
        let error = await #expect(throws: SettlementError.self) {
            try await stage.facing(ScriptedFacilitator(rule: { _ in stage.valid(state) })) {
                try await $0.snapshot(of: stage.channel(), shown: stage.voucher(30))
            }
        }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `is not believed to have paid more than it holds`() throws {
        let stage = try Stage()
        let block = Block(height: 1, time: Stage.noon)
        #expect(ChannelSnapshot(json: stage.state(10, claimed: 11), of: stage.channel(), at: block) == nil)
    }

    @Test(arguments: [(900, 300), (60, 30), (1200, 300), (300, 100), (2_592_000, 300)])
    func `may be relied on for a third of the withdrawal delay`(delay: UInt64, seconds: Int64) async throws {
        let stage = try Stage()
        var terms = stage.terms()
        terms.withdrawDelay = delay
        try await stage.facing(ScriptedFacilitator()) { #expect($0.freshness(of: terms) == seconds) }
    }
}

@Suite("What was last told")
struct MirrorTests {
    @Test func `is the latest, whichever answer comes last`() throws {
        let stage = try Stage()
        let mirror = Mirror { Stage.noon }
        let (early, late) = (mirror.moment(), mirror.moment())
        #expect(late.height > early.height)
        mirror.take(ChannelSnapshot(balance: 2, totalClaimed: 0, block: late), of: stage.channel())
        mirror.take(ChannelSnapshot(balance: 1, totalClaimed: 0, block: early), of: stage.channel())
        #expect(mirror[stage.channel()]?.balance == 2)
    }

    @Test func `is newer than what was told before a restart, also when the clock was ahead then`() {
        let mirror = Mirror { Stage.noon }
        let before = UInt64(Stage.noon.unixSeconds + 3600) * 1000
        mirror.raise(to: before)
        mirror.raise(to: 7)
        #expect(mirror.moment().height == before + 1)
        #expect(mirror.moment().time == Stage.noon)
    }

    @Test func `grows no younger by a claim, and is infinitely old when in doubt`() throws {
        let stage = try Stage()
        let mirror = Mirror { Stage.noon }
        let told = Block(height: 1, time: Instant(unixSeconds: 5))
        mirror.take(ChannelSnapshot(balance: 9, totalClaimed: 0, block: told), of: stage.channel())
        mirror.took(claim: 4, of: stage.channel())
        #expect(mirror[stage.channel()]?.totalClaimed == 4)
        #expect(mirror[stage.channel()]?.block.time == told.time)
        #expect((mirror[stage.channel()]?.block.height ?? 0) > told.height)
        mirror.doubt(stage.channel())
        #expect(mirror[stage.channel()]?.block.time == Instant(unixSeconds: 0))
    }

    @Test func `forgets the oldest when there are too many`() throws {
        let stage = try Stage()
        let mirror = Mirror(capacity: 8) { Stage.noon }
        for salt in 0..<UInt8(30) {
            mirror.take(
                ChannelSnapshot(balance: 1, totalClaimed: 0, block: mirror.moment()), of: stage.channel(salt))
        }
        #expect(mirror[stage.channel(0)] == nil)
        #expect(mirror[stage.channel(29)] != nil)
        #expect((0..<UInt8(30)).count { mirror[stage.channel($0)] != nil } <= 8)
    }
}
