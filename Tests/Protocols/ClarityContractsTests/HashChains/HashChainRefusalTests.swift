// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Hash chains on Stacks refuse")
struct HashChainRefusalTests {
    @Test("u301 to u305: terms on which nobody should open a channel")
    func terms() throws {
        let pair = try HashChainStage()
        func refusal(_ change: (inout ClarityChainTerms) -> Void) throws -> Outcome {
            try pair.fund(try pair.terms(steps: 20, change))
        }
        #expect(try refusal { $0.stepCount = 0 } == .err(301))
        #expect(try refusal { $0.stepCount = 65_536 } == .err(301))
        #expect(try refusal { $0.stepCount = .max } == .err(301))
        #expect(try refusal { $0.stepAmount = 0 } == .err(302))
        #expect(try refusal { $0.stepAmount = .max } == .err(303))
        #expect(try refusal { $0.stepAmount = .max / 20 + 1 } == .err(303))
        #expect(try refusal { $0.stepAmount = .max / 20 } == .err(322), "this fits, but nobody has it")
        #expect(try refusal { $0.receiver = $0.payer } == .err(304))
        let contract = ClarityValue.principal(try pair.stage.identifier("hash-chains"))
        #expect(try refusal { $0.receiver = contract } == .err(305))
        #expect(try refusal { $0.receiver = .principal(pair.receiver.onMainnet) } == .err(305))
        #expect(try refusal { $0.payer = contract } == .err(305))
    }

    @Test("u306 to u309: deposits a second time, by others, of another amount, for another time")
    func deposits() throws {
        let pair = try HashChainStage()
        let terms = try pair.terms()
        #expect(try pair.fund(terms, by: pair.stranger) == .err(307))
        #expect(try pair.fund(terms, 99) == .err(308))
        #expect(try pair.fund(terms, 101) == .err(308))
        let now = UInt128(Stage.noon)
        for expiry in [0, now, now + 899, now + 31_622_401, .max] {
            #expect(try pair.fund(try pair.terms { $0.expiry = expiry }) == .err(309))
        }
        for expiry in [now + 900, now + 31_622_400] {
            #expect(try pair.fund(try pair.terms { $0.expiry = expiry }).ok != nil)
        }
        #expect(try pair.fund(terms).ok != nil)
        #expect(try pair.fund(terms) == .err(306))
        _ = try pair.close(0, terms)
        #expect(try pair.fund(terms) == .err(306), "also when it is closed")
    }

    @Test("u310 to u312: closed channels, steps beyond the end, and values that are no steps")
    func steps() throws {
        let pair = try HashChainStage()
        let terms = try pair.terms()
        _ = try pair.fund(terms)
        #expect(try pair.redeem(21, terms) == .err(311))
        #expect(try pair.redeem(.max, terms) == .err(311))
        #expect(try pair.redeem(5, terms, step: .zero) == .err(312))
        #expect(try pair.redeem(5, terms, step: try pair.step(4, terms)) == .err(312))
        #expect(try pair.redeem(5, terms, step: try pair.step(6, terms)) == .err(312))
        let other = try pair.terms { $0.receiver = pair.stranger.value }
        #expect(try pair.redeem(5, terms, step: try pair.step(5, other)) == .err(312), "a step of another channel")
        #expect(try pair.close(5, terms, step: .zero) == .err(312))
        _ = try pair.close(5, terms)
        #expect(try pair.redeem(6, terms) == .err(310))
        #expect(try pair.close(6, terms) == .err(310))
        #expect(try pair.close(6, terms, signedBy: pair.payer) == .err(310))
        try pair.expect(payer: 999_975, receiver: 1_000_025, held: 0)
    }

    @Test("u313, u314: a close that is not signed, or is signed for less than was paid")
    func closes() throws {
        let pair = try HashChainStage()
        let terms = try pair.terms()
        _ = try pair.fund(terms)
        _ = try pair.redeem(6, terms)
        #expect(try pair.close(5, terms) == .err(314))
        for signer in [pair.payer, pair.receiver, pair.stranger] {
            #expect(try pair.close(7, terms, signedBy: signer) == .err(313))
        }
        let channel = try pair.channel(terms)
        let digest = try pair.closeDigest(channel, 7)
        for signature in [pair.authorizer.signMirrored(digest), pair.authorizer.sign(.zero), []] {
            #expect(
                try pair.call(
                    "close",
                    [
                        .hash(channel), .uint(7), .hash(try pair.step(7, terms)), .some(.buffer(signature)), .none,
                    ], by: pair.stranger) == .err(313))
        }
        let message = ClarityValue.fields([
            "topic": .text("hash-chain-close"), "channel-id": .hash(channel), "index": .uint(7),
        ])
        let foreign = [
            SignedMessage.digest(of: message, for: try pair.stage.identifier("voucher-channels")),
            SignedMessage.digest(of: message, for: try pair.stage.identifier("hash-chains"), chain: 1),
        ]
        for digest in foreign {
            #expect(
                try pair.call(
                    "close",
                    [
                        .hash(channel), .uint(7), .hash(try pair.step(7, terms)),
                        .some(.buffer(pair.authorizer.sign(digest))), .none,
                    ], by: pair.stranger) == .err(313))
        }
    }

    @Test("u316, u320, u322: another token, a channel that is none, an account with too little")
    func others() throws {
        let pair = try HashChainStage()
        let terms = try pair.terms()
        let token = try pair.stage.identifier("test-token")
        #expect(try pair.redeem(1, terms) == .err(320))
        #expect(try pair.close(1, terms) == .err(320))
        #expect(try pair.reclaim(terms) == .err(320))
        #expect(try pair.fund(terms, token: .some(token)) == .err(316))
        #expect(try pair.fund(try pair.terms { $0.stepAmount = 50_001 }) == .err(322))
        _ = try pair.fund(terms)
        #expect(try pair.redeem(1, terms, token: .some(token)) == .err(316))
        #expect(try pair.close(1, terms, token: .some(token)) == .err(316))
        pair.stage.advance(seconds: 5000)
        #expect(try pair.reclaim(terms, token: .some(token)) == .err(316))
        #expect(try pair.reclaim(terms) == .ok(100))
    }

    @Test("u317, u318: tokens that move something else, or less")
    func oddDeposits() throws {
        let tokens =
            [
                (OddTokens.wrapper, 317), (OddTokens.withFee, 318), (OddTokens.lying, 318),
            ] as [(String, UInt128)]
        for (source, code) in tokens {
            let pair = try HashChainStage(inTokens: true)
            try pair.stage.deploy("odd", source: source)
            _ = try pair.stage.call("odd", "mint", [.uint(1000), pair.payer.value], by: pair.stranger)
            let odd = try pair.stage.identifier("odd")
            #expect(try pair.fund(try pair.terms { $0.token = odd }) == .err(code))
        }
    }

    @Test("A token that does not pay one of the two does not keep the other from its money", arguments: [false, true])
    func barredParties(stops: Bool) throws {
        for barsReceiver in [false, true] {
            let pair = try HashChainStage(inTokens: true)
            try pair.stage.deploy("odd", source: stops ? OddTokens.stopping : OddTokens.refusing)
            _ = try pair.stage.call("odd", "mint", [.uint(1000), pair.payer.value], by: pair.stranger)
            let odd = try pair.stage.identifier("odd")
            let terms = try pair.terms { $0.token = odd }
            #expect(try pair.fund(terms).ok != nil)
            let barred = barsReceiver ? pair.receiver : pair.payer
            _ = try pair.stage.call("odd", "arm", [.hash(.zero), barred.value], by: pair.stranger)
            let refused = try pair.close(8, terms)
            #expect(refused == .err(319) || (stops && refused.isAborted))
            if barsReceiver {
                pair.stage.advance(seconds: 5000)
                #expect(try pair.reclaim(terms) == .ok(100))
            } else {
                #expect(try pair.redeem(8, terms) == .ok(40))
            }
        }
    }

    @Test("u319: a token takes nothing else out of the contract when it pays")
    func thieves() throws {
        for source in [OddTokens.thief, OddTokens.tokenThief, OddTokens.greedy] {
            let pair = try HashChainStage(inTokens: true)
            try pair.stage.deploy("odd", source: source)
            _ = try pair.stage.call("odd", "mint", [.uint(1000), pair.payer.value], by: pair.stranger)
            let odd = try pair.stage.identifier("odd")
            let terms = try pair.terms { $0.token = odd }
            #expect(try pair.fund(terms).ok != nil)
            #expect(try pair.fund(try pair.terms()).ok != nil)
            #expect(try pair.fund(try pair.terms { $0.token = nil }).ok != nil)
            #expect(try pair.fund(try pair.terms { ($0.token, $0.salt) = (odd, HashChainStage.secret) }).ok != nil)
            _ = try pair.stage.call("odd", "arm", [.hash(.zero), pair.stranger.value], by: pair.stranger)
            #expect(try pair.redeem(8, terms) == .err(319))
            #expect(try pair.close(8, terms) == .err(319))
            pair.stage.advance(seconds: 5000)
            #expect(try pair.reclaim(terms) == .err(319))
            #expect(try pair.held() == 100)
            #expect(try pair.stage.balance(of: "hash-chains") == 100)
            #expect(try pair.held(token: .some(odd)) == 200)
        }
    }
}
