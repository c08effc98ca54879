// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Two-way channels that are settled on a chain", .timeLimit(.minutes(10)))
struct TwoWaySettlementTests {
    typealias Order = TwoWayContract.Order

    static func pair(
        _ stage: ContractStage, _ first: UInt64 = 100, _ second: UInt64 = 50, salt: UInt64 = 1, challenge: UInt64 = 902
    ) throws -> Pair<TwoWayContract> {
        try Pair(
            stage, essence: { ["\($0)"] },
            terms: { _ in
                TwoWayTerms(
                    first: stage.payer.address, second: stage.payee.address, token: stage.token.address,
                    firstDeposit: Amount(units: UInt128(first)), secondDeposit: Amount(units: UInt128(second)),
                    challengeSeconds: challenge, salt: ABI.Word.uint(salt).bytes)
            })
    }

    /// What is signed, and by whom: by both parties, unless something is to be wrong.
    struct Signing {
        var first: KeySigner
        var second: KeySigner

        init(_ stage: ContractStage) { (first, second) = (stage.payer, stage.payee) }

        func callAsFunction(_ digest: Hash32) -> TwoWaySignatures {
            TwoWaySignatures(first: first.signNow(digest), second: second.signNow(digest))
        }
    }

    static func state(_ nonce: UInt64, _ first: UInt64, of total: UInt64 = 150) -> TwoWayState {
        TwoWayState(
            nonce: nonce, firstBalance: Amount(units: UInt128(first)),
            secondBalance: Amount(units: UInt128(total - min(first, total))))
    }

    static func signed(_ state: TwoWayState, _ side: Side<TwoWayContract>, _ sign: Signing) -> SignedTwoWayState {
        SignedTwoWayState(state, sign(state.digest(of: side.channel, in: side.domain)))
    }

    static func start(
        _ state: TwoWayState?, _ side: Side<TwoWayContract>, _ sign: Signing, by signer: KeySigner, at nonce: UInt64
    ) -> Order {
        let digest = TwoWayContract.startCloseDigest(of: side.channel, at: nonce, in: side.domain)
        return .startClose(state.map { signed($0, side, sign) }, signer.signNow(digest))
    }

    static func together(_ state: TwoWayState, _ side: Side<TwoWayContract>, _ sign: Signing) -> Order {
        .closeTogether(state, sign(state.closeDigest(of: side.channel, in: side.domain)))
    }

    static func resize(_ resize: TwoWayResize, _ side: Side<TwoWayContract>, _ sign: Signing) -> Order {
        .resize(resize, sign(resize.digest(of: side.channel, in: side.domain)))
    }

    static func cancel(_ side: Side<TwoWayContract>, by signer: KeySigner) -> Order {
        .cancel(signer.signNow(TwoWayContract.cancelDigest(of: side.channel, in: side.domain)))
    }

    @Test func `opens with two deposits, resizes, is challenged and ends, and conserves every unit`() async throws {
        try await ContractStage.open { stage in
            let before = try await stage.total(with: .twoWay)
            let pair = try Self.pair(stage)
            let sign = Signing(stage)
            #expect(try await pair.fund(100, by: stage.payer) == .done([:]))
            #expect(try await pair.states().chain?.phase == .opening(funded: .first))
            #expect(try await pair.fund(50, by: stage.payee) == .done([:]))
            #expect(try await pair.fund(7, by: stage.payee, salt: 2) == .done([:]))
            try await pair.expectFoundAfterRestart()

            let resize = TwoWayResize(to: Self.state(3, 90, of: 140), firstWithdrawal: Amount(units: 17))
            let taken = Answer.done([stage.payer.address: Amount(units: 17)])
            #expect(try await pair.carryOut("a resize") { Self.resize(resize, $0, sign) } == taken)
            #expect(try await pair.carryOut("the same") { Self.resize(resize, $0, sign) } == .nothing)

            let old = Self.state(5, 130, of: 140)
            let new = Self.state(6, 40, of: 140)
            try await pair.carryOut("a start") { Self.start(old, $0, sign, by: stage.payer, at: 5) }
            try await pair.expectFoundAfterRestart()
            #expect(
                try await pair.carryOut("too early") { _ in .finalize } == .refused("two-way.challenge-runs"))
            try await pair.carryOut("an answer") { .challenge(Self.signed(new, $0, sign)) }
            #expect(try await pair.carryOut("the same") { .challenge(Self.signed(new, $0, sign)) } == .nothing)
            let ended = Answer.done([stage.payer.address: Amount(units: 40), stage.payee.address: Amount(units: 100)])
            #expect(try await pair.carryOut("the end", seconds: 1000) { _ in .finalize } == ended)
            #expect(try await pair.carryOut("the same") { _ in .finalize } == .nothing)
            try await pair.expectFoundAfterRestart()
            #expect(try await stage.total(with: .twoWay) == before)

            let told = try await stage.settlement.events(after: 0, limit: 100).map(HashChainSettlementTests.text)
            #expect(told.count { $0.hasPrefix("funded two-way") } == 3)
            #expect(told.count { $0.hasPrefix("paid") } == 3)
            #expect(told.last == "advanced closed")
        }
    }

    @Test func `takes a fee and keeps limits, as the ledger does`() async throws {
        let taker = try #require(Address(hex: "0x" + String(repeating: "9", count: 40)))
        let limits = ContractLimits(
            minimum: Amount(units: 20), maximum: Amount(units: 1000), openChannels: 1, fee: Amount(units: 3),
            feeReceiver: taker)
        try await ContractStage.open(limits: limits) { stage in
            let sign = Signing(stage)
            let pair = try Self.pair(stage)
            #expect(try await pair.fund(100, by: stage.payer) == .refused("two-way.deposit-mismatch"))
            #expect(
                try await pair.fund(103, by: stage.payer) == .done([taker: Amount(units: 3)]))
            #expect(try await pair.fund(50, by: stage.payee) == .done([:]))
            #expect(try await pair.fund(851, by: stage.payee, salt: 3) == .refused("two-way.above-maximum"))
            let small = try Self.pair(stage, 10, 9, salt: 2)
            #expect(try await small.fund(13, by: stage.payer) == .refused("two-way.below-minimum"))
            let second = try Self.pair(stage, 10, 10, salt: 3)
            #expect(try await second.fund(13, by: stage.payer) == .refused("two-way.too-many-channels"))
            try await pair.carryOut("an end") { Self.together(Self.state(1, 150), $0, sign) }
            #expect(try await second.fund(13, by: stage.payer) == .done([taker: Amount(units: 3)]))
            let back = Answer.done([stage.payer.address: Amount(units: 10)])
            #expect(
                try await second.carryOut("no") { Self.cancel($0, by: stage.payee) } == .refused("two-way.signature"))
            #expect(try await second.carryOut("a cancel") { Self.cancel($0, by: stage.payer) } == back)
            #expect(try await second.carryOut("the same") { Self.cancel($0, by: stage.payer) } == .nothing)
            try await second.expectFoundAfterRestart()
        }
    }

    @Test(arguments: [false, true]) func `does in a random walk what the ledger does`(isLong: Bool) async throws {
        try await ContractStage.open(limits: try Self.walkLimits(), isLong: isLong) { stage in try await walk(stage) }
    }

    private static func walkLimits() throws -> ContractLimits {
        ContractLimits(
            minimum: Amount(units: 20), maximum: Amount(units: 400), openChannels: 3, fee: Amount(units: 3),
            feeReceiver: try #require(Address(hex: "0x" + String(repeating: "9", count: 40))))
    }

    private func walk(_ stage: ContractStage) async throws {
        var random = SeededGenerator.ofWalk(13)
        var log = WalkLog()
        var pairs: [Pair<TwoWayContract>] = []
        var steps = WalkSteps(stage)
        while let number = try await steps.next() {
            if pairs.isEmpty || random.oneIn(10) {
                var open: [Pair<TwoWayContract>] = []
                for pair in pairs {
                    let phase = try await pair.states().chain?.phaseName
                    // Channels that nobody can open, or opened in vain, must not be all there is in a long walk.
                    let isInVain = phase == nil || phase == "cancelled"
                    if phase != "closed", stage.queue == nil || !isInVain || random.oneIn(2) { open.append(pair) }
                }
                pairs = open
                if pairs.count < 4 {
                    let first = try random.pick([0, 60, 100, 100] as [UInt64])
                    pairs.append(try Self.pair(stage, first, try random.pick([0, 25, 50]), salt: UInt64(number)))
                }
            }
            guard !pairs.isEmpty else { continue }
            let pair = try random.pick(pairs)
            log.add(try await Self.step(number, on: pair, stage, &random))
        }
        log.expect(refusals: 10, on: stage)
    }

    /// One order, good or bad.
    private static func step(
        _ number: Int, on pair: Pair<TwoWayContract>, _ stage: ContractStage, _ random: inout SeededGenerator
    ) async throws -> Answer {
        let seconds: UInt64 = random.oneIn(6) ? 700 : 1
        var sign = Signing(stage)
        if random.oneIn(10) { sign.first = stage.other }
        if random.oneIn(10) { sign.second = stage.other }
        let known = try await pair.states().chain
        let base = known?.base ?? pair.chain.terms.opening
        let total = UInt64(base.total?.units ?? 0) + (random.oneIn(10) ? 1 : 0)
        var newest = base.nonce
        if case .closing(let state, _) = known?.phase { newest = state.nonce }
        if case .closed(let state?) = known?.phase { newest = state.nonce }
        let nonce = newest + UInt64.random(in: 0...3, using: &random)
        let state = Self.state(nonce, UInt64.random(in: 0...max(total, 1), using: &random), of: total)
        let person = try random.pick([stage.payer, stage.payer, stage.payee, stage.payee, stage.other])
        var isOpening = known == nil
        if case .opening = known?.phase { isOpening = true }
        if isOpening, !random.oneIn(4) {
            // What is agreed on, most of the time: channels must open to be closed.
            let side: TwoWaySide =
                known?.phase == .opening(funded: .first) || pair.chain.terms.firstDeposit.isZero ? .second : .first
            let units = UInt64(pair.chain.terms.deposit(of: side).units) + (known == nil ? 3 : 0)
            return try await pair.fund(
                units, by: side == .first ? stage.payer : stage.payee, salt: 100, "step \(number): what was agreed on")
        }
        switch Int.random(in: 0..<24, using: &random) {
        case 0..<6:
            let due = pair.chain.terms.side(of: person.address).map(pair.chain.terms.deposit) ?? .zero
            let units = UInt64(due.units) + (try random.pick([0, 0, 3, 3, 20] as [UInt64]))
            return try await pair.fund(
                units, by: person, salt: UInt64.random(in: 0...30, using: &random), seconds: seconds,
                "step \(number): deposit \(units)")
        case 6:
            return try await pair.carryOut("step \(number): cancel", seconds: seconds) {
                Self.cancel($0, by: person)
            }
        case 7..<11:
            let surplus = UInt64((known?.firstSurplus.units ?? 0) + (known?.secondSurplus.units ?? 0))
            let taken = min(UInt64.random(in: 0...20, using: &random), total)
            let after = Self.state(
                nonce, UInt64.random(in: 0...(total + surplus - taken), using: &random), of: total + surplus - taken)
            let resize = TwoWayResize(
                to: random.oneIn(6) ? base : after, secondWithdrawal: Amount(units: UInt128(taken)))
            return try await pair.carryOut("step \(number): resize to \(nonce)", seconds: seconds) {
                Self.resize(resize, $0, sign)
            }
        case 11..<13:
            return try await pair.carryOut("step \(number): close together at \(nonce)", seconds: seconds) {
                Self.together(state, $0, sign)
            }
        case 13..<17:
            // The contract takes a state of nonce 0, which nobody signs, for none.
            let isBare = random.oneIn(2) || nonce == 0
            return try await pair.carryOut("step \(number): start at \(nonce)", seconds: seconds) {
                Self.start(isBare ? nil : state, $0, sign, by: person, at: isBare ? base.nonce : nonce)
            }
        case 17..<21:
            return try await pair.carryOut("step \(number): challenge with \(nonce)", seconds: seconds) {
                .challenge(Self.signed(state, $0, sign))
            }
        default:
            return try await pair.carryOut("step \(number): finalize", seconds: seconds) { _ in .finalize }
        }
    }
}
