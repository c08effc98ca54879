// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A random walk over a two-way contract")
struct TwoWayContractWalkTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 20_261_121] as [UInt64])
    func `leaves no party that answers in time with less than its newest state gives it`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var ends: [String: Int] = [:]
        for round in 0..<40 {
            var walk = try TwoWayWalk(&random, what: Comment(rawValue: "seed \(seed), round \(round)"))
            for _ in 0..<25 { try walk.step(&random) }
            try walk.end(&random)
            ends[walk.ending, default: 0] += 1
        }
        // The walk went everywhere.
        #expect(Set(ends.keys).isSuperset(of: ["cancelled", "together", "alone", "challenged"]), "\(ends)")
    }
}

/// Two parties, of which at most one cheats, and Mallory, who has seen everything that was ever signed.
private struct TwoWayWalk {
    let stage: TwoWayStage
    let what: Comment
    /// Who does whatever it likes; `nil` when both keep to what they said.
    let cheat: TwoWaySide?
    var contract: PlayedContract<TwoWayContract>
    var ending = "alone"

    // What the walk itself keeps, whatever the contract says.

    /// What the newest state, signed by both, gives each.
    var latest: TwoWayState
    /// Every state that both have signed, and every order that anybody could have kept.
    var states: [SignedTwoWayState] = []
    var orders: [TwoWayContract.Order] = []
    /// The newest state that each party can show.
    var known: [TwoWaySide: SignedTwoWayState] = [:]
    /// Who has paid, and does not have the other's signature yet.
    var unanswered: TwoWaySide?
    var surplus: [TwoWaySide: UInt128] = [.first: 0, .second: 0]
    var withdrawn: [TwoWaySide: UInt128] = [.first: 0, .second: 0]
    /// A resize that both have signed and nobody has handed in.
    var resize: TwoWayResize?
    /// Whether both have signed an end, after which nobody signs anything.
    var isEnding = false

    init(_ random: inout SeededGenerator, what: Comment) throws {
        let first = UInt128.random(in: 0...100, using: &random)
        stage = TwoWayStage(first: first, second: UInt128.random(in: (first == 0 ? 1 : 0)...100, using: &random))
        // Mostly open from the start, so that there is time for more.
        contract = Int.random(in: 0..<4, using: &random) == 0 ? stage.unfunded() : try stage.opened()
        cheat = [nil, .first, .second].randomElement(using: &random) ?? nil
        latest = stage.terms.opening
        self.what = what
    }

    func person(_ side: TwoWaySide) -> Person { side == .first ? .alice : .bob }
    var honest: [TwoWaySide] { TwoWaySide.allCases.filter { $0 != cheat } }

    // MARK: - Steps

    mutating func step(_ random: inout SeededGenerator) throws {
        let side = Bool.random(using: &random) ? TwoWaySide.first : .second
        switch Int.random(in: 0..<16, using: &random) {
        case 0...1: try deposit(by: side, &random)
        case 2...6: pay(from: side, &random)
        case 7: answer()
        case 8: try signResize(&random)
        case 9: try signEnd(&random)
        case 10: try send(startClose(by: side, &random), maybe: true)
        case 11: contract.wait(seconds: Int64.random(in: 0...2500, using: &random))
        case 12: try send(.finalize, maybe: true)
        case 13: try replay(&random)
        case 14: try forge(&random)
        default:
            let giveUp = Int.random(in: 0..<3, using: &random) == 0
            try send(stage.cancel(by: giveUp ? person(side) : .mallory), maybe: true)
        }
        try watch(&random)
        check()
    }

    /// Whatever was not ended is ended by one party alone, and that is always possible.
    mutating func end(_ random: inout SeededGenerator) throws {
        let side = honest.randomElement(using: &random) ?? .first
        switch contract.state.phase {
        case .opening(let funded):
            if let funded { try send(stage.cancel(by: person(funded))) }
        case .open:
            try send(startClose(by: cheat ?? side, &random))
            try watch(&random)
            contract.wait(seconds: 3600)
            try send(.finalize)
        case .closing:
            contract.wait(seconds: 3600)
            try send(.finalize)
        case .closed: break
        }
        #expect(contract.state.locked.isZero, what)
        if contract.state.phase == .closed(nil) { ending = "cancelled" }
        if contract.state.phase == .opening(funded: nil) { ending = "never" }
        guard case .closed(_?) = contract.state.phase else { return }
        for side in honest {
            let least = known[side]?.state ?? contract.state.base
            // Who has paid and heard nothing has agreed to either.
            let floor = min(least.balance(of: side), unanswered == side ? latest.balance(of: side) : .max)
            let due = floor.units + (surplus[side] ?? 0) + (withdrawn[side] ?? 0)
            #expect(contract.paid(to: person(side)).units >= due, what)
        }
    }

    private mutating func deposit(by side: TwoWaySide, _ random: inout SeededGenerator) throws {
        let agreed = stage.terms.deposit(of: side).units
        let isOpen = contract.state.phase == .open
        let amount = isOpen ? UInt128.random(in: 0...9, using: &random) : agreed
        do {
            try contract.fund(amount, by: person(side))
            if isOpen { surplus[side, default: 0] += amount }
        } catch is TwoWayContract.Refusal {}
    }

    /// Both sign a state off the contract; the payer may never hear of it.
    private mutating func pay(from side: TwoWaySide, _ random: inout SeededGenerator) {
        guard contract.state.phase == .open, unanswered == nil, resize == nil, !isEnding else { return }
        let rest = UInt128.random(in: 0...latest.balance(of: side).units, using: &random)
        let total = latest.firstBalance.units + latest.secondBalance.units
        let first = side == .first ? rest : total - rest
        let nonce = latest.nonce + UInt64.random(in: 1...3, using: &random)
        let signed = stage.signed(nonce, first, total - first)
        latest = signed.state
        states.append(signed)
        known[side.other] = signed
        unanswered = side
        if Bool.random(using: &random) { answer() }
    }

    private mutating func answer() {
        guard let side = unanswered else { return }
        known[side] = known[side.other]
        unanswered = nil
    }

    private mutating func signResize(_ random: inout SeededGenerator) throws {
        guard contract.state.phase == .open, unanswered == nil, resize == nil, !isEnding else { return }
        let shares = TwoWaySide.allCases.map { latest.balance(of: $0).units + (surplus[$0] ?? 0) }
        let out = shares.map { UInt128.random(in: 0...$0, using: &random) }
        let order = stage.resize(
            latest.nonce + 1, shares[0] - out[0], shares[1] - out[1], out: (out[0], out[1]))
        guard case .resize(let signed, _) = order else { return }
        resize = signed
        orders.append(order)
        if Bool.random(using: &random) { try send(order) }
    }

    private mutating func signEnd(_ random: inout SeededGenerator) throws {
        guard contract.state.phase == .open, unanswered == nil, resize == nil,
            Bool.random(using: &random)
        else { return }
        isEnding = true
        let order = stage.closeTogether(latest.nonce, latest.firstBalance.units, latest.secondBalance.units)
        orders.append(order)
        if Bool.random(using: &random) { try send(order) }
    }

    private func startClose(by side: TwoWaySide, _ random: inout SeededGenerator) -> TwoWayContract.Order {
        // Who cheats takes any state that it likes better, or none.
        let old = states.filter {
            $0.state.nonce > contract.state.base.nonce && $0.state.total == contract.state.base.total
        }
        let shown = side == cheat ? ([nil] + old).randomElement(using: &random) ?? nil : known[side]
        return stage.startClose(shown, at: contract.state.base.nonce, by: person(side))
    }

    // MARK: - Mallory

    private mutating func replay(_ random: inout SeededGenerator) throws {
        var candidates = orders + states.suffix(5).map(TwoWayContract.Order.challenge)
        candidates += states.suffix(5).map { .closeTogether($0.state, $0.signatures) }
        if let order = candidates.randomElement(using: &random) { try send(order, maybe: true) }
    }

    /// She, or who cheats, signs for the other.
    private mutating func forge(_ random: inout SeededGenerator) throws {
        let forger = cheat.map(person) ?? .mallory
        let signers: TwoWayStage.Signers = cheat == .second ? (.mallory, forger) : (forger, .mallory)
        let total = latest.firstBalance.units + latest.secondBalance.units
        let first = UInt128.random(in: 0...(total + 1), using: &random)
        let second = total - min(first, total)
        let signed = stage.signed(latest.nonce + 1, first, second, by: signers)
        let order = [
            .challenge(signed), stage.startClose(signed, by: forger), .startClose(nil, signed.signatures.second),
            stage.closeTogether(latest.nonce + 1, first, second, by: signers),
            stage.resize(latest.nonce + 1, 0, 0, out: (first, second), by: signers), stage.startClose(by: .mallory),
        ].randomElement(using: &random)
        let before = contract.state
        if let order { try send(order, maybe: true) }
        #expect(contract.state == before, what)
    }

    // MARK: - The contract

    private mutating func send(_ order: TwoWayContract.Order, maybe: Bool = false) throws {
        let before = contract.state.base
        do {
            let payouts = try contract.send(order)
            orders.append(order)
            if case .closeTogether = order, !payouts.isEmpty { ending = "together" }
        } catch let refusal as TwoWayContract.Refusal {
            if !maybe { Issue.record(refusal, what) }
        }
        guard contract.state.base != before, let done = resize else { return }
        // The resize was handed in, by whoever it was.
        #expect(done.state == contract.state.base, what)
        (resize, latest, known) = (nil, done.state, [:])
        surplus = [.first: 0, .second: 0]
        withdrawn[.first, default: 0] += done.firstWithdrawal.units
        withdrawn[.second, default: 0] += done.secondWithdrawal.units
    }

    /// Whoever is honest looks at the contract in time, and answers with the newest state that it can show.
    private mutating func watch(_ random: inout SeededGenerator) throws {
        for side in honest {
            guard case .closing(let shown, let until) = contract.state.phase, let signed = known[side],
                signed.state.nonce > shown.nonce
            else { continue }
            let left = until.seconds(since: contract.block.time)
            // A state that came only after the end cannot help any more, nor does it give its payer more.
            guard left > 0 else { continue }
            contract.wait(seconds: Int64.random(in: 0..<left, using: &random))
            try send(.challenge(signed))
            ending = "challenged"
        }
    }

    private func check() {
        let paid = contract.paid(to: .alice).units + contract.paid(to: .bob).units
        let deposited = contract.deposited.values.reduce(UInt128(0)) { $0 + $1.units }
        #expect(contract.paid(to: .mallory).isZero, what)
        #expect(paid + contract.state.locked.units == deposited, what)
    }
}
