// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import Testing

@testable import FarthingStacksSettlement

@Suite("Two-way channels on Stacks refuse")
struct TwoWayRefusalTests {
    @Test("u401 to u405: terms on which nobody should open a channel")
    func terms() throws {
        let pair = try TwoWayStage()
        var own = pair.terms()
        own.second = own.first
        #expect(try pair.fund(own, 100) == .err(401))
        #expect(try pair.fund(pair.terms(first: 0), 1) == .err(402))
        #expect(try pair.fund(pair.terms(first: .max, second: 1), 1) == .err(403))
        for seconds in [0, 899, 2_592_001, .max] as [UInt64] {
            #expect(try pair.fund(pair.terms(seconds: seconds), 100) == .err(404))
        }
        for (salt, seconds) in [(8, 900), (9, 2_592_000)] as [(UInt8, UInt64)] {
            #expect(try pair.fund(pair.terms(seconds: seconds, salt: salt), 100).ok != nil)
        }
        let call = try #require(pair.terms().fundingCall(Amount(units: 100), in: pair.calls.contract))
        let keyless: [ClarityValue] = [
            .principal(try pair.stage.identifier("two-way-channels")), .principal(pair.second.onMainnet),
            .principal(try #require(StandardPrincipal(version: 21, hash: pair.second.standard.hash))),
        ]
        for party in keyless {
            guard case .tuple(let terms) = call.arguments[0] else { return }
            let named = terms.fields.map { (name: $0.name, value: $0.name.text == "second" ? party : $0.value) }
            let value = ClarityValue.tuple(try #require(ClarityTuple(named)))
            #expect(
                try pair.stage.call(
                    TwoWayStage.contract, "fund", [value] + call.arguments.dropFirst(), by: pair.first) == .err(405))
        }
    }

    @Test("u406 to u410: deposits of others, of another amount, of nothing, a second time, and too late")
    func deposits() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms(first: 100, second: 50)
        #expect(try pair.fund(terms, 100, by: pair.stranger) == .err(406))
        #expect(try pair.fund(pair.terms(salt: 3), 10, by: pair.second) == .err(407), "it agreed to none")
        #expect(try pair.fund(terms, 99) == .err(408))
        #expect(try pair.fund(terms, 101) == .err(408))
        #expect(try pair.fund(terms, 0) == .err(409))
        #expect(try pair.fund(terms, 100).ok != nil)
        #expect(try pair.fund(terms, 100) == .err(407))
        #expect(try pair.fund(terms, 50, by: pair.second).ok != nil)
        let id = pair.channel(terms)
        _ = try pair.carryOut(pair.start(nil, of: id), on: terms)
        #expect(try pair.fund(terms, 1) == .err(410))
        _ = try pair.carryOut(pair.together(TwoWayStage.state(0, 100, 50), of: id), on: terms)
        #expect(try pair.fund(terms, 1) == .err(410))
    }

    @Test("u410: orders where they do not belong")
    func outOfTurn() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms(first: 100, second: 50)
        let id = pair.channel(terms)
        let state = TwoWayStage.state(3, 75, 75)
        let signed = try pair.signed(state, of: id)
        func early(_ order: TwoWayContract.Order) throws -> Outcome { try pair.carryOut(order, on: terms) }
        let all: [TwoWayContract.Order] = [
            try pair.start(signed, of: id), .challenge(signed), .finalize, try pair.together(state, of: id),
            try pair.resize(state, of: id),
        ]
        for order in all { #expect(try early(order) == .err(421), "nothing was ever deposited") }
        _ = try pair.fund(terms, 100)
        for order in all { #expect(try early(order) == .err(410)) }
        _ = try pair.fund(terms, 50, by: pair.second)
        for order in [.challenge(signed), .finalize, try pair.cancel(id, by: pair.first)] {
            #expect(try early(order) == .err(410))
        }
        _ = try early(try pair.start(signed, of: id))
        #expect(try early(try pair.resize(TwoWayStage.state(4, 75, 75), of: id)) == .err(410))
        #expect(try early(try pair.cancel(id, by: pair.first)) == .err(410))
        _ = try early(try pair.together(state, of: id))
        let late = TwoWayStage.state(9, 0, 150)
        for order in [
            try pair.start(pair.signed(late, of: id), of: id), .challenge(try pair.signed(late, of: id)),
            try pair.together(late, of: id), try pair.resize(late, of: id), try pair.cancel(id, by: pair.first),
        ] { #expect(try early(order) == .err(410)) }
        try pair.expect(first: -25, second: 25, held: 0)
    }

    @Test("u411: balances that are not what is there")
    func sums() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms()
        let id = try pair.open(terms)
        let wrong =
            [
                (0, 0), (50, 49), (50, 51), (101, 0), (0, 101), (.max, 101), (.max, .max), (1, .max),
            ] as [(UInt128, UInt128)]
        for (one, other) in wrong {
            let state = TwoWayStage.state(1, one, other)
            #expect(try pair.carryOut(pair.start(pair.signed(state, of: id), of: id), on: terms) == .err(411))
            #expect(try pair.carryOut(pair.together(state, of: id), on: terms) == .err(411))
            #expect(try pair.carryOut(pair.resize(state, of: id), on: terms) == .err(411))
        }
        let half = TwoWayStage.state(1, 50, 40)
        for (one, other) in [(0, 0), (11, 0), (0, 11), (.max, 11), (5, .max)] as [(UInt128, UInt128)] {
            #expect(try pair.carryOut(pair.resize(half, one, other, of: id), on: terms) == .err(411))
        }
        _ = try pair.carryOut(pair.start(nil, of: id), on: terms)
        let more = try pair.signed(TwoWayStage.state(1, 0, 101), of: id)
        #expect(try pair.carryOut(.challenge(more), on: terms) == .err(411))
    }

    @Test("u412: what is not newer, and numbers that are none")
    func stale() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms()
        let id = try pair.open(terms)
        let zero = TwoWayStage.state(0, 40, 60)
        #expect(try pair.carryOut(pair.start(pair.signed(zero, of: id), of: id), on: terms) == .err(412))
        #expect(try pair.carryOut(pair.resize(zero, of: id), on: terms) == .err(412))
        let known = try pair.signed(TwoWayStage.state(5, 50, 50), of: id)
        #expect(try pair.carryOut(pair.start(known, of: id), on: terms) == .ok(.bool(true)))
        #expect(try pair.carryOut(pair.together(TwoWayStage.state(4, 0, 100), of: id), on: terms) == .err(412))
        let value = ClarityValue.fields([
            "nonce": .uint(1 << 64), "first": .uint(100), "second": .uint(0),
        ])
        let signature = ClarityValue.buffer(Array(repeating: 0, count: 65))
        #expect(
            try pair.stage.call(
                TwoWayStage.contract, "challenge", [.hash(id.hash), value, signature, signature],
                by: pair.stranger) == .err(412))
        #expect(
            try pair.stage.call(
                TwoWayStage.contract, "close-together", [.hash(id.hash), value, signature, signature, .none],
                by: pair.stranger) == .err(412))
    }

    @Test("u415, u416: answers that come too late, and ends that come too early")
    func periods() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms()
        let id = try pair.open(terms)
        _ = try pair.carryOut(pair.start(nil, of: id), on: terms)
        pair.stage.advance(seconds: 3599)
        let newer = try pair.signed(TwoWayStage.state(1, 10, 90), of: id)
        #expect(try pair.carryOut(.finalize, on: terms) == .err(416))
        #expect(try pair.carryOut(.challenge(newer), on: terms) == .ok(.bool(true)))
        pair.stage.advance(seconds: 1)
        let newest = try pair.signed(TwoWayStage.state(2, 0, 100), of: id)
        #expect(try pair.carryOut(.challenge(newest), on: terms) == .err(415), "the period is never extended")
        #expect(try pair.carryOut(.finalize, on: terms) == .ok(.bool(true)))
        try pair.expect(first: -90, second: 90, held: 0)
    }

    @Test("u417, u422: another token than that of the terms, and an account with too little")
    func tokens() throws {
        let pair = try TwoWayStage()
        let token = try #require(StacksAsset("\(pair.stage.identifier("test-token"))::test-token"))
        let terms = pair.terms(first: 100, second: 50)
        #expect(try pair.fund(terms, 100, handing: token) == .err(417))
        #expect(try pair.fund(pair.terms(in: token), 100, handing: .stx) == .err(417))
        #expect(try pair.fund(pair.terms(first: 1_000_001), 1_000_001) == .err(422))
        _ = try pair.fund(terms, 100)
        let id = pair.channel(terms)
        let (zero, none) = (ClarityValue.hash(id.hash), pair.calls.contract.token(token.address))
        let cancel = try pair.cancel(id, by: pair.first)
        let call = try #require(pair.calls.calls(cancel, on: id, TwoWayContract(terms)).first)
        #expect(
            try pair.stage.call(
                TwoWayStage.contract, "cancel", [call.arguments[0], call.arguments[1], none], by: pair.stranger)
                == .err(417))
        _ = try pair.fund(terms, 50, by: pair.second)
        for order in [
            try pair.together(TwoWayStage.state(1, 75, 75), of: id),
            try pair.resize(TwoWayStage.state(1, 75, 74), 1, of: id),
        ] {
            let call = try #require(pair.calls.calls(order, on: id, TwoWayContract(terms)).first)
            #expect(
                try pair.stage.call(
                    TwoWayStage.contract, call.function.text, call.arguments.dropLast() + [none], by: pair.stranger)
                    == .err(417))
        }
        _ = try pair.carryOut(pair.start(nil, of: id), on: terms)
        pair.stage.advance(seconds: 3600)
        #expect(try pair.stage.call(TwoWayStage.contract, "finalize", [zero, none], by: pair.stranger) == .err(417))
        #expect(
            try pair.stage.call(TwoWayStage.contract, "collect", [zero, pair.first.value, none], by: pair.stranger)
                == .err(417))
    }

    @Test("u418, u419: tokens that move something else, or less")
    func oddDeposits() throws {
        let tokens =
            [
                (OddTokens.wrapper, 418), (OddTokens.withFee, 419), (OddTokens.lying, 419),
            ] as [(String, UInt128)]
        for (source, code) in tokens {
            let pair = try TwoWayStage(also: ("odd", source))
            #expect(try pair.fund(pair.terms(), 100) == .err(code))
        }
    }
}
