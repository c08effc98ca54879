// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

/// Two sides that both propose, at any time, over a wire that loses, repeats and reorders what they send, and that die
/// now and then.
@Suite("A random walk of two sides that pay each other")
struct TwoWayPartyWalkTests {
    @Test(arguments: [1, 2, 3, 4, 5, 20_261_121] as [UInt64])
    func `leaves neither worse off than what it gave`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var collisions = 0
        for _ in 0..<56 {
            var walk = try PartyWalk(seed: random.next())
            try walk.run()
            collisions += walk.collisions
        }
        #expect(collisions > 10, "two proposals met, and one side yielded")
    }
}

private struct PartyWalk {
    struct Message: Hashable {
        let payment: TwoWayPayment
        let isAnswer: Bool
    }

    var random: SeededGenerator
    let seed: UInt64
    var scene: Scene
    var parties: [TwoWaySide: TwoWayParty] = [:]
    let keys: [TwoWaySide: PublicKey]
    /// On the way to a side.
    var wire: [TwoWaySide: [Message]] = [.first: [], .second: []]
    /// All that a side ever signed, by nonce.
    var signed: [TwoWaySide: [UInt64: TwoWayState]] = [.first: [:], .second: [:]]
    /// Nonces that a side refused.
    var seen: [TwoWaySide: UInt64] = [:]
    var collisions = 0

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        scene = try Scene(
            first: UInt128.random(in: 1...100, using: &random), second: UInt128.random(in: 0...100, using: &random))
        for side in TwoWaySide.allCases { parties[side] = scene.party(side) }
        keys = try [
            .first: scene.signed(state(1, 0, 0), by: .first).signer,
            .second: scene.signed(state(1, 0, 0), by: .second).signer,
        ]
    }

    mutating func run() throws {
        for step in 0..<300 {
            let side: TwoWaySide = Bool.random(using: &random) ? .first : .second
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<3: try propose(UInt128.random(in: 0...9, using: &random), by: side)
            case 3..<8: try deliver(to: side)
            case 8: if let last = wire[side]?.randomElement(using: &random) { wire[side]?.append(last) }
            default: if wire[side]?.isEmpty == false { wire[side]?.removeFirst() }
            }
            if Int.random(in: 0..<20, using: &random) == 0 { try crash(side) }
            check(Comment(rawValue: "seed \(seed), step \(step)"))
        }
        try settle()
    }

    /// A side is there again with what it had stored; what was on its way to it is lost.
    mutating func crash(_ side: TwoWaySide) throws {
        guard let party = parties[side] else { return }
        parties[side] = try TwoWayParty(stored: party.stored)
        wire[side] = []
    }

    /// Signs what a side wants to be signed, and sends it.
    mutating func carryOut(_ effects: [TwoWayParty.Effect], of side: TwoWaySide) throws {
        for effect in effects {
            let (state, isAnswer): (TwoWayState, Bool)
            switch effect {
            case .propose(let proposal): (state, isAnswer) = (proposal, false)
            case .countersign(let proposal): (state, isAnswer) = (proposal, true)
            default: throw Scene.Forged()
            }
            let before = signed[side]?.updateValue(state, forKey: state.nonce)
            #expect(before == nil || before == state, "two states with one nonce")
            // A crash right after this loses nothing: the books were stored before.
            if let party = parties[side] { #expect(try TwoWayParty(stored: party.stored) == party) }
            let payment = try scene.signed(state, by: side, key: keys[side])
            wire[side.other]?.append(Message(payment: payment, isAnswer: isAnswer))
        }
    }

    mutating func propose(_ amount: UInt128, by side: TwoWaySide) throws {
        guard var party = parties[side] else { return }
        let floor = party.floor.units
        guard let effects = try? party.apply(.paymentAsked(units(amount), above: seen[side] ?? 0)) else { return }
        #expect(party.floor.units + amount >= floor, "a side gave more than it wanted")
        parties[side] = party
        try carryOut(effects, of: side)
    }

    mutating func deliver(to side: TwoWaySide) throws {
        guard let count = wire[side]?.count, count > 0, var party = parties[side],
            let message = wire[side]?.remove(at: Int.random(in: 0..<count, using: &random))
        else { return }
        let floor = party.floor
        let event: TwoWayParty.Event =
            message.isAnswer ? .countersigned(message.payment) : .proposalArrived(message.payment, owed: .zero)
        do {
            let wasOut = party.proposal != nil
            let effects = try party.apply(event)
            if wasOut, party.proposal == nil, !message.isAnswer { collisions += 1 }
            #expect(party.floor >= floor, "a side is worse off for what it heard")
            parties[side] = party
            try carryOut(effects, of: side)
        } catch {
            #expect(party == parties[side], "a refusal changed something")
            let nonce = message.payment.state.nonce
            if !message.isAnswer { seen[side] = max(seen[side] ?? 0, nonce) }
        }
    }

    private func check(_ what: Comment) {
        for side in TwoWaySide.allCases {
            guard let party = parties[side], let own = signed[side], let theirs = signed[side.other] else { continue }
            // The other may show whatever both signed; this side answers with its newest.
            for (nonce, state) in own where nonce > party.newest.nonce && theirs[nonce] == state {
                #expect(state.balance(of: side) >= party.floor, what)
            }
            // It can prove its newest state.
            let nonce = party.newest.nonce
            #expect(nonce == 0 || (own[nonce] == party.newest && theirs[nonce] == party.newest), what)
            #expect(party.newest.total == scene.terms.deposit, what)
        }
    }

    /// As soon as messages arrive both agree again, however they stand.
    private mutating func settle() throws {
        for _ in 0..<6 {
            for side in TwoWaySide.allCases where parties[side]?.proposal != nil { try propose(0, by: side) }
            for _ in 0..<4 {
                for side in TwoWaySide.allCases { while wire[side]?.isEmpty == false { try deliver(to: side) } }
            }
        }
        let what = Comment(rawValue: "seed \(seed)")
        #expect(parties[.first]?.newest == parties[.second]?.newest, what)
        for side in TwoWaySide.allCases { #expect(parties[side]?.proposal == nil, what) }
        check(what)
        try endAlone()
    }

    /// Each in turn ends the channel with the base, and the other has its newest state all the same.
    private mutating func endAlone() throws {
        let side: TwoWaySide = Bool.random(using: &random) ? .first : .second
        guard var party = parties[side.other] else { return }
        let digest = TwoWayContract.startCloseDigest(of: scene.id, at: 0, in: Scene.domain)
        try scene.send(.startClose(nil, Scene.person(side).sign(digest)))
        for effect in try party.apply(.observed(scene.snapshot)) {
            try scene.send(try #require(scene.order(for: effect, of: side.other)))
        }
        scene.wait(seconds: 3600)
        let payouts = try scene.send(.finalize)
        let paid = payouts.first { $0.receiver == scene.terms.party(side.other) }?.amount ?? .zero
        #expect(paid == party.newest.balance(of: side.other))
    }
}
