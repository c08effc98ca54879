// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("A MicroSTX channel refuses")
struct MicroSTXRefusalTests {
    @Test("u100: what only a participant may do, and partners that cannot sign")
    func unauthorized() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open(10_000_000, 1_000_000)
        let state = MicroSTXState(balanceA: 9_000_000, balanceB: 1_000_000, nonce: 1)
        #expect(try pair.fund(channel, 1_000_000, by: pair.a) == .err(100))
        #expect(try pair.fund(channel, 1_000_000, by: pair.stranger) == .err(100))
        #expect(try pair.update(channel, state, by: pair.stranger) == .err(100))
        #expect(try pair.hand("close-channel", channel, state, by: pair.stranger) == .err(100))
        #expect(try pair.dispute(channel, state, by: pair.stranger) == .err(100))
        #expect(try pair.emergency(channel, by: pair.stranger) == .err(100))
        let multisig = try #require(StandardPrincipal(version: 21, hash: pair.b.standard.hash))
        let partners: [ClarityValue] = [
            pair.a.value, .principal(try pair.stage.identifier("microstx")), .principal(multisig),
            .principal(pair.b.onMainnet),
        ]
        for partner in partners { #expect(try pair.tryOpen(10_000_000, 0, with: partner) == .err(100)) }
        try pair.expect(a: -10_000_000, b: 0, locked: 10_000_000)
    }

    @Test("u101: amounts out of range, and balances that do not add up")
    func amounts() throws {
        let pair = try MicroSTXStage()
        let amounts: [(UInt128, UInt128)] = [
            (0, 0), (999_999, 0), (500_000, 499_999), (1_000_000_000_001, 0), (1_000_000_000_000, 1), (.max, 0),
            (0, .max), (.max, 1), (1, .max), (.max, .max),
        ]
        for (first, second) in amounts { #expect(try pair.tryOpen(first, second) == .err(101)) }
        #expect(try pair.tryOpen(999_999, 1).ok != nil)
        #expect(try pair.tryOpen(1_000_000_000_000, 0).ok != nil)
        #expect(try pair.tryOpen(0, 1_000_000_000_000).ok != nil)

        let channel = try pair.open(10_000_000, 1_000_000)
        for amount in [0, 999_999, 1_000_001, .max] as [UInt128] {
            #expect(try pair.fund(channel, amount) == .err(101))
        }
        let sums: [(UInt128, UInt128)] = [(10_000_000, 1), (9_999_999, 0), (0, 0), (.max, 1), (5, .max)]
        for (balanceA, balanceB) in sums {
            let state = MicroSTXState(balanceA: balanceA, balanceB: balanceB, nonce: 1)
            #expect(try pair.update(channel, state, by: pair.a) == .err(101))
            #expect(try pair.hand("close-channel", channel, state, by: pair.a) == .err(101))
            #expect(try pair.dispute(channel, state, by: pair.a) == .err(101))
        }
        // With the number of what is recorded, but not what is recorded.
        for (balanceA, balanceB) in [(9_000_000, 1_000_000), (10_000_000, 1), (10_000_001, 0), (0, 0)] {
            let state = MicroSTXState(balanceA: UInt128(balanceA), balanceB: UInt128(balanceB), nonce: 0)
            #expect(try pair.dispute(channel, state, by: pair.a) == .err(101))
        }
    }

    @Test("u102: a channel that nobody opened, and a dispute that nobody began")
    func unknown() throws {
        let pair = try MicroSTXStage()
        let state = MicroSTXState(balanceA: 1, balanceB: 1, nonce: 1)
        for channel in [0, 1, .max] as [UInt128] {
            #expect(try pair.fund(channel, 1) == .err(102))
            #expect(try pair.update(channel, state, by: pair.a) == .err(102))
            #expect(try pair.hand("close-channel", channel, state, by: pair.a) == .err(102))
            #expect(try pair.dispute(channel, state, by: pair.a) == .err(102))
            #expect(try pair.resolve(channel, by: pair.a) == .err(102))
            #expect(try pair.emergency(channel, by: pair.a) == .err(102))
            #expect(try pair.details(channel) == .none)
        }
        #expect(try pair.resolve(try pair.open(), by: pair.a) == .err(102))
    }

    @Test("u103: B's share a second time")
    func fundedTwice() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open(10_000_000, 1_000_000)
        _ = try pair.fund(channel, 1_000_000)
        #expect(try pair.fund(channel, 1_000_000) == .err(103))
        #expect(try pair.fund(channel, 0) == .err(103))
        try pair.expect(a: -10_000_000, b: -1_000_000, locked: 11_000_000)
    }

    @Test("u104: anything for a channel that has ended")
    func closed() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open(10_000_000, 1_000_000)
        _ = try pair.hand(
            "close-channel", channel, MicroSTXState(balanceA: 10_000_000, balanceB: 0, nonce: 1), by: pair.a)
        let state = MicroSTXState(balanceA: 0, balanceB: 10_000_000, nonce: 2)
        #expect(try pair.fund(channel, 1_000_000) == .err(104))
        #expect(try pair.update(channel, state, by: pair.a) == .err(104))
        #expect(try pair.hand("close-channel", channel, state, by: pair.a) == .err(104))
        #expect(try pair.dispute(channel, state, by: pair.a) == .err(104))
        #expect(try pair.resolve(channel, by: pair.a) == .err(104))
        #expect(try pair.emergency(channel, by: pair.a) == .err(104))
        try pair.expect(a: 0, b: 0, locked: 0)
    }

    @Test("u105: more than the account has, the fee with it")
    func insufficient() throws {
        let pair = try MicroSTXStage()
        let poor = pair.stage.dave
        try pair.stage.fund(poor, with: 1_009_999)
        #expect(try pair.tryOpen(1_000_000, 0, by: poor) == .err(105))
        try pair.stage.fund(poor, with: 1)
        #expect(try pair.tryOpen(1_000_000, 0, by: poor) == .ok(.uint(1)))
        #expect(try pair.stage.balance(poor) == 0)
        let opened = try pair.tryOpen(1_000_000, 5, by: pair.a, with: poor.value)
        #expect(try pair.fund(try #require(opened.ok?.number), 5, by: poor) == .err(105))
    }

    @Test("u106: what one of the two did not sign, and a hash that is not that of what was signed")
    func signatures() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        let state = MicroSTXState(balanceA: 4_000_000, balanceB: 6_000_000, nonce: 1)
        for signers in [(pair.a, pair.a), (pair.b, pair.b), (pair.b, pair.a), (pair.a, pair.stranger)] {
            #expect(try pair.update(channel, state, by: pair.a, signers: signers) == .err(106))
            #expect(try pair.hand("close-channel", channel, state, by: pair.a, signers: signers) == .err(106))
            #expect(try pair.hand("initiate-dispute", channel, state, by: pair.a, signers: signers) == .err(106))
        }
        #expect(try pair.update(channel, state, by: pair.a, hash: .zero) == .err(106))
        #expect(
            try pair.hand("close-channel", channel, state, by: pair.a, topic: "microstx-state") == .err(106))
        #expect(
            try pair.hand("initiate-dispute", channel, state, by: pair.a, topic: "microstx-close") == .err(106))
        let digest = try pair.signatures(channel, state, "microstx-close").digest
        #expect(
            try pair.call(
                "close-channel",
                [
                    .uint(channel), .uint(4_000_000), .uint(6_000_000), .uint(1), .buffer(pair.a.signMirrored(digest)),
                    .buffer(pair.b.sign(digest)),
                ], by: pair.a) == .err(106))
    }

    @Test("u108: a share or an update in a dispute, and an answer when the window is over")
    func inDispute() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open(10_000_000, 1_000_000)
        _ = try pair.disputeRecorded(channel, by: pair.a)
        let state = MicroSTXState(balanceA: 9_000_000, balanceB: 1_000_000, nonce: 1)
        #expect(try pair.fund(channel, 1_000_000) == .err(108))
        #expect(try pair.update(channel, state, by: pair.a) == .err(108))
        pair.stage.advance(burn: 144)
        #expect(try pair.dispute(channel, state, by: pair.b) == .err(108))
        #expect(try pair.hand("close-channel", channel, state, by: pair.b) == .ok(.bool(true)))
        try pair.expect(a: -1_000_000, b: 1_000_000, locked: 0)
    }

    @Test("u109: a state that is not newer")
    func stale() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        func state(_ nonce: UInt128) -> MicroSTXState {
            MicroSTXState(balanceA: 10_000_000 - nonce, balanceB: nonce, nonce: nonce)
        }
        _ = try pair.update(channel, state(5), by: pair.a)
        for nonce in [0, 4, 5] as [UInt128] {
            #expect(try pair.update(channel, state(nonce), by: pair.a) == .err(109))
            #expect(try pair.hand("close-channel", channel, state(nonce), by: pair.a) == .err(109))
        }
        #expect(try pair.dispute(channel, state(4), by: pair.a) == .err(109))
        _ = try pair.dispute(channel, state(7), by: pair.a)
        for nonce in [5, 6, 7] as [UInt128] {
            #expect(try pair.dispute(channel, state(nonce), by: pair.b) == .err(109))
            #expect(try pair.hand("close-channel", channel, state(nonce), by: pair.b) == .err(109))
        }
    }

    @Test("u110: more than a hundred open channels")
    func quota() throws {
        let pair = try MicroSTXStage()
        for _ in 0..<100 { _ = try pair.open(1_000_000) }
        #expect(try pair.count(of: pair.a) == 100)
        #expect(try pair.tryOpen(1_000_000, 0) == .err(110))
        let end = MicroSTXState(balanceA: 1_000_000, balanceB: 0, nonce: 1)
        #expect(try pair.hand("close-channel", 50, end, by: pair.b) == .ok(.bool(true)))
        #expect(try pair.tryOpen(1_000_000, 0) == .ok(.uint(101)))
        // B may join no more than a hundred either.
        for _ in 0..<100 { _ = try pair.tryOpen(1_000_000, 0, by: pair.b, with: pair.stranger.value) }
        #expect(try pair.fund(1, 0) == .err(110))
    }
}
