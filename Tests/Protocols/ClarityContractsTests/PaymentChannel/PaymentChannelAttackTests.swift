// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

/// What was wrong with the channel that this one comes from, by number, and with the text of it that was run.
@Suite("A payment channel on Stacks, attacked")
struct PaymentChannelAttackTests {
    @Test("1: A recipient with what both signed is paid, and not sent away for its signature")
    func signaturesAreAccepted() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.close(channel, pair.paid(1000, nonce: 1), by: pair.recipient) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        #expect(try pair.settle(channel, by: pair.recipient) == .ok(.bool(true)))
        try pair.expect(sender: 999_000, recipient: 1_001_000, locked: 0)
    }

    @Test("1: The sender does not take back after any time what it has signed away")
    func nothingIsTakenBack() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        pair.stage.advance(burn: 100_000)
        #expect(try pair.forceClose(channel, by: pair.sender) == .ok(.bool(true)))
        #expect(try pair.settle(channel, by: pair.sender) == .err(6))
        #expect(try pair.close(channel, pair.paid(600, nonce: 9), by: pair.recipient) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        #expect(try pair.settle(channel, by: pair.sender) == .ok(.bool(true)))
        try pair.expect(sender: 999_400, recipient: 1_000_600, locked: 0)
    }

    @Test("2: An old state is answered with a newer one, and the newest has the last word")
    func disputesCanBeAnswered() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.close(channel, pair.paid(100, nonce: 1), by: pair.sender) == .ok(.bool(true)))
        #expect(try pair.close(channel, pair.paid(700, nonce: 7), by: pair.recipient) == .ok(.bool(true)))
        #expect(try pair.close(channel, pair.paid(300, nonce: 3), by: pair.sender) == .err(7))
        pair.stage.advance(burn: 144)
        #expect(try pair.settle(channel, by: pair.sender) == .ok(.bool(true)))
        try pair.expect(sender: 999_300, recipient: 1_000_700, locked: 0)
    }

    @Test("2: The sender cannot make up a state with a huge number")
    func statesNeedBoth() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        let state = pair.paid(0, nonce: 1_000_000_000)
        #expect(
            try pair.hand("close-channel", channel, state, by: pair.sender, signers: (pair.sender, pair.sender))
                == .err(5))
        try pair.expect(sender: 999_000, recipient: 1_000_000, locked: 1000)
    }

    @Test("2: An answer from somebody else counts as well, and starts the window anew")
    func anybodyHelps() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.close(channel, pair.paid(100, nonce: 1), by: pair.sender) == .ok(.bool(true)))
        pair.stage.advance(burn: 143)
        #expect(try pair.close(channel, pair.paid(700, nonce: 7), by: pair.stranger) == .ok(.bool(true)))
        pair.stage.advance(burn: 143)
        #expect(try pair.settle(channel, by: pair.sender) == .err(6))
        pair.stage.advance(burn: 1)
        #expect(try pair.settle(channel, by: pair.stranger) == .ok(.bool(true)))
        try pair.expect(sender: 999_300, recipient: 1_000_700, locked: 0)
    }

    @Test("2: The window cannot be kept open by saying the same again")
    func windowsEnd() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.close(channel, pair.paid(700, nonce: 7), by: pair.recipient) == .ok(.bool(true)))
        let end = try pair.details(channel)["timeout-block"]
        pair.stage.advance(burn: 100)
        for nonce in 0...7 as ClosedRange<UInt128> {
            #expect(try pair.close(channel, pair.paid(100 * nonce, nonce: nonce), by: pair.sender) == .err(7))
        }
        #expect(try pair.forceClose(channel, by: pair.sender) == .err(7))
        #expect(try pair.details(channel)["timeout-block"] == end)
    }

    @Test("3: The window starts when the dispute does, however old the channel is")
    func windowsStartWithTheDispute() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        pair.stage.advance(burn: 10_000)
        #expect(try pair.close(channel, pair.paid(0, nonce: 1), by: pair.sender) == .ok(.bool(true)))
        #expect(try pair.settle(channel, by: pair.sender) == .err(6))
        #expect(try pair.close(channel, pair.paid(500, nonce: 2), by: pair.recipient) == .ok(.bool(true)))
    }

    @Test("3: Stacks blocks do not make a window pass")
    func bitcoinBlocksCount() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.forceClose(channel, by: pair.sender) == .ok(.bool(true)))
        pair.stage.advance(stacks: 10_000)
        #expect(try pair.settle(channel, by: pair.sender) == .err(6))
    }

    @Test("4: A stranger with an old state cannot push the channel into a dispute")
    func strangersCannotDispute() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.close(channel, pair.paid(100, nonce: 1), by: pair.stranger) == .err(1))
        #expect(try pair.details(channel)["status"] == .uint(1))
        #expect(try pair.hand("close-together", channel, pair.paid(700, nonce: 7), by: pair.recipient).ok != nil)
    }

    @Test("4: A dispute does not stand in the way of what both sign")
    func disputesDoNotFreeze() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        _ = try pair.close(channel, pair.paid(100, nonce: 1), by: pair.sender)
        #expect(try pair.hand("close-together", channel, pair.paid(700, nonce: 7), by: pair.stranger).ok != nil)
        try pair.expect(sender: 999_300, recipient: 1_000_700, locked: 0)
    }

    @Test("5: There is no moment in which the sender ends the channel before the recipient can answer")
    func forceCloseIsNoRace() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open(blocks: 36)
        for blocks in [0, 36, 144] as [UInt64] {
            pair.stage.advance(burn: blocks)
            let before = try pair.stage.balance(pair.sender)
            let outcome = try pair.forceClose(channel, by: pair.sender)
            #expect(outcome == .ok(.bool(true)) || outcome == .err(7))
            #expect(try pair.settle(channel, by: pair.sender) == .err(6) || blocks > 0)
            if blocks == 0 {
                #expect(try pair.stage.balance(pair.sender) == before)
                #expect(try pair.close(channel, pair.paid(900, nonce: 1), by: pair.recipient) == .ok(.bool(true)))
            }
        }
        try pair.expect(sender: 999_100, recipient: 1_000_900, locked: 0)
    }

    @Test("6: What the recipient paid back it cannot take with an older state")
    func paymentsBackCount() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.close(channel, pair.paid(900, nonce: 1), by: pair.recipient) == .ok(.bool(true)))
        #expect(try pair.stage.balance(pair.recipient) == 1_000_000)
        #expect(try pair.close(channel, pair.paid(200, nonce: 2), by: pair.sender) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        _ = try pair.settle(channel, by: pair.sender)
        try pair.expect(sender: 999_800, recipient: 1_000_200, locked: 0)
    }

    @Test("6: What only the sender signed is nothing")
    func recipientMustSign() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(
            try pair.hand(
                "close-channel", channel, pair.paid(900, nonce: 1), by: pair.recipient,
                signers: (pair.sender, pair.sender)) == .err(5))
        #expect(
            try pair.hand(
                "close-channel", channel, pair.paid(900, nonce: 1), by: pair.recipient,
                signers: (pair.recipient, pair.recipient)) == .err(5))
    }

    @Test("7: A signature says nothing in another deployment, on another chain, or in another version")
    func noReplay() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        try pair.stage.deploy("payment-channel-copy", source: ContractSources.source("payment-channel"))
        let opened = try pair.stage.call(
            "payment-channel-copy", "open-channel", [pair.recipient.value, .uint(144), .uint(1000)], by: pair.sender)
        let copied = try #require(opened.ok?.hash)
        #expect(copied != channel, "also the names differ")

        let state = pair.paid(10, nonce: 1)
        let identifier = try pair.stage.identifier("payment-channel")
        let message = state.message("payment-channel-state", channel: copied)
        let digests = [
            SignedMessage.digest(of: message, for: identifier),
            SignedMessage.digest(of: message, for: try pair.stage.identifier("payment-channel-copy"), chain: 1),
            SignedMessage.digest(
                of: message, for: try pair.stage.identifier("payment-channel-copy"), version: "1.0.1"),
        ]
        for digest in digests {
            let signatures = (pair.sender.sign(digest), pair.recipient.sign(digest))
            #expect(
                try pair.hand(
                    "close-channel", copied, state, by: pair.sender, signatures: signatures,
                    contract: "payment-channel-copy") == .err(5))
        }
    }

    @Test("7: A state of one channel says nothing in another of the same two")
    func noReplayBetweenChannels() throws {
        let pair = try PaymentChannelStage()
        let (first, second) = (try pair.open(), try pair.open())
        let state = pair.paid(900, nonce: 5)
        let digest = SignedMessage.digest(
            of: state.message("payment-channel-state", channel: first),
            for: try pair.stage.identifier("payment-channel"))
        let signatures = (pair.sender.sign(digest), pair.recipient.sign(digest))
        #expect(
            try pair.hand("close-channel", second, state, by: pair.recipient, signatures: signatures) == .err(5))
    }

    @Test("8: Nobody opens a channel to itself, to a contract, to a multisig account, or to another network")
    func partners() throws {
        let pair = try PaymentChannelStage()
        let contract = try pair.stage.identifier("payment-channel")
        let multisig = try #require(StandardPrincipal(version: 21, hash: pair.recipient.standard.hash))
        let partners: [ClarityValue] = [
            pair.sender.value, .principal(contract), .principal(multisig), .principal(pair.recipient.onMainnet),
        ]
        for partner in partners {
            #expect(
                try pair.stage.call(
                    "payment-channel", "open-channel", [partner, .uint(144), .uint(10)], by: pair.sender) == .err(1))
        }
        #expect(try pair.stage.read("payment-channel", "get-user-nonce", [pair.sender.value]) == .uint(0))
    }

    @Test("8: A contract, which can sign nothing, opens no channel")
    func contractsAsSenders() throws {
        let pair = try PaymentChannelStage()
        try pair.stage.deploy(
            "opener",
            source: """
                (define-public (open (recipient principal))
                  (as-contract? ((with-stx u10))
                    (unwrap! (contract-call? .payment-channel open-channel recipient u144 u10) (err u99))))
                (define-public (code (recipient principal))
                  (as-contract? ((with-stx u10))
                    (unwrap-err! (contract-call? .payment-channel open-channel recipient u144 u10) (err u99))))
                """)
        try pair.stage.fund("opener", with: 10)
        #expect(try pair.stage.call("opener", "open", [pair.recipient.value], by: pair.sender) == .err(99))
        #expect(try pair.stage.call("opener", "code", [pair.recipient.value], by: pair.sender) == .ok(.uint(1)))
    }

    @Test("8: A window is neither so short that nobody can answer nor so long that it never ends")
    func windowsAreBounded() throws {
        let pair = try PaymentChannelStage()
        for blocks in [0, 35, 4321, UInt128.max] {
            #expect(
                try pair.stage.call(
                    "payment-channel", "open-channel", [pair.recipient.value, .uint(blocks), .uint(10)],
                    by: pair.sender) == .err(9))
        }
    }

    @Test("9: Nobody makes a signed state worthless by putting something in")
    func depositsDoNotSpoilStates() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.deposit(channel, 1, by: pair.sender) == .ok(.bool(true)))
        #expect(try pair.close(channel, pair.paid(1000, nonce: 1), by: pair.recipient) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        _ = try pair.settle(channel, by: pair.recipient)
        try pair.expect(sender: 999_000, recipient: 1_001_000, locked: 0)
    }

    @Test("9: What was taken out is not paid a second time at the end")
    func withdrawalsCountOnce() throws {
        let pair = try PaymentChannelStage()
        let (channel, other) = (try pair.open(), try pair.open())
        let state = PaymentState(
            senderAmount: 0, recipientAmount: 0, nonce: 1, senderDeposited: 1000, recipientWithdrawn: 1000)
        _ = try pair.hand("withdraw", channel, state, by: pair.recipient)
        for nonce in [1, 2] as [UInt128] {
            var again = state
            again.nonce = nonce
            _ = try pair.hand("withdraw", channel, again, by: pair.recipient)
            _ = try pair.close(channel, again, by: pair.recipient)
        }
        pair.stage.advance(burn: 144)
        _ = try pair.settle(channel, by: pair.recipient)
        try pair.expect(sender: 998_000, recipient: 1_001_000, locked: 1000)
        #expect(try pair.details(other)["sender-balance"] == .uint(1000))
    }

    @Test("A contract in between cannot end a channel in the name of whoever called it")
    func contractsInBetween() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        try pair.stage.deploy(
            "trap",
            source: """
                (define-public (take (channel-id (buff 32)))
                  (contract-call? .payment-channel force-close-channel channel-id))
                """)
        #expect(try pair.stage.call("trap", "take", [.hash(channel)], by: pair.sender) == .err(1))
        #expect(try pair.details(channel)["status"] == .uint(1))
    }
}
