// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("A payment channel on Stacks")
struct PaymentChannelTests {
    @Test("Both end it together, at once")
    func closeTogether() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        try pair.expect(sender: 999_000, recipient: 1_000_000, locked: 1000)
        #expect(
            try pair.hand("close-together", channel, pair.paid(300, nonce: 7), by: pair.stranger) == .ok(.bool(true)))
        try pair.expect(sender: 999_700, recipient: 1_000_300, locked: 0)
        let details = try pair.details(channel)
        #expect(details["status"] == .uint(3))
        #expect(details["nonce"] == .uint(7))
        #expect(details["recipient-withdrawn"] == .uint(300))
    }

    @Test("The recipient ends it with a state that both signed, after a window")
    func unilateral() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.close(channel, pair.paid(300, nonce: 2), by: pair.recipient) == .ok(.bool(true)))
        let details = try pair.details(channel)
        #expect(details["status"] == .uint(2))
        #expect(details["timeout-block"]?.number == pair.stage.burnHeight + 144)
        try pair.expect(sender: 999_000, recipient: 1_000_000, locked: 1000)
        pair.stage.advance(burn: 143)
        #expect(try pair.settle(channel, by: pair.stranger) == .err(6))
        pair.stage.advance(burn: 1)
        #expect(try pair.settle(channel, by: pair.stranger) == .ok(.bool(true)))
        try pair.expect(sender: 999_700, recipient: 1_000_300, locked: 0)
    }

    @Test("A sender whose partner never answered has all of it back after a window")
    func forceClose() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open(blocks: 36)
        #expect(try pair.forceClose(channel, by: pair.sender) == .ok(.bool(true)))
        pair.stage.advance(burn: 36)
        #expect(try pair.settle(channel, by: pair.sender) == .ok(.bool(true)))
        try pair.expect(sender: 1_000_000, recipient: 1_000_000, locked: 0)
    }

    @Test("What somebody puts in later is theirs, whatever was signed before")
    func depositAfterState() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.deposit(channel, 500, by: pair.recipient) == .ok(.bool(true)))
        #expect(try pair.deposit(channel, 50, by: pair.sender) == .ok(.bool(true)))
        let before = try pair.details(channel)
        #expect(before["sender-balance"] == .uint(1050))
        #expect(before["recipient-balance"] == .uint(500))
        // Signed when nothing but the first deposit was there.
        #expect(try pair.close(channel, pair.paid(300, nonce: 1), by: pair.recipient) == .ok(.bool(true)))
        let details = try pair.details(channel)
        #expect(details["sender-balance"] == .uint(750))
        #expect(details["recipient-balance"] == .uint(800))
        pair.stage.advance(burn: 144)
        #expect(try pair.settle(channel, by: pair.stranger) == .ok(.bool(true)))
        try pair.expect(sender: 999_700, recipient: 1_000_300, locked: 0)
    }

    @Test("The recipient's own deposit can be paid with")
    func bothDirections() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.deposit(channel, 500, by: pair.recipient) == .ok(.bool(true)))
        let state = PaymentState(
            senderAmount: 1400, recipientAmount: 100, nonce: 5, senderDeposited: 1000, recipientDeposited: 500)
        #expect(try pair.hand("close-together", channel, state, by: pair.sender) == .ok(.bool(true)))
        try pair.expect(sender: 1_000_400, recipient: 999_600, locked: 0)
    }

    @Test("Both take something out, and the channel goes on")
    func withdraw() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        let state = PaymentState(
            senderAmount: 400, recipientAmount: 250, nonce: 3, senderDeposited: 1000, senderWithdrawn: 100,
            recipientWithdrawn: 250)
        #expect(try pair.hand("withdraw", channel, state, by: pair.stranger) == .ok(.bool(true)))
        try pair.expect(sender: 999_100, recipient: 1_000_250, locked: 650)
        #expect(try pair.hand("withdraw", channel, state, by: pair.stranger) == .err(7))
        // A newer state that lets the recipient take out more, taken or not, counts by the sums.
        let newer = PaymentState(
            senderAmount: 350, recipientAmount: 250, nonce: 4, senderDeposited: 1000, senderWithdrawn: 100,
            recipientWithdrawn: 300)
        #expect(try pair.close(channel, newer, by: pair.sender) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        #expect(try pair.settle(channel, by: pair.stranger) == .ok(.bool(true)))
        try pair.expect(sender: 999_450, recipient: 1_000_550, locked: 0)
        let details = try pair.details(channel)
        #expect(details["sender-withdrawn"] == .uint(450), "all that it ever got")
        #expect(details["recipient-withdrawn"] == .uint(550))
    }

    @Test("A second withdrawal pays what it lets out beyond the first")
    func withdrawTwice() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        var state = PaymentState(
            senderAmount: 500, recipientAmount: 250, nonce: 1, senderDeposited: 1000, senderWithdrawn: 100,
            recipientWithdrawn: 150)
        #expect(try pair.hand("withdraw", channel, state, by: pair.sender) == .ok(.bool(true)))
        state.nonce = 2
        (state.senderAmount, state.senderWithdrawn) = (470, 130)
        (state.recipientAmount, state.recipientWithdrawn) = (200, 200)
        #expect(try pair.hand("withdraw", channel, state, by: pair.sender) == .ok(.bool(true)))
        try pair.expect(sender: 999_130, recipient: 1_000_200, locked: 670)
        let details = try pair.details(channel)
        #expect(details["sender-balance"] == .uint(470))
        #expect(details["recipient-balance"] == .uint(200))
    }

    @Test("A state that was signed before something was taken out cannot be used behind it", arguments: [false, true])
    func olderWithdrawal(bySender: Bool) throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        let state = PaymentState(
            senderAmount: 400, recipientAmount: 300, nonce: 3, senderDeposited: 1000,
            senderWithdrawn: bySender ? 300 : 0, recipientWithdrawn: bySender ? 0 : 300)
        #expect(try pair.hand("withdraw", channel, state, by: pair.sender) == .ok(.bool(true)))
        let later = pair.paid(600, nonce: 4)
        for function in ["close-channel", "withdraw", "close-together"] {
            #expect(try pair.hand(function, channel, later, by: pair.recipient) == .err(7))
        }
        try pair.expect(
            sender: bySender ? 999_300 : 999_000, recipient: bySender ? 1_000_000 : 1_000_300, locked: 700)
    }

    @Test("All can be taken out, by either, and the channel stays open", arguments: [false, true])
    func withdrawAll(bySender: Bool) throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        let state = PaymentState(
            senderAmount: 0, recipientAmount: 0, nonce: 1, senderDeposited: 1000,
            senderWithdrawn: bySender ? 1000 : 0, recipientWithdrawn: bySender ? 0 : 1000)
        #expect(try pair.hand("withdraw", channel, state, by: pair.sender) == .ok(.bool(true)))
        try pair.expect(sender: bySender ? 1_000_000 : 999_000, recipient: bySender ? 1_000_000 : 1_001_000, locked: 0)
        #expect(try pair.deposit(channel, 5, by: pair.recipient) == .ok(.bool(true)))
        #expect(try pair.forceClose(channel, by: pair.sender) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        #expect(try pair.settle(channel, by: pair.sender) == .ok(.bool(true)))
        try pair.expect(sender: bySender ? 1_000_000 : 999_000, recipient: bySender ? 1_000_000 : 1_001_000, locked: 0)
    }

    @Test("Shares of zero are no obstacle")
    func zeroShares() throws {
        for amount in [0, 1000] as [UInt128] {
            let pair = try PaymentChannelStage()
            let channel = try pair.open()
            #expect(
                try pair.hand("close-together", channel, pair.paid(amount, nonce: 1), by: pair.sender)
                    == .ok(.bool(true)))
            try pair.expect(sender: 1_000_000 - amount, recipient: 1_000_000 + amount, locked: 0)
        }
    }

    @Test("Two channels of one pair have two names, and each its own money")
    func twoChannels() throws {
        let pair = try PaymentChannelStage()
        let (first, second) = (try pair.open(), try pair.open(400))
        #expect(first != second)
        #expect(try pair.stage.read("payment-channel", "get-user-nonce", [pair.sender.value]) == .uint(2))
        #expect(try pair.forceClose(first, by: pair.sender) == .ok(.bool(true)))
        pair.stage.advance(burn: 144)
        #expect(try pair.settle(first, by: pair.sender) == .ok(.bool(true)))
        try pair.expect(sender: 999_600, recipient: 1_000_000, locked: 400)
    }

    @Test("The digests are those that SIP-018 gives, and the name of a channel is one")
    func digests() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        let contract = try pair.stage.identifier("payment-channel")
        let name = ClarityValue.fields([
            "topic": .text("payment-channel"), "sender": pair.sender.value, "recipient": pair.recipient.value,
            "user-nonce": .uint(0),
        ])
        #expect(channel == SignedMessage.digest(of: name, for: contract))
        let state = pair.paid(1, nonce: 2)
        for (function, topic) in [
            ("get-state-digest", "payment-channel-state"), ("get-close-digest", "payment-channel-close"),
        ] {
            let answer = try pair.stage.read(
                "payment-channel", function,
                [.hash(channel), .uint(999), .uint(1), .uint(2), state.totals])
            #expect(answer.hash == SignedMessage.digest(of: state.message(topic, channel: channel), for: contract))
        }
    }

    @Test("Each event has all of the channel as it is then")
    func events() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        func expectEvent(_ name: String, at location: SourceLocation = #_sourceLocation) throws {
            let event = try #require(pair.stage.printed.first, sourceLocation: location)
            #expect(pair.stage.printed.count == 1, sourceLocation: location)
            #expect(event["event"] == .text(name), sourceLocation: location)
            #expect(event["channel-id"] == .hash(channel), sourceLocation: location)
            #expect(event["channel"].map { .some($0) } == (try pair.details(channel)), sourceLocation: location)
        }
        try expectEvent("channel-opened")
        _ = try pair.deposit(channel, 10, by: pair.sender)
        try expectEvent("channel-deposited")
        var state = PaymentState(
            senderAmount: 900, recipientAmount: 100, nonce: 1, senderDeposited: 1010, senderWithdrawn: 10)
        _ = try pair.hand("withdraw", channel, state, by: pair.sender)
        try expectEvent("channel-withdrawn")
        state.nonce = 2
        _ = try pair.close(channel, state, by: pair.sender)
        try expectEvent("channel-disputed")
        pair.stage.advance(burn: 144)
        _ = try pair.settle(channel, by: pair.stranger)
        try expectEvent("channel-closed")
    }
}
