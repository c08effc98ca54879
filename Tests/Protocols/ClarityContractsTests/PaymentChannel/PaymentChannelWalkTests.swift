// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("A random walk on payment channels on Stacks")
struct PaymentChannelWalkTests {
    @Test("It keeps all money, whatever is handed in, and every channel can be ended", arguments: [1, 2] as [UInt64])
    func walk(seed: UInt64) async throws {
        var walk = try ChannelWalk(seed: seed)
        try await walk.go(seed: seed)
        try walk.endAll()
        walk.log.expect(atLeast: 5)
    }

    private struct ChannelWalk: Walk {
        let pair: PaymentChannelStage
        var dice: Dice
        var log = WalkLog()
        var channels: [Hash32] = []
        /// What both have signed, of each channel; the newest last.
        var signed: [Hash32: [PaymentState]] = [:]
        var nonces: [Hash32: UInt128] = [:]
        var closed: [Hash32: ClarityValue] = [:]

        init(seed: UInt64) throws {
            pair = try PaymentChannelStage()
            dice = Dice(seed: seed)
            for _ in 0..<3 { try open() }
        }

        private mutating func open() throws {
            let deposit = dice.number(1...2000)
            let channel = try pair.open(deposit, blocks: dice.number(36...200))
            channels.append(channel)
            signed[channel] = []
        }

        mutating func step() throws -> String {
            let channel = try dice.pick(channels)
            let people = [pair.sender, pair.recipient, pair.stranger]
            let who = try dice.pick(people)
            let answer: Outcome
            let action: String
            switch dice.number(0...19) {
            case 0:
                action = "open"
                try open()
                answer = .ok(.bool(true))
            case 1...3:
                action = "deposit"
                answer = try pair.deposit(channel, dice.number(0...300), by: who)
            case 4...8:
                action = "sign"
                try sign(channel)
                answer = .ok(.bool(true))
            case 9...10:
                action = "close-channel"
                answer = try hand("close-channel", channel, by: who)
            case 11...14:
                action = "withdraw"
                answer = try hand("withdraw", channel, by: who)
            case 15:
                action = "close-together"
                answer = dice.oneIn(4) ? try hand("close-together", channel, by: who) : .ok(.bool(true))
            case 16:
                action = "force-close-channel"
                answer = try pair.forceClose(channel, by: who)
            case 17:
                action = "settle-disputed-channel"
                answer = try pair.settle(channel, by: who)
            default:
                action = "advance"
                pair.stage.advance(burn: UInt64(dice.number(0...80)), stacks: 5)
                answer = .ok(.bool(true))
            }
            log.add(action, answer)
            return "\(action): \(answer)"
        }

        /// Both sign a new state: something is paid, or let out.
        private mutating func sign(_ channel: Hash32) throws {
            let details = try pair.details(channel)
            let (senderIn, recipientIn) = (
                details["sender-deposited"]?.number ?? 0, details["recipient-deposited"]?.number ?? 0
            )
            var state =
                signed[channel]?.last
                ?? PaymentState(
                    senderAmount: 0, recipientAmount: 0, nonce: 0, senderDeposited: 0)
            state.senderAmount += senderIn - state.senderDeposited
            state.recipientAmount += recipientIn - state.recipientDeposited
            (state.senderDeposited, state.recipientDeposited) = (senderIn, recipientIn)
            let whole = state.senderAmount + state.recipientAmount
            state.recipientAmount = dice.number(0...whole)
            state.senderAmount = whole - state.recipientAmount
            if dice.oneIn(4) {
                let out = dice.number(0...state.senderAmount)
                (state.senderAmount, state.senderWithdrawn) = (state.senderAmount - out, state.senderWithdrawn + out)
            }
            if dice.oneIn(4) {
                let out = dice.number(0...state.recipientAmount)
                state.recipientAmount -= out
                state.recipientWithdrawn += out
            }
            state.nonce += dice.number(1...3)
            signed[channel]?.append(state)
        }

        /// Hands in one of the signed states, or one that nobody signed so.
        private mutating func hand(_ function: String, _ channel: Hash32, by who: Account) throws -> Outcome {
            guard let states = signed[channel], !states.isEmpty else { return .ok(.bool(true)) }
            var state = try dice.oneIn(2) ? #require(states.last) : dice.pick(states)
            guard dice.oneIn(6) else { return try pair.hand(function, channel, state, by: who) }
            switch dice.number(0...3) {
            case 0: state.senderAmount += 1
            case 1: state.senderDeposited += 1
            case 2: return try pair.hand(function, channel, state, by: who, signers: (who, who))
            default: return try pair.hand(function, channel, state, by: who, topic: "another-topic")
            }
            return try pair.hand(function, channel, state, by: who)
        }

        mutating func check(_ moment: String) throws {
            var locked: UInt128 = 0
            for channel in channels {
                let details = try pair.details(channel)
                func number(_ name: String) -> UInt128 { details[name]?.number ?? 0 }
                let inside = number("sender-balance") + number("recipient-balance")
                locked += inside
                let paidIn = number("sender-deposited") + number("recipient-deposited")
                let paidOut = number("sender-withdrawn") + number("recipient-withdrawn")
                #expect(paidIn == paidOut + inside, "\(moment)")
                #expect(number("nonce") >= nonces[channel, default: 0], "\(moment)")
                nonces[channel] = number("nonce")
                if let end = closed[channel] { #expect(end == details, "\(moment)") }
                if number("status") == 3 { closed[channel] = details }
            }
            #expect(try pair.total() == locked, "\(moment)")
            #expect(try pair.stage.balance(of: "payment-channel") == locked, "\(moment)")
            let people = try [pair.sender, pair.recipient, pair.stranger].map { try pair.stage.balance($0) }
            #expect(people.reduce(locked, +) == 3 * PaymentChannelStage.riches, "\(moment)")
        }

        /// Whoever is left alone with a channel gets out of it in one window.
        mutating func endAll() throws {
            for channel in channels {
                _ = try pair.forceClose(channel, by: dice.oneIn(2) ? pair.sender : pair.recipient)
            }
            pair.stage.advance(burn: 200)
            for channel in channels where closed[channel] == nil {
                #expect(try pair.settle(channel, by: pair.stranger) == .ok(.bool(true)))
            }
            #expect(try pair.total() == 0)
            #expect(try pair.stage.balance(of: "payment-channel") == 0)
        }
    }
}
