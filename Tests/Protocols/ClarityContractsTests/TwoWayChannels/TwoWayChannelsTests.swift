// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import Testing

@testable import FarthingStacksSettlement

@Suite("Two-way channels on Stacks")
struct TwoWayChannelsTests {
    @Test("Both end a channel together, at once", arguments: [false, true])
    func together(inTokens: Bool) throws {
        let pair = try TwoWayStage(inTokens: inTokens)
        let terms = pair.terms(first: 100, second: 50)
        let id = pair.channel(terms)
        #expect(try pair.fund(terms, 50, by: pair.second) == .ok(.hash(id.hash)))
        #expect(try pair.read(terms)?.phase == .opening(funded: .second))
        #expect(try pair.fund(terms, 100) == .ok(.hash(id.hash)))
        #expect(try pair.read(terms)?.phase == .open)
        let end = TwoWayStage.state(7, 30, 120)
        #expect(try pair.carryOut(pair.together(end, of: id), on: terms) == .ok(.bool(true)))
        #expect(try pair.read(terms)?.phase == .closed(end))
        #expect(try pair.carryOut(pair.together(end, of: id), on: terms) == .ok(.bool(false)), "it is done")
        try pair.expect(first: -70, second: 70, held: 0)
    }

    @Test("One party ends a channel with the newest state that it has", arguments: [false, true])
    func alone(inTokens: Bool) throws {
        let pair = try TwoWayStage(inTokens: inTokens)
        let terms = pair.terms()
        let id = try pair.open(terms)
        let state = TwoWayStage.state(3, 60, 40)
        let start = try pair.start(pair.signed(state, of: id), of: id, by: pair.second)
        #expect(try pair.carryOut(start, on: terms) == .ok(.bool(true)))
        let end = Instant(unixSeconds: Int64(pair.stage.time)).advanced(bySeconds: 3600)
        #expect(try pair.read(terms)?.phase == .closing(state, until: end))
        #expect(try pair.carryOut(.finalize, on: terms) == .err(416))
        pair.stage.advance(seconds: 3600)
        #expect(try pair.carryOut(.finalize, on: terms) == .ok(.bool(true)))
        #expect(try pair.carryOut(.finalize, on: terms) == .ok(.bool(false)))
        try pair.expect(first: -40, second: 40, held: 0)
    }

    @Test("A deposit is given back as long as the other's is missing")
    func cancel() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms(first: 100, second: 50)
        _ = try pair.fund(terms, 100)
        let id = pair.channel(terms)
        #expect(try pair.carryOut(pair.cancel(id, by: pair.second), on: terms) == .err(413))
        #expect(try pair.carryOut(pair.cancel(id, by: pair.first), on: terms) == .ok(.bool(true)))
        #expect(try pair.carryOut(pair.cancel(id, by: pair.first), on: terms) == .ok(.bool(false)))
        #expect(try pair.read(terms)?.phase == .closed(nil))
        #expect(try pair.fund(terms, 50, by: pair.second) == .err(410))
        try pair.expect(first: 0, second: 0, held: 0)
    }

    @Test("What is put in later is its owner's, until both resize", arguments: [false, true])
    func surplus(inTokens: Bool) throws {
        let pair = try TwoWayStage(inTokens: inTokens)
        let terms = pair.terms()
        let id = try pair.open(terms)
        #expect(try pair.fund(terms, 30).ok != nil)
        #expect(try pair.fund(terms, 5, by: pair.second).ok != nil)
        #expect(try pair.read(terms)?.firstSurplus.units == 30)
        #expect(try pair.read(terms)?.secondSurplus.units == 5)
        let old = try pair.signed(TwoWayStage.state(1, 0, 100), of: id)
        let base = TwoWayStage.state(2, 90, 20)
        #expect(try pair.carryOut(pair.resize(base, 20, 5, of: id), on: terms) == .ok(.bool(true)))
        #expect(try pair.carryOut(pair.resize(base, 20, 5, of: id), on: terms) == .ok(.bool(false)))
        try pair.expect(first: -110, second: 0, held: 110)
        #expect(try pair.carryOut(pair.start(old, of: id), on: terms) == .err(412), "it is of the old balances")
        #expect(try pair.fund(terms, 7).ok != nil)
        #expect(try pair.carryOut(pair.start(nil, of: id, base: 2), on: terms) == .ok(.bool(true)))
        pair.stage.advance(seconds: 3600)
        #expect(try pair.carryOut(.finalize, on: terms) == .ok(.bool(true)))
        #expect(try pair.read(terms)?.phase == .closed(base))
        try pair.expect(first: -20, second: 20, held: 0)
    }

    @Test("Digests are those that payers and payees sign")
    func digests() throws {
        let pair = try TwoWayStage(inTokens: true)
        let terms = pair.terms(first: 3, second: 5)
        let id = pair.channel(terms)
        let state = TwoWayStage.state(9, 4, 4)
        let value = ClarityValue.fields(["nonce": .uint(9), "first": .uint(4), "second": .uint(4)])
        let hash = ClarityValue.hash(id.hash)
        func read(_ function: String, _ arguments: [ClarityValue]) throws -> Hash32? {
            try pair.stage.read(TwoWayStage.contract, function, arguments).hash
        }
        let resize = TwoWayResize(to: state, firstWithdrawal: Amount(units: 1), secondWithdrawal: Amount(units: 2))
        #expect(try read("get-state-digest", [hash, value]) == state.digest(of: id, in: pair.domain))
        #expect(try read("get-close-digest", [hash, value]) == state.closeDigest(of: id, in: pair.domain))
        #expect(
            try read("get-resize-digest", [hash, value, .uint(1), .uint(2)]) == resize.digest(of: id, in: pair.domain))
        #expect(
            try read("get-start-close-digest", [hash, .uint(9)])
                == TwoWayContract.startCloseDigest(of: id, at: 9, in: pair.domain))
        #expect(try read("get-cancel-digest", [hash]) == TwoWayContract.cancelDigest(of: id, in: pair.domain))
        let call = try #require(terms.fundingCall(.zero, in: pair.calls.contract))
        #expect(try read("get-channel-id", [call.arguments[0]]) == id.hash)
        #expect(try read("get-domain-hash", []) != nil)
    }

    @Test("Each step prints the channel as it is then")
    func events() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms()
        let id = try pair.open(terms)
        #expect(pair.stage.printed.map { $0["event"] } == [.text("funded")])
        #expect(pair.stage.printed.first?["channel-id"]?.hash == id.hash)
        #expect(pair.stage.printed.first?["channel"]?["phase"] == .uint(2))
        _ = try pair.carryOut(pair.start(nil, of: id), on: terms)
        #expect(pair.stage.printed.map { $0["event"] } == [.text("closing")])
        _ = try pair.carryOut(.challenge(pair.signed(TwoWayStage.state(4, 1, 99), of: id)), on: terms)
        #expect(pair.stage.printed.map { $0["event"] } == [.text("challenged")])
        pair.stage.advance(seconds: 3600)
        _ = try pair.carryOut(.finalize, on: terms)
        #expect(pair.stage.printed.map { $0["event"] } == [.text("closed")])
        #expect(pair.stage.printed.first?["channel"]?["newest"]?["second"] == .uint(99))
    }

    @Test("A token that does not pay one of the two does not keep the other from its money", arguments: [false, true])
    func barredParties(stops: Bool) throws {
        for barsSecond in [false, true] {
            let pair = try TwoWayStage(also: ("odd", stops ? OddTokens.stopping : OddTokens.refusing))
            let terms = pair.terms()
            let id = try pair.open(terms)
            _ = try pair.fund(pair.terms(salt: 2), 100)
            let (barred, other) = barsSecond ? (pair.second, pair.first) : (pair.first, pair.second)
            _ = try pair.stage.call("odd", "arm", [.hash(.zero), barred.value], by: pair.stranger)
            let state = TwoWayStage.state(5, 70, 30)
            _ = try pair.carryOut(pair.start(pair.signed(state, of: id), of: id), on: terms)
            #expect(try pair.collect(terms, for: other) == .err(416))
            pair.stage.advance(seconds: 3600)
            let refused = try pair.carryOut(.finalize, on: terms)
            #expect(refused == .err(420) || (stops && refused.isAborted))
            let share: UInt128 = barsSecond ? 70 : 30
            #expect(try pair.collect(terms, for: other) == .ok(.uint(share)))
            #expect(try pair.collect(terms, for: other) == .ok(.uint(0)), "once")
            #expect(try pair.carryOut(pair.together(TwoWayStage.state(6, 100, 0), of: id), on: terms) == .err(410))
            #expect(try pair.held() == 200 - share)
            // When the token pays again, the other has its own, and no more.
            _ = try pair.stage.call("odd", "arm", [.hash(.zero), pair.stage.dave.value], by: pair.stranger)
            #expect(try pair.carryOut(.finalize, on: terms) == .ok(.bool(true)))
            #expect(try pair.collect(terms, for: barred) == .ok(.uint(0)))
            try pair.expect(first: -130, second: 30, held: 100)
        }
    }

    @Test("Two that are paid alone end the channel")
    func bothAlone() throws {
        let pair = try TwoWayStage()
        let terms = pair.terms()
        let id = try pair.open(terms)
        let state = TwoWayStage.state(5, 70, 30)
        _ = try pair.carryOut(pair.start(pair.signed(state, of: id), of: id), on: terms)
        pair.stage.advance(seconds: 3600)
        #expect(try pair.collect(terms, for: pair.stranger) == .err(406))
        #expect(try pair.collect(terms, for: pair.second) == .ok(.uint(30)))
        #expect(try pair.collect(terms, for: pair.first) == .ok(.uint(70)))
        #expect(try pair.read(terms)?.phase == .closed(state))
        #expect(try pair.carryOut(.finalize, on: terms) == .ok(.bool(false)))
        try pair.expect(first: -30, second: 30, held: 0)
    }
}
