// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHashChainScheme
import FarthingPrimitives
import Testing

/// Alice and Bob over a wire that loses messages both ways, with the contract behind them and crashes of Bob.
@Suite("A random walk over a hash-chain channel")
struct HashChainWalkTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 20_261_121] as [UInt64])
    func `lets neither side lose what it counts on`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var steps = 0
        while steps < 10_000 {
            var walk = try Walk(seed: random.next())
            steps += try walk.run()
        }
    }
}

private struct Walk {
    var random: SeededGenerator
    let seed: UInt64
    var scene: Scene
    var contract: HashChainContract
    var height: UInt64 = 1
    var now = noon
    /// What Bob's disk has.
    var disk: [UInt8]
    /// What Bob delivered and charged, by his own count.
    var delivered: UInt128 = 0
    /// The requests under way: what both think of them.
    var open: [(id: ReservationID, price: UInt128, payment: HashChainPayment)] = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        scene = try Scene(
            count: UInt32.random(in: 1...60, using: &random), step: UInt128.random(in: 1...5, using: &random))
        let snapshot = try Scene.ledger(scene.terms)
        contract = snapshot.state
        disk = scene.bob.stored
    }

    mutating func run() throws -> Int {
        for step in 0..<400 {
            let charged = scene.bob.purse.charged
            switch Int.random(in: 0..<12, using: &random) {
            case 0...4: try request()
            case 5...7: try answer()
            case 8: try redeem()
            case 9: crash()
            case 10: now = now.advanced(bySeconds: Int64.random(in: 0...40, using: &random))
            default: try lose()
            }
            let what = Comment(rawValue: "seed \(seed), step \(step)")
            let purse = scene.bob.purse
            #expect(purse.charged >= charged || open.isEmpty, what)
            #expect(purse.earned <= purse.authorised, what)
            // Captured ≤ charged ≤ authorised ≤ deposited.
            let captured = UInt128(contract.redeemed.index) * scene.terms.stepAmount.units
            #expect(captured <= purse.charged.units, what)
            #expect(purse.authorised.units <= scene.terms.deposit?.units ?? 0, what)
            #expect(purse.authorised <= scene.alice.authorised, what)
            // Alice never revealed more than she needed for all that was under way at once, but for the rounding.
            #expect(scene.alice.authorised.units < peak + scene.terms.stepAmount.units, what)
            #expect(scene.alice.charged.units <= delivered, what)
            if scene.bob.phase == .closed || scene.bob.best.index == scene.terms.stepCount { return step + 1 }
        }
        return 400
    }

    /// The most that was delivered and under way at once, as far as Alice knew.
    var peak: UInt128 = 0

    mutating func request() throws {
        guard open.count < 8 else { return }
        let id = scene.request()
        let price = UInt128.random(in: 0...9, using: &random)
        let sent: HashChainStep?
        do { sent = try scene.alice.apply(.paymentAsked(id, price: units(price), longest: 100)) } catch { return }
        guard let sent else { return }
        peak = max(peak, scene.alice.charged.units + scene.alice.purse.underWay.values.reduce(0) { $0 + $1.units })
        guard Int.random(in: 0..<10, using: &random) > 0 else {
            // It is lost on its way, and Alice never knows.
            _ = try scene.alice.apply(.unanswered(id))
            return
        }
        let reservation = Purse.Reservation(
            id: id, price: units(price), until: now.advanced(bySeconds: Int64.random(in: 1...90, using: &random)))
        do {
            let payment = try UnverifiedHashChainStep(sent).verified(
                after: scene.bob.best, of: scene.terms, tag: scene.bob.tag, longest: 100)
            try commit(.paymentArrived(payment, for: reservation, at: now))
            open.append((id, price, payment))
        } catch let refusal as HashChainChannel.Refusal {
            guard refusal.callsForCorrection else {
                _ = try scene.alice.apply(.notServed(id))
                return
            }
            _ = try scene.alice.apply(
                .corrected(id, charged: scene.bob.purse.charged, revealed: scene.bob.best.index))
        }
    }

    mutating func answer() throws {
        guard let index = open.indices.randomElement(using: &random) else { return }
        let (id, price, _) = open.remove(at: index)
        if Int.random(in: 0..<6, using: &random) == 0 {
            _ = try? commit(.released(id))
            _ = try scene.alice.apply(.notServed(id))
            return
        }
        let charge = UInt128.random(in: 0...price, using: &random)
        do { try commit(.served(id, price: units(charge), at: now)) } catch {
            // It took too long, and nothing was charged.
            _ = try scene.alice.apply(.notServed(id))
            return
        }
        delivered += charge
        if Int.random(in: 0..<6, using: &random) == 0 {
            _ = try scene.alice.apply(.unanswered(id))
        } else {
            _ = try scene.alice.apply(
                .served(id, charged: scene.bob.purse.lastCharge, total: scene.bob.purse.charged))
        }
    }

    mutating func redeem() throws {
        guard let step = scene.bob.redemption else { return }
        height += 1
        let context = ContractContext(
            domain: Scene.domain, channel: scene.id, block: Block(height: height, time: now))
        _ = try contract.carryOut(.redeem(step), in: context)
        // Bob may die before he hears of it.
        if Int.random(in: 0..<3, using: &random) == 0 { return crash() }
        try commit(.observed(ContractSnapshot(state: contract, block: context.block)))
    }

    /// A request that Bob still works on, and Alice gave up.
    mutating func lose() throws {
        guard let index = open.indices.randomElement(using: &random) else { return }
        let (id, _, _) = open.remove(at: index)
        _ = try scene.alice.apply(.unanswered(id))
        // Nobody takes the answer, but Bob does not know that.
        if (try? commit(.served(id, price: .zero, at: now))) == nil { return }
    }

    mutating func crash() {
        for request in open { _ = try? scene.alice.apply(.unanswered(request.id)) }
        open = []
        if let bob = try? HashChainChannel(stored: disk) { scene.bob = bob }
    }

    mutating func commit(_ event: HashChainChannel.Event) throws {
        let before = scene.bob
        do { _ = try scene.bob.apply(event) } catch {
            #expect(scene.bob == before, "a refusal changed something")
            throw error
        }
        disk = scene.bob.stored
    }
}
