// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import Testing

@testable import FarthingStacksSettlement

@Suite("Attacks on two-way channels on Stacks")
struct TwoWayContractAttackTests {
    @Test("An old state is outdone by a newer one, which anybody may show")
    func oldState() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms()
        let id = try pair.open(terms)
        let (old, new) = (TwoWayStage.state(1, 90, 10), TwoWayStage.state(3, 20, 80))
        _ = try pair.carryOut(pair.start(pair.signed(old, of: id), of: id), on: terms)
        #expect(try pair.carryOut(.challenge(pair.signed(new, of: id)), on: terms) == .ok(.bool(true)))
        #expect(try pair.carryOut(.challenge(pair.signed(old, of: id)), on: terms) == .ok(.bool(false)))
        #expect(try pair.carryOut(pair.start(pair.signed(old, of: id), of: id), on: terms) == .ok(.bool(false)))
        pair.stage.advance(seconds: 3600)
        _ = try pair.carryOut(.finalize, on: terms)
        try pair.expect(first: -80, second: 80, held: 0)
    }

    @Test("Signatures of one for both, of strangers, mirrored ones and none are worth nothing")
    func forged() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms()
        let id = try pair.open(terms)
        let state = TwoWayStage.state(1, 0, 100)
        let pairs = [
            (pair.second, pair.second), (pair.stranger, pair.second), (pair.first, pair.first),
            (pair.first, pair.stranger), (pair.second, pair.first),
        ]
        for (one, other) in pairs {
            let signed = try pair.signed(state, of: id, one, other)
            #expect(try pair.carryOut(pair.start(signed, of: id), on: terms) == .err(413))
            #expect(try pair.carryOut(pair.together(state, of: id, one, other), on: terms) == .err(413))
            #expect(try pair.carryOut(pair.resize(state, of: id, one, other), on: terms) == .err(413))
        }
        let digest = state.digest(of: id, in: pair.domain)
        let value = ClarityValue.fields(["nonce": .uint(1), "first": .uint(0), "second": .uint(100)])
        _ = try pair.carryOut(pair.start(nil, of: id), on: terms)
        for bad in [pair.first.signMirrored(digest), Array(repeating: 0, count: 65), []] {
            #expect(
                try pair.stage.call(
                    TwoWayStage.contract, "challenge",
                    [.hash(id.hash), value, .buffer(bad), .buffer(pair.second.sign(digest))], by: pair.second)
                    == .err(413))
        }
    }

    @Test("Nobody but a party starts a close")
    func strangersStart() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms()
        let id = try pair.open(terms)
        let signed = try pair.signed(TwoWayStage.state(4, 50, 50), of: id)
        #expect(try pair.carryOut(pair.start(signed, of: id, by: pair.stranger), on: terms) == .err(414))
        #expect(try pair.carryOut(pair.start(nil, of: id, by: pair.stranger), on: terms) == .err(414))
        // A start that was signed for another number is none for this one.
        let other = TwoWayContract.startCloseDigest(of: id, at: 3, in: pair.domain)
        let signature = try #require(pair.first.signature(over: other))
        #expect(try pair.carryOut(.startClose(signed, signature), on: terms) == .err(414))
        let nobody = [ClarityValue.hash(id.hash), .none, .none]
        #expect(try pair.stage.call(TwoWayStage.contract, "start-close", nobody, by: pair.stranger) == .err(414))
        #expect(
            try pair.stage.call(TwoWayStage.contract, "start-close", nobody, by: pair.second) == .ok(.bool(true)),
            "a party that calls needs no signature")
    }

    @Test("A state is no end, an end no state, and neither is worth anything in another channel, contract or chain")
    func elsewhere() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms()
        let id = try pair.open(terms)
        let state = TwoWayStage.state(1, 0, 100)
        let stateSigned = try pair.sign(state.digest(of: id, in: pair.domain))
        let closeSigned = try pair.sign(state.closeDigest(of: id, in: pair.domain))
        #expect(try pair.carryOut(.closeTogether(state, stateSigned), on: terms) == .err(413))
        #expect(try pair.carryOut(pair.start(SignedTwoWayState(state, closeSigned), of: id), on: terms) == .err(413))

        let contract = try pair.stage.identifier("two-way-channels-of-others")
        let mainnet = try #require(
            ContractIdentifier(issuer: pair.stage.deployer.onMainnet, name: pair.calls.contract.identifier.name))
        let elsewhere = [
            StacksContract(contract, chainID: 0x8000_0000), StacksContract(mainnet, chainID: 1),
            StacksContract(pair.calls.contract.identifier, chainID: 0x8000_0001),
        ]
        for place in elsewhere {
            let contract = try #require(place)
            let domain = try #require(ContractDomain(.twoWay, stacks: contract))
            let foreign = try pair.sign(state.digest(of: id, in: domain))
            #expect(try pair.carryOut(pair.start(SignedTwoWayState(state, foreign), of: id), on: terms) == .err(413))
        }
        let other = pair.channel(pair.terms(salt: 2))
        let foreign = try pair.sign(state.digest(of: other, in: pair.domain))
        #expect(try pair.carryOut(pair.start(SignedTwoWayState(state, foreign), of: id), on: terms) == .err(413))
        try pair.expect(first: -100, second: 0, held: 100)
    }

    @Test("u420: a token takes nothing else out of the contract when it pays")
    func thieves() throws {
        for source in [OddTokens.thief, OddTokens.tokenThief, OddTokens.greedy] {
            let pair = try TwoWayStage(also: ("odd", source))
            let token = try #require(StacksAsset("\(pair.stage.identifier("test-token"))::test-token"))
            let terms = pair.terms()
            let id = try pair.open(terms)
            // The stage's own asset is the odd one; the others hold what could be stolen.
            _ = try pair.open(pair.terms(salt: 2))
            _ = try pair.open(pair.terms(salt: 3, in: token))
            _ = try pair.open(pair.terms(salt: 4, in: .stx))
            _ = try pair.stage.call("odd", "arm", [.hash(.zero), pair.stranger.value], by: pair.stranger)
            let end = try pair.together(TwoWayStage.state(1, 50, 50), of: id)
            #expect(try pair.carryOut(end, on: terms) == .err(420))
            #expect(try pair.carryOut(pair.resize(TwoWayStage.state(1, 50, 40), 10, of: id), on: terms) == .err(420))
            _ = try pair.carryOut(pair.start(nil, of: id), on: terms)
            pair.stage.advance(seconds: 3600)
            #expect(try pair.carryOut(.finalize, on: terms) == .err(420))
            #expect(try pair.collect(terms, for: pair.first) == .err(420))
            #expect(try pair.held() == 200)
            #expect(try pair.held(in: token) == 100)
            #expect(try pair.held(in: .stx) == 100)
        }
    }

    @Test("A token that calls back while it pays has nothing paid twice")
    func reentering() throws {
        // A token cannot hand itself in, for a contract cannot name itself as a trait: a channel in STX it can end.
        let source = OddTokens.reentering("(contract-call? .two-way-channels finalize (var-get target) none)")
        let pair = try TwoWayStage(also: ("odd", source))
        let (odd, plain) = (pair.terms(), pair.terms(salt: 2, in: .stx))
        for terms in [odd, plain] {
            let id = try pair.open(terms)
            _ = try pair.carryOut(pair.start(pair.signed(TwoWayStage.state(1, 40, 60), of: id), of: id), on: terms)
        }
        let target = ClarityValue.hash(pair.channel(plain).hash)
        _ = try pair.stage.call("odd", "arm", [target, pair.stranger.value], by: pair.stranger)
        pair.stage.advance(seconds: 3600)
        for _ in 1...2 {
            _ = try pair.carryOut(.finalize, on: odd)
            _ = try pair.collect(odd, for: pair.second)
            _ = try pair.carryOut(.finalize, on: plain)
        }
        #expect(try pair.balance(pair.second, in: .stx) == TwoWayStage.riches + 60)
        #expect(try pair.balance(pair.first, in: .stx) == TwoWayStage.riches - 60)
        #expect(try pair.held(in: .stx) == 0)
        let paid = try pair.balance(pair.second) - TwoWayStage.riches
        #expect(paid == 0 || paid == 60)
    }
}
