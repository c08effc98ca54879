// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

/// What was wrong with MicroSTX, by number, and with the text of it that was run.
@Suite("A MicroSTX channel, attacked")
struct MicroSTXAttackTests {
    @Test("1: Nobody is paid out of a share that was never funded")
    func unfundedShare() throws {
        let pair = try MicroSTXStage()
        // Somebody else's money lies in the contract.
        let victim = try pair.tryOpen(50_000_000, 0, by: pair.stranger, with: pair.owner.value)
        #expect(victim.ok != nil)
        let channel = try pair.open(1, 999_999)
        #expect(try pair.details(channel)["balance-b"] == .uint(0))
        #expect(try pair.details(channel)["total-amount"] == .uint(1))
        // Both are the thief's, so both sign whatever it likes.
        let greedy = MicroSTXState(balanceA: 1, balanceB: 999_999, nonce: 1)
        #expect(try pair.hand("close-channel", channel, greedy, by: pair.b) == .err(101))
        #expect(try pair.dispute(channel, greedy, by: pair.b) == .err(101))
        #expect(try pair.update(channel, greedy, by: pair.b) == .err(101))
        #expect(try pair.disputeRecorded(channel, by: pair.b) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        #expect(try pair.resolve(channel, by: pair.b) == .ok(.bool(true)))
        try pair.expect(a: 0, b: 0, locked: 50_000_000)
    }

    @Test("2: The second participant can put its share in")
    func fundingSucceeds() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open(1_000_000, 4_000_000)
        #expect(try pair.fund(channel, 4_000_000) == .ok(.bool(true)))
        #expect(try pair.details(channel)["balance-b"] == .uint(4_000_000))
        #expect(try pair.details(channel)["total-amount"] == .uint(5_000_000))
        try pair.expect(a: -1_000_000, b: -4_000_000, locked: 5_000_000)
    }

    @Test("2: A state that was signed before the second share came still counts behind it")
    func fundingSpoilsNothing() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open(10_000_000, 4_000_000)
        let early = MicroSTXState(balanceA: 2_000_000, balanceB: 8_000_000, nonce: 1)
        #expect(try pair.fund(channel, 4_000_000) == .ok(.bool(true)))
        #expect(try pair.dispute(channel, early, by: pair.b) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        #expect(try pair.resolve(channel, by: pair.a) == .ok(.bool(true)))
        try pair.expect(a: -8_000_000, b: 8_000_000, locked: 0)
    }

    @Test("3: One participant cannot set a split by itself and close with it")
    func updatesNeedBoth() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        let theft = MicroSTXState(balanceA: 1, balanceB: 9_999_999, nonce: 1)
        for signers in [(pair.b, pair.b), (pair.stranger, pair.b)] {
            #expect(try pair.update(channel, theft, by: pair.b, signers: signers) == .err(106))
            #expect(try pair.hand("close-channel", channel, theft, by: pair.b, signers: signers) == .err(106))
        }
        #expect(try pair.details(channel)["balance-a"] == .uint(10_000_000))
    }

    @Test("3: A commitment is the hash of what both signed, and of nothing else")
    func commitmentsAreChecked() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        let state = MicroSTXState(balanceA: 5_000_000, balanceB: 5_000_000, nonce: 1)
        let other = try pair.signatures(channel, MicroSTXState(balanceA: 1, balanceB: 2, nonce: 3), "microstx-state")
        #expect(try pair.update(channel, state, by: pair.a, hash: other.digest) == .err(106))
        #expect(try pair.update(channel, state, by: pair.a) == .ok(.bool(true)))
    }

    @Test("4: Nobody closes alone and at once")
    func closingIsNotUnilateral() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        let paid = MicroSTXState(balanceA: 1_000_000, balanceB: 9_000_000, nonce: 8)
        // A, who has paid, says that nothing was: the other has a window to show what both signed.
        #expect(try pair.disputeRecorded(channel, by: pair.a) == .ok(.bool(true)))
        try pair.expect(a: -10_000_000, b: 0, locked: 10_000_000)
        #expect(try pair.dispute(channel, paid, by: pair.b) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        #expect(try pair.resolve(channel, by: pair.b) == .ok(.bool(true)))
        try pair.expect(a: -9_000_000, b: 9_000_000, locked: 0)
    }

    @Test("5: A split without evidence begins no dispute")
    func disputesNeedEvidence() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        let claimed = MicroSTXState(balanceA: 0, balanceB: 10_000_000, nonce: 0)
        #expect(try pair.hand("initiate-dispute", channel, claimed, by: pair.b, signers: (pair.b, pair.b)) == .err(101))
        let numbered = MicroSTXState(balanceA: 0, balanceB: 10_000_000, nonce: 1)
        #expect(
            try pair.hand("initiate-dispute", channel, numbered, by: pair.b, signers: (pair.b, pair.b)) == .err(106))
        #expect(try pair.details(channel)["state"] == .uint(1))
    }

    @Test("5: Later evidence of the other side is heard")
    func disputesCanBeAnswered() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        let old = MicroSTXState(balanceA: 0, balanceB: 10_000_000, nonce: 1)
        let new = MicroSTXState(balanceA: 10_000_000, balanceB: 0, nonce: 2)
        #expect(try pair.dispute(channel, old, by: pair.b) == .ok(.bool(true)))
        #expect(try pair.dispute(channel, new, by: pair.a) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        #expect(try pair.resolve(channel, by: pair.b) == .ok(.bool(true)))
        try pair.expect(a: 0, b: 0, locked: 0)
    }

    @Test("5: An emergency close does not undo a dispute")
    func emergencyIsNoRace() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        pair.stage.advance(burn: 143)
        let newest = MicroSTXState(balanceA: 1_000_000, balanceB: 9_000_000, nonce: 4)
        #expect(try pair.dispute(channel, newest, by: pair.b) == .ok(.bool(true)))
        pair.stage.advance(burn: 1)
        // What is recorded is older, and A would like to have that.
        #expect(try pair.emergency(channel, by: pair.a) == .err(107))
        pair.stage.advance(burn: 143)
        #expect(try pair.emergency(channel, by: pair.a) == .ok(.bool(true)))
        try pair.expect(a: -9_000_000, b: 9_000_000, locked: 0)
    }

    @Test("6: A side of zero is no obstacle to any exit")
    func zeroSides() throws {
        for (balanceA, balanceB) in [(10_000_000, 0), (0, 10_000_000)] as [(UInt128, UInt128)] {
            let pair = try MicroSTXStage()
            let state = MicroSTXState(balanceA: balanceA, balanceB: balanceB, nonce: 1)
            let closed = try pair.open()
            #expect(try pair.hand("close-channel", closed, state, by: pair.a) == .ok(.bool(true)))
            let resolved = try pair.open()
            #expect(try pair.dispute(resolved, state, by: pair.a) == .ok(.bool(true)))
            let escaped = try pair.open()
            #expect(try pair.update(escaped, state, by: pair.b) == .ok(.bool(true)))
            pair.stage.advance(burn: 144)
            #expect(try pair.resolve(resolved, by: pair.b) == .ok(.bool(true)))
            #expect(try pair.emergency(escaped, by: pair.b) == .ok(.bool(true)))
            pair.stage.advance(burn: 144)
            #expect(try pair.emergency(escaped, by: pair.b) == .ok(.bool(true)))
            let moved = 3 * Int(balanceB)
            try pair.expect(a: -moved, b: moved, locked: 0, fees: 3)
        }
    }

    @Test("6: A may put nothing in, and the owner may open a channel")
    func nothingAndOwner() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open(0, 3_000_000)
        #expect(try pair.fund(channel, 3_000_000) == .ok(.bool(true)))
        let opened = try pair.tryOpen(2_000_000, 0, by: pair.owner)
        #expect(opened == .ok(.uint(2)))
        #expect(try pair.stage.balance(pair.owner) == MicroSTXStage.riches + MicroSTXStage.fee - 2_000_000)
    }

    @Test("7: Nobody uses up another's quota, and what has ended does not count")
    func quotas() throws {
        let pair = try MicroSTXStage()
        for _ in 0..<30 { _ = try pair.open(1_000_000) }
        #expect(try pair.count(of: pair.b) == 0)
        #expect(try pair.count(of: pair.a) == 30)
        #expect(try pair.fund(1, 0) == .ok(.bool(true)), "B agrees without money")
        #expect(try pair.count(of: pair.b) == 1)
        let end = MicroSTXState(balanceA: 1_000_000, balanceB: 0, nonce: 1)
        for channel in 1...30 as ClosedRange<UInt128> {
            #expect(try pair.hand("close-channel", channel, end, by: pair.a) == .ok(.bool(true)))
        }
        #expect(try pair.count(of: pair.a) == 0)
        #expect(try pair.count(of: pair.b) == 0)
    }

    @Test("8: Stacks blocks make neither a window nor a timeout pass")
    func bitcoinBlocksCount() throws {
        let pair = try MicroSTXStage()
        let (first, second) = (try pair.open(), try pair.open())
        #expect(try pair.disputeRecorded(first, by: pair.a) == .ok(.bool(true)))
        pair.stage.advance(stacks: 100_000)
        #expect(try pair.resolve(first, by: pair.a) == .err(107))
        #expect(try pair.emergency(second, by: pair.a) == .err(107))
    }

    @Test("9: What is counted as locked is what is there, so no honest close is stopped by an underflow")
    func accounting() throws {
        let pair = try MicroSTXStage()
        let (small, large) = (try pair.open(1_000_000, 9_000_000), try pair.open(1_000_000, 999_000_000_000))
        try pair.expect(a: -2_000_000, b: 0, locked: 2_000_000, fees: 2)
        let end = MicroSTXState(balanceA: 1_000_000, balanceB: 0, nonce: 1)
        #expect(try pair.hand("close-channel", large, end, by: pair.a) == .ok(.bool(true)))
        #expect(try pair.fund(small, 9_000_000) == .ok(.bool(true)))
        try pair.expect(a: -1_000_000, b: -9_000_000, locked: 10_000_000, fees: 2)
        let last = MicroSTXState(balanceA: 10_000_000, balanceB: 0, nonce: 1)
        #expect(try pair.hand("close-channel", small, last, by: pair.b) == .ok(.bool(true)))
        try pair.expect(a: 9_000_000, b: -9_000_000, locked: 0, fees: 2)
    }

    @Test("10: Updates do not put off the emergency close")
    func updatesPutNothingOff() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        let timeout = try pair.details(channel)["timeout-block"]
        for nonce in 1...3 as ClosedRange<UInt128> {
            pair.stage.advance(burn: 48)
            let state = MicroSTXState(balanceA: 10_000_000 - nonce, balanceB: nonce, nonce: nonce)
            #expect(try pair.update(channel, state, by: pair.b) == .ok(.bool(true)))
        }
        #expect(try pair.details(channel)["timeout-block"] == timeout)
        #expect(try pair.emergency(channel, by: pair.a) == .ok(.bool(true)))
    }

    @Test("10: A thousand payments need no transaction")
    func paymentsStayOffChain() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        let last = MicroSTXState(balanceA: 9_999_000, balanceB: 1000, nonce: 1000)
        #expect(try pair.hand("close-channel", channel, last, by: pair.b) == .ok(.bool(true)))
        try pair.expect(a: -1000, b: 1000, locked: 0)
    }

    @Test("11: Numbers begin at 1 and may leave gaps, and the stats are an ok")
    func documentation() throws {
        let pair = try MicroSTXStage()
        #expect(try pair.open() == 1)
        let gap = MicroSTXState(balanceA: 9_999_999, balanceB: 1, nonce: 77)
        #expect(try pair.update(1, gap, by: pair.a) == .ok(.bool(true)))
        guard case .ok = try pair.stage.read("microstx", "get-contract-stats", []) else {
            Issue.record("The stats are no ok.")
            return
        }
    }

    @Test("A contract, which can sign nothing, opens no channel")
    func contractsAsParticipants() throws {
        let pair = try MicroSTXStage()
        try pair.stage.deploy(
            "opener",
            source: """
                (define-public (code (recipient principal))
                  (as-contract? ((with-stx u2000000))
                    (unwrap-err! (contract-call? .microstx open-channel recipient u1000000 u0) (err u99))))
                """)
        try pair.stage.fund("opener", with: 2_000_000)
        #expect(try pair.stage.call("opener", "code", [pair.b.value], by: pair.a) == .ok(.uint(100)))
    }

    @Test("A contract in between ends nothing in the name of whoever called it")
    func contractsInBetween() throws {
        let pair = try MicroSTXStage()
        let channel = try pair.open()
        try pair.stage.deploy(
            "trap",
            source: """
                (define-public (dispute (id uint))
                  (contract-call? .microstx initiate-dispute id u10000000 u0 u0 0x 0x))
                (define-public (escape (id uint)) (contract-call? .microstx emergency-close id))
                """)
        pair.stage.advance(burn: 144)
        for function in ["dispute", "escape"] {
            #expect(try pair.stage.call("trap", function, [.uint(channel)], by: pair.a) == .err(100))
        }
        #expect(try pair.details(channel)["state"] == .uint(1))
    }

    @Test("A signature says nothing in another deployment, on another chain, or in another channel")
    func noReplay() throws {
        let pair = try MicroSTXStage()
        let (first, second) = (try pair.open(), try pair.open())
        let state = MicroSTXState(balanceA: 1_000_000, balanceB: 9_000_000, nonce: 1)
        let message = state.message("microstx-state", channel: second)
        let identifier = try pair.stage.identifier("microstx")
        let copy = try pair.stage.identifier("microstx-copy")
        let digests = [
            SignedMessage.digest(of: state.message("microstx-state", channel: first), for: identifier),
            SignedMessage.digest(of: message, for: copy), SignedMessage.digest(of: message, for: identifier, chain: 1),
            SignedMessage.digest(of: message, for: identifier, version: "1"),
        ]
        for digest in digests {
            #expect(
                try pair.call(
                    "initiate-dispute",
                    [
                        .uint(second), .uint(1_000_000), .uint(9_000_000), .uint(1), .buffer(pair.a.sign(digest)),
                        .buffer(pair.b.sign(digest)),
                    ], by: pair.b) == .err(106))
        }
    }
}
