// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("A random walk on MicroSTX channels")
struct MicroSTXWalkTests {
    @Test("It keeps all money, whatever is handed in, and every channel can be ended", arguments: [3, 4] as [UInt64])
    func walk(seed: UInt64) async throws {
        var walk = ChannelWalk(pair: try MicroSTXStage(), dice: Dice(seed: seed))
        try await walk.go(seed: seed)
        try walk.endAll()
        walk.log.expect(atLeast: 5)
    }

    private struct ChannelWalk: Walk {
        let pair: MicroSTXStage
        var dice: Dice
        var log = WalkLog()
        var channels: [UInt128] = []
        var signed: [UInt128: [MicroSTXState]] = [:]
        var closed: [UInt128: ClarityValue] = [:]

        mutating func step() throws -> String {
            let kind = dice.number(0...19)
            let who = try dice.pick([pair.a, pair.b, pair.stranger])
            guard let channel = channels.randomElement(using: &dice.source), kind > 2 else {
                let opened = try pair.tryOpen(dice.number(0...3_000_000), dice.number(0...3_000_000))
                if let channel = opened.ok?.number {
                    channels.append(channel)
                    signed[channel] = []
                }
                log.add("open-channel", opened)
                return "open-channel: \(opened)"
            }
            let (action, answer) = try act(kind, channel, by: who)
            log.add(action, answer)
            return "\(action) of \(channel): \(answer)"
        }

        private mutating func act(
            _ kind: UInt128, _ channel: UInt128, by who: Account
        ) throws -> (String, Outcome) {
            let details = try pair.details(channel)
            switch kind {
            case 3...4:
                let promised = details["promised-b"]?.number ?? 0
                return ("fund-channel", try pair.fund(channel, dice.oneIn(4) ? promised + 1 : promised, by: who))
            case 5...8:
                let total = details["total-amount"]?.number ?? 0
                let share = dice.number(0...total)
                let last = signed[channel]?.last?.nonce ?? 0
                signed[channel]?.append(
                    MicroSTXState(balanceA: total - share, balanceB: share, nonce: last + dice.number(1...3)))
                return ("sign", .ok(.bool(true)))
            case 9...10: return ("update-channel", try hand("update-channel", channel, by: who))
            case 11...13: return ("initiate-dispute", try hand("initiate-dispute", channel, by: who))
            case 14 where dice.oneIn(3): return ("close-channel", try hand("close-channel", channel, by: who))
            case 15: return ("initiate-dispute", try pair.disputeRecorded(channel, by: who))
            case 16: return ("resolve-dispute", try pair.resolve(channel, by: who))
            case 17: return ("emergency-close", try pair.emergency(channel, by: who))
            default:
                pair.stage.advance(burn: UInt64(dice.number(0...60)), stacks: 500)
                return ("advance", .ok(.bool(true)))
            }
        }

        /// Hands in one of the signed states, or one that nobody signed so.
        private mutating func hand(_ function: String, _ channel: UInt128, by who: Account) throws -> Outcome {
            guard let states = signed[channel], !states.isEmpty else { return .ok(.bool(true)) }
            var state = try dice.oneIn(2) ? #require(states.last) : dice.pick(states)
            var signers = (pair.a, pair.b)
            if dice.oneIn(8) { signers = (who, who) }
            if dice.oneIn(8) { state.balanceB += 1 }
            if function == "update-channel" { return try pair.update(channel, state, by: who, signers: signers) }
            return try pair.hand(function, channel, state, by: who, signers: signers)
        }

        mutating func check(_ moment: String) throws {
            var locked: UInt128 = 0
            var open: [ClarityValue: UInt128] = [:]
            for channel in channels {
                let details = try pair.details(channel)
                func number(_ name: String) -> UInt128 { details[name]?.number ?? 0 }
                #expect(number("balance-a") + number("balance-b") == number("total-amount"), "\(moment)")
                if let end = closed[channel] { #expect(end == details, "\(moment)") }
                guard number("state") != 3 else {
                    closed[channel] = details
                    continue
                }
                locked += number("total-amount")
                open[pair.a.value, default: 0] += 1
                if details["joined-b"] == .bool(true) { open[pair.b.value, default: 0] += 1 }
            }
            #expect(try pair.locked() == locked, "\(moment)")
            #expect(try pair.stage.balance(of: "microstx") == locked, "\(moment)")
            for account in [pair.a, pair.b] {
                #expect(try pair.count(of: account) == open[account.value, default: 0], "\(moment)")
            }
            let held = try pair.people.map { try pair.stage.balance($0) }
            #expect(held.reduce(locked, +) == 4 * MicroSTXStage.riches, "\(moment)")
        }

        mutating func endAll() throws {
            for channel in channels { _ = try pair.disputeRecorded(channel, by: dice.oneIn(2) ? pair.a : pair.b) }
            pair.stage.advance(burn: 144)
            for channel in channels where closed[channel] == nil {
                #expect(try pair.resolve(channel, by: pair.stranger) == .ok(.bool(true)))
            }
            #expect(try pair.locked() == 0)
            #expect(try pair.stage.balance(of: "microstx") == 0)
        }
    }
}
