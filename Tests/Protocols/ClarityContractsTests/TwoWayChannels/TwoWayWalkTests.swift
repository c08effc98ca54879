// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingStacks
import Testing

/// The same orders to the embedded ledger and to the contract: both must answer alike, and pay alike.
@Suite("A random walk on two-way channels, on Stacks and on the ledger")
struct TwoWayWalkTests {
    @Test("Both do the same, whatever is sent", arguments: [3, 8] as [UInt64])
    func walk(seed: UInt64) async throws {
        var walk = try await TwoWayWalk(seed: seed)
        try await walk.go(Dice.steps * 2, seed: seed)
        walk.log.expect(atLeast: 8)
    }
}

/// One channel after the other, on both sides; accounts and digests differ, all else is the same.
private struct TwoWayWalk: Walk {
    let pair: TwoWayStage
    let other: LedgerTwin
    let domain: ContractDomain
    /// STX, and the test token.
    let assets: [StacksAsset]
    var dice: Dice
    var log = WalkLog()
    /// The terms on the ledger, and on Stacks.
    var here: TwoWayTerms
    var there: TwoWayTerms
    var number: UInt64 = 0
    var leaves: UInt64 = 0
    var left = 0

    private static let life = 18

    init(seed: UInt64) async throws {
        dice = Dice(seed: seed)
        pair = try TwoWayStage(inTokens: true)
        assets = [.stx, pair.asset]
        other = try await LedgerTwin(of: [pair.first, pair.second, pair.stranger], with: TwoWayStage.riches)
        domain = try #require(other.ledger.contractDomain(of: .twoWay))
        (here, there) = (pair.terms(), pair.terms())
    }

    private var ledger: Ledger { other.ledger }

    private static func salt(_ number: UInt64) -> Hash32 {
        Hash32 { bytes in for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: number >> (8 * index)) } }
    }

    private mutating func next() {
        number += 1
        let side = Int(number % 2)
        let (first, second): (UInt128, UInt128) = [(100, 0), (100, 60), (0, 80), (0, 0), (100, 60)][Int(number % 5)]
        // Every seventh is one that nobody should open.
        let seconds: UInt64 = number % 7 == 0 ? 100 : 3000
        there = pair.terms(first: first, second: second, seconds: seconds, in: assets[side])
        there.salt = Self.salt(number)
        here = there
        (here.first, here.second) = (pair.first.address, pair.second.address)
        here.token = other.tokens[side].address
        left = Self.life
    }

    // MARK: - Steps

    mutating func step() async throws -> String {
        if left == 0 { next() }
        left -= 1
        let (action, answer, expected): (String, Outcome, [String])
        switch left >= Self.life - 2 ? 0 : dice.number(0...15) {
        case 0...2:
            action = "fund"
            (answer, expected) = try await fund()
        case 3:
            action = "advance"
            (answer, expected) = try await other.advance(pair.stage, seconds: UInt64(dice.number(0...1800)))
        case let choice:
            let draft = try await draft(choice)
            action = draft.name
            answer = try pair.carryOut(
                try draft.order(there.channelID(in: pair.domain), pair.domain), on: there)
            expected = try await carryOut(try draft.order(here.channelID(in: domain), domain))
        }
        return LedgerTwin.compare(action, answer, expected, in: &log)
    }

    /// An order before it is signed in one domain or the other.
    private struct Draft {
        let name: String
        let order: (ChannelID, ContractDomain) throws -> TwoWayContract.Order
    }

    private mutating func draft(_ choice: UInt128) async throws -> Draft {
        let known = try await ledger.contract(TwoWayContract.self, of: here.channelID(in: domain))?.state
        let base = known?.base ?? here.opening
        let newest = if case .closing(let state, _)? = known?.phase { state } else { base }
        let whole = base.total?.units ?? 0
        let nonce = UInt64(dice.number(UInt128(max(newest.nonce, 1) - 1)...UInt128(newest.nonce + 3)))
        let given = dice.number(0...whole)
        let other = dice.oneIn(10) ? whole - given + 1 : whole - given
        let state = TwoWayStage.state(nonce, given, other)
        let (one, two) = (dice.oneIn(10) ? pair.stranger : pair.first, dice.oneIn(10) ? pair.first : pair.second)
        let alone = try dice.pick([pair.first, pair.first, pair.second, pair.second, pair.stranger])
        func sign(_ digest: Hash32) throws -> TwoWaySignatures {
            TwoWaySignatures(
                first: try #require(one.signature(over: digest)), second: try #require(two.signature(over: digest)))
        }
        let hasState = !dice.oneIn(4)
        let total = known?.locked.units ?? whole
        let out = dice.number(0...min(total, 20))
        let share = dice.number(0...(total - out))
        let rest = dice.oneIn(8) ? out : total - out - share
        switch choice {
        case 4:
            return Draft(name: "cancel") { id, domain in
                .cancel(
                    try #require(alone.signature(over: TwoWayContract.cancelDigest(of: id, in: domain))))
            }
        case 5, 6:
            let resize = TwoWayResize(
                to: TwoWayStage.state(nonce, share, rest), firstWithdrawal: Amount(units: out / 2),
                secondWithdrawal: Amount(units: out - out / 2))
            return Draft(name: "resize") { id, domain in .resize(resize, try sign(resize.digest(of: id, in: domain))) }
        case 7:
            return Draft(name: "close together") { id, domain in
                .closeTogether(state, try sign(state.closeDigest(of: id, in: domain)))
            }
        case 8...10:
            return Draft(name: "start") { id, domain in
                let signed = hasState ? SignedTwoWayState(state, try sign(state.digest(of: id, in: domain))) : nil
                let at = hasState ? state.nonce : base.nonce
                let digest = TwoWayContract.startCloseDigest(of: id, at: at, in: domain)
                return .startClose(signed, try #require(alone.signature(over: digest)))
            }
        case 11...13:
            return Draft(name: "challenge") { id, domain in
                .challenge(SignedTwoWayState(state, try sign(state.digest(of: id, in: domain))))
            }
        default: return Draft(name: "finalize") { _, _ in .finalize }
        }
    }

    private mutating func fund() async throws -> (Outcome, [String]) {
        let isFirst = left % 2 == 1
        let payer = dice.oneIn(12) ? pair.stranger : isFirst ? pair.first : pair.second
        let due = (isFirst ? here.firstDeposit : here.secondDeposit).units
        let amount = max(1, dice.oneIn(6) ? due + 1 : due)
        // Each deposit is signed anew: the same leave twice would be answered with its first receipt.
        leaves += 1
        let salt = Self.salt(leaves)
        let token = try other.token(here.token)
        let leave = UnsignedFunding(
            payer: payer.address, amount: Amount(units: amount), validBefore: 4_102_444_800, salt: salt)
        let digest = domain.depositDigest(leave, on: here, token: token.domain)
        let funding = leave.signed(try #require(payer.signature(over: digest)))
        let answer = try pair.fund(there, amount, by: payer)
        let name = ClarityValue.hash(there.channelID(in: pair.domain).hash)
        let (ledger, terms) = (ledger, here)
        return (
            answer,
            try await LedgerTwin.expected(Self.codes) {
                _ = try await ledger.fund(TwoWayContract.self, terms, with: funding)
                return "(ok \(name))"
            }
        )
    }

    private func carryOut(_ order: TwoWayContract.Order) async throws -> [String] {
        let id = here.channelID(in: domain)
        let before = try await ledger.contract(TwoWayContract.self, of: id)?.state
        return try await LedgerTwin.expected(Self.codes) {
            let after = try await ledger.carryOut(order, on: id, under: TwoWayContract.self).snapshot.state
            return "(ok \(before != after))"
        }
    }

    // MARK: - Comparing

    private static let codes: [String: [UInt128]] = [
        "two-way.terms": [401, 402, 403, 404], "two-way.foreign-payer": [406], "two-way.not-awaited": [407],
        "two-way.deposit-mismatch": [408], "two-way.out-of-turn": [410], "two-way.sum-mismatch": [411],
        "two-way.stale": [412], "two-way.signature": [413], "two-way.start-signature": [414],
        "two-way.challenge-over": [415], "two-way.challenge-runs": [416], "contract.unknown-channel": [421],
    ]

    func check(_ moment: String) async throws {
        try await other.compareMoney(
            lockedIn: domain.contract, moment,
            balance: { account, side in try pair.balance(account, in: assets[side]) },
            held: { side in try pair.held(in: assets[side]) })
        let known = try await ledger.contract(TwoWayContract.self, of: here.channelID(in: domain))?.state
        let read = try pair.read(there)
        #expect(read?.base == known?.base && read?.phaseName == known?.phaseName, "\(moment)")
        #expect(read?.firstSurplus == known?.firstSurplus, "\(moment)")
        #expect(read?.secondSurplus == known?.secondSurplus, "\(moment)")
        #expect(read?.locked == known?.locked, "\(moment)")
        if case .closing(let newest, _)? = known?.phase, case .closing(let shown, _)? = read?.phase {
            #expect(newest == shown, "\(moment)")
        }
    }
}
