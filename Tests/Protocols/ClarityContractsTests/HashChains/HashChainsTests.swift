// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Hash chains on Stacks")
struct HashChainsTests {
    @Test("Steps are paid, and a close gives the rest back", arguments: [false, true])
    func happyRoad(inTokens: Bool) throws {
        let pair = try HashChainStage(inTokens: inTokens)
        let terms = try pair.terms()
        #expect(try pair.fund(terms) == .ok(.hash(try pair.channel(terms))))
        try pair.expect(payer: 999_900, receiver: 1_000_000, held: 100)
        #expect(try pair.redeem(7, terms) == .ok(35))
        #expect(try pair.redeem(7, terms) == .ok(0))
        #expect(try pair.redeem(3, terms, step: .zero) == .ok(0), "what was paid is no fault")
        #expect(try pair.details(terms)["redeemed-index"] == .uint(7))
        #expect(try pair.details(terms)["redeemed-step"] == .hash(try pair.step(7, terms)))
        #expect(try pair.close(10, terms) == HashChainStage.closed(earned: 15, rest: 50))
        #expect(try pair.close(10, terms) == HashChainStage.closed(earned: 0, rest: 0))
        #expect(try pair.redeem(10, terms) == .ok(0))
        #expect(try pair.reclaim(terms) == .ok(0))
        try pair.expect(payer: 999_950, receiver: 1_000_050, held: 0)
    }

    @Test("The payer has the rest when the channel has expired")
    func reclaim() throws {
        let pair = try HashChainStage()
        let terms = try pair.terms()
        _ = try pair.fund(terms)
        _ = try pair.redeem(4, terms)
        pair.stage.advance(seconds: 4999)
        #expect(try pair.reclaim(terms) == .err(315))
        pair.stage.advance(seconds: 1)
        #expect(try pair.redeem(5, terms) == .ok(5), "steps are paid until the payer has reclaimed")
        #expect(try pair.reclaim(terms) == .ok(75))
        #expect(try pair.reclaim(terms) == .ok(0))
        #expect(try pair.redeem(6, terms) == .err(310))
        try pair.expect(payer: 999_975, receiver: 1_000_025, held: 0)
    }

    @Test("All steps leave nothing to give back, and no step nothing to pay")
    func extremes() throws {
        let pair = try HashChainStage()
        let terms = try pair.terms()
        _ = try pair.fund(terms)
        #expect(try pair.close(20, terms) == HashChainStage.closed(earned: 100, rest: 0))
        let other = try pair.terms { $0.salt = Keccak256.hash(utf8: "another") }
        _ = try pair.fund(other)
        #expect(try pair.close(0, other) == HashChainStage.closed(earned: 0, rest: 100))
        let third = try pair.terms { $0.salt = Keccak256.hash(utf8: "a third") }
        _ = try pair.fund(third)
        #expect(try pair.redeem(20, third) == .ok(100))
        pair.stage.advance(seconds: 5000)
        #expect(try pair.reclaim(third) == .ok(0))
        try pair.expect(payer: 999_800, receiver: 1_000_200, held: 0)
    }

    @Test("A chain that is far ahead is redeemed in parts, 1,024 steps a call")
    func parts() throws {
        let pair = try HashChainStage()
        let terms = try pair.terms(steps: 3000) { $0.stepAmount = 1 }
        _ = try pair.fund(terms)
        #expect(try pair.redeem(3000, terms) == .err(321))
        #expect(try pair.redeem(1025, terms) == .err(321))
        #expect(try pair.redeem(1024, terms) == .ok(1024))
        #expect(try pair.close(2049, terms) == .err(321))
        #expect(try pair.redeem(2047, terms) == .ok(1023))
        #expect(try pair.redeem(2048, terms, step: .zero) == .err(312))
        #expect(try pair.close(3000, terms) == HashChainStage.closed(earned: 953, rest: 0))
        try pair.expect(payer: 997_000, receiver: 1_003_000, held: 0)
    }

    @Test("A step is hashed as everywhere else, and tag, name and close are digests of SIP-018")
    func digests() throws {
        for inTokens in [false, true] {
            let pair = try HashChainStage(inTokens: inTokens)
            let terms = try pair.terms(steps: 65_535)
            func read(_ function: String, _ arguments: [ClarityValue]) throws -> Hash32? {
                try pair.stage.read("hash-chains", function, arguments).hash
            }
            #expect(try pair.fund(terms).ok != nil, "as many steps as a chain may have")
            let tag = try pair.tag(terms)
            #expect(try read("get-tag", [terms.value]) == tag)
            #expect(try read("get-channel-id", [terms.value]) == pair.channel(terms))
            let channel = try pair.channel(terms)
            #expect(try read("get-close-digest", [.hash(channel), .uint(9)]) == pair.closeDigest(channel, 9))
            for index in [1, 255, 256, 65_535] as [UInt32] {
                #expect(
                    try read("get-step-before", [.hash(tag), .uint(UInt128(index)), .hash(HashChainStage.secret)])
                        == HashChain.step(before: HashChainStage.secret, at: index, tag: tag))
            }
        }
    }

    @Test("The authorizer closes by calling, too")
    func closeByCalling() throws {
        let pair = try HashChainStage()
        let terms = try pair.terms()
        _ = try pair.fund(terms)
        let arguments: [ClarityValue] = [
            .hash(try pair.channel(terms)), .uint(2), .hash(try pair.step(2, terms)), .none, .none,
        ]
        #expect(try pair.call("close", arguments, by: pair.receiver) == .err(313))
        #expect(
            try pair.call("close", arguments, by: pair.authorizer) == HashChainStage.closed(earned: 10, rest: 90))
    }

    @Test("Each change is told by an event")
    func events() throws {
        let pair = try HashChainStage()
        let terms = try pair.terms()
        let channel = ClarityValue.hash(try pair.channel(terms))
        _ = try pair.fund(terms)
        #expect(
            pair.stage.printed == [
                .fields([
                    "event": .text("funded"), "channel-id": channel, "tag": .hash(try pair.tag(terms)),
                    "terms": terms.value, "amount": .uint(100),
                ])
            ])
        _ = try pair.redeem(2, terms)
        #expect(
            pair.stage.printed == [
                .fields([
                    "event": .text("redeemed"), "channel-id": channel, "index": .uint(2),
                    "step": .hash(try pair.step(2, terms)), "receiver": pair.receiver.value, "amount": .uint(10),
                ])
            ])
        _ = try pair.redeem(1, terms)
        #expect(pair.stage.printed.isEmpty)
        _ = try pair.close(3, terms)
        #expect(pair.stage.printed.map { $0["rest"] } == [.uint(85)])
        #expect(pair.stage.printed.map { $0["earned"] } == [.uint(5)])
    }
}
