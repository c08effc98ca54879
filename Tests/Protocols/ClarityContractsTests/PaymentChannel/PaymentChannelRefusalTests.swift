// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("A payment channel on Stacks refuses")
struct PaymentChannelRefusalTests {
    @Test("u1: what only a party may do")
    func unauthorized() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.deposit(channel, 1, by: pair.stranger) == .err(1))
        #expect(try pair.forceClose(channel, by: pair.stranger) == .err(1))
        #expect(try pair.close(channel, pair.paid(1, nonce: 1), by: pair.stranger) == .err(1))
        try pair.expect(sender: 999_000, recipient: 1_000_000, locked: 1000)
    }

    @Test("u3: a channel that nobody opened")
    func unknown() throws {
        let pair = try PaymentChannelStage()
        let nobody = Hash32.zero
        #expect(try pair.deposit(nobody, 1, by: pair.sender) == .err(3))
        #expect(try pair.forceClose(nobody, by: pair.sender) == .err(3))
        #expect(try pair.settle(nobody, by: pair.sender) == .err(3))
        for function in ["close-channel", "withdraw", "close-together"] {
            #expect(try pair.hand(function, nobody, pair.paid(1, nonce: 1), by: pair.sender) == .err(3))
        }
        #expect(try pair.details(nobody) == .none)
    }

    @Test("u4: anything for a channel that has ended")
    func closed() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        _ = try pair.hand("close-together", channel, pair.paid(1, nonce: 1), by: pair.sender)
        for function in ["close-channel", "withdraw", "close-together"] {
            #expect(try pair.hand(function, channel, pair.paid(9, nonce: 9), by: pair.sender) == .err(4))
        }
        #expect(try pair.deposit(channel, 1, by: pair.sender) == .err(4))
        #expect(try pair.forceClose(channel, by: pair.sender) == .err(7))
        #expect(try pair.settle(channel, by: pair.sender) == .err(7))
        try pair.expect(sender: 999_999, recipient: 1_000_001, locked: 0)
    }

    @Test("u5: what one of the two did not sign")
    func signatures() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        let state = pair.paid(10, nonce: 1)
        let digest = SignedMessage.digest(
            of: state.message("payment-channel-state", channel: channel),
            for: try pair.stage.identifier("payment-channel"))
        let (good, other) = ((pair.sender.sign(digest), pair.recipient.sign(digest)), pair.stranger.sign(digest))
        let flipped = good.0.dropLast() + [good.0[64] ^ 1]
        let bad: [([UInt8], [UInt8])] = [
            (other, good.1), (good.0, other), (good.1, good.0), ([], good.1), (good.0, []),
            (Array(good.0.dropLast()), good.1), (Array(flipped), good.1),
            (good.0, Array(good.1.dropLast()) + [good.1[64] + 27]),
            (Array(repeating: 0, count: 65), good.1), (good.0, Array(repeating: 0xff, count: 65)),
            (pair.sender.signMirrored(digest), good.1), (good.0, pair.recipient.signMirrored(digest)),
        ]
        for signatures in bad {
            #expect(
                try pair.hand("close-channel", channel, state, by: pair.sender, signatures: signatures) == .err(5))
        }
        #expect(try pair.hand("close-channel", channel, state, by: pair.sender, signatures: good) == .ok(.bool(true)))
    }

    @Test("u5: a state where a close is meant, and a close where a state is")
    func topics() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        let state = pair.paid(10, nonce: 1)
        #expect(
            try pair.hand("close-together", channel, state, by: pair.sender, topic: "payment-channel-state") == .err(5))
        #expect(
            try pair.hand("close-channel", channel, state, by: pair.sender, topic: "payment-channel-close") == .err(5))
        #expect(try pair.hand("withdraw", channel, state, by: pair.sender, topic: "payment-channel-close") == .err(5))
    }

    @Test("u7: a state that is not newer, and an answer when the window is over")
    func stale() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.close(channel, pair.paid(10, nonce: 0), by: pair.sender) == .err(7))
        #expect(try pair.settle(channel, by: pair.sender) == .err(7))
        #expect(try pair.close(channel, pair.paid(10, nonce: 4), by: pair.sender) == .ok(.bool(true)))
        #expect(try pair.close(channel, pair.paid(20, nonce: 4), by: pair.recipient) == .err(7))
        #expect(try pair.close(channel, pair.paid(20, nonce: 3), by: pair.recipient) == .err(7))
        #expect(try pair.forceClose(channel, by: pair.sender) == .err(7))
        #expect(try pair.deposit(channel, 1, by: pair.sender) == .err(7))
        var state = pair.paid(20, nonce: 5)
        (state.senderAmount, state.senderWithdrawn) = (970, 10)
        #expect(try pair.hand("withdraw", channel, state, by: pair.sender) == .err(7))
        pair.stage.advance(burn: 144)
        #expect(try pair.close(channel, pair.paid(20, nonce: 5), by: pair.recipient) == .err(7))
        #expect(
            try pair.hand("close-together", channel, pair.paid(20, nonce: 5), by: pair.recipient) == .ok(.bool(true)))
    }

    @Test("u8: more than an account holds, and states that count money that is not here")
    func insufficient() throws {
        let pair = try PaymentChannelStage()
        let channel = try pair.open()
        #expect(try pair.deposit(channel, 999_001, by: pair.sender) == .err(8))
        let open = [pair.recipient.value, ClarityValue.uint(144), .uint(999_001)]
        #expect(try pair.stage.call("payment-channel", "open-channel", open, by: pair.sender) == .err(8))
        var state = pair.paid(10, nonce: 1, of: 1001)
        #expect(try pair.close(channel, state, by: pair.sender) == .err(8))
        state = PaymentState(
            senderAmount: 1000, recipientAmount: 5, nonce: 1, senderDeposited: 1000, recipientDeposited: 5)
        #expect(try pair.close(channel, state, by: pair.sender) == .err(8))
        try pair.expect(sender: 999_000, recipient: 1_000_000, locked: 1000)
    }

    @Test("u9: nothing, windows out of range, and sums that do not add up")
    func amounts() throws {
        let pair = try PaymentChannelStage()
        func open(_ blocks: UInt128, _ amount: UInt128) throws -> Outcome {
            try pair.stage.call(
                "payment-channel", "open-channel", [pair.recipient.value, .uint(blocks), .uint(amount)],
                by: pair.sender)
        }
        #expect(try open(144, 0) == .err(9))
        for blocks in [0, 1, 35, 4321, .max] as [UInt128] { #expect(try open(blocks, 10) == .err(9)) }
        #expect(try open(4320, 10).ok != nil)

        let channel = try pair.open()
        #expect(try pair.deposit(channel, 0, by: pair.sender) == .err(9))
        let sums: [(UInt128, UInt128, UInt128, UInt128)] = [
            (999, 0, 0, 0), (1000, 1, 0, 0), (1001, 0, 0, 0), (.max, 1001, 0, 0), (0, .max, 0, 0), (500, 499, 0, 2),
            (1000, 0, .max, 0), (1000, 0, 0, .max),
        ]
        for (sender, recipient, senderOut, recipientOut) in sums {
            let state = PaymentState(
                senderAmount: sender, recipientAmount: recipient, nonce: 1, senderDeposited: 1000,
                senderWithdrawn: senderOut, recipientWithdrawn: recipientOut)
            for function in ["close-channel", "withdraw", "close-together"] {
                #expect(try pair.hand(function, channel, state, by: pair.sender) == .err(9))
            }
        }
        #expect(try pair.hand("withdraw", channel, pair.paid(10, nonce: 1), by: pair.sender) == .err(9))
        try pair.expect(sender: 998_990, recipient: 1_000_000, locked: 1010)
    }
}
