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
        var (steps, closed, expired) = (0, 0, 0)
        while steps < 10_000 {
            var walk = try Walk(seed: random.next())
            steps += try walk.run()
            if walk.end == .closed { closed += 1 }
            if walk.end == .expired { expired += 1 }
        }
        #expect(closed > 5 && expired > 5, "\(closed) were closed, \(expired) expired")
    }
}

private struct Walk {
    enum End {
        case closed
        case expired
    }

    var random: SeededGenerator
    let seed: UInt64
    var scene: Scene
    var contract: HashChainContract
    var height: UInt64 = 1
    var now = noon
    /// What Bob's disk has.
    var disk: [UInt8]
    /// What he has still to do, also by his disk.
    var outbox: [[UInt8]] = []
    var end: End?
    private let closer: KeySigner
    /// What Bob delivered and charged, by his own count.
    var delivered: UInt128 = 0
    /// The requests under way: what both think of them.
    var open: [(id: ReservationID, price: UInt128, payment: HashChainPayment)] = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        // A hash that is no key turns up once in 2^128.
        guard let key = PrivateKey(hash("the key of Bob").bytes) else { throw StoredFormError.damaged }
        closer = KeySigner(key)
        scene = try Scene(
            count: UInt32.random(in: 1...60, using: &random), step: UInt128.random(in: 1...5, using: &random),
            authorizer: closer.address)
        let snapshot = try Scene.ledger(scene.terms)
        contract = snapshot.state
        disk = scene.bob.stored
    }

    mutating func run() throws -> Int {
        for step in 0..<400 {
            let charged = scene.bob.purse.charged
            switch Int.random(in: 0..<200, using: &random) {
            case 0, 1: try close()
            case 2: try expire()
            case 3..<60 where !outbox.isEmpty: try handIn()
            default: try trade()
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
            let paid = try #require(scene.terms.deposit?.units) - contract.locked.units
            #expect(contract.phase == .open ? paid == captured : contract.locked.isZero, what)
            guard end == nil, scene.bob.best.index < scene.terms.stepCount else { return step + 1 }
        }
        return 400
    }

    private mutating func trade() throws {
        switch Int.random(in: 0..<12, using: &random) {
        case 0...4: try request()
        case 5...7: try answer()
        case 8: try redeem()
        case 9: crash()
        case 10: now = now.advanced(bySeconds: Int64.random(in: 0...40, using: &random))
        default: try lose()
        }
    }

    private var context: ContractContext {
        ContractContext(domain: Scene.domain, channel: scene.id, block: Block(height: height, time: now))
    }

    /// Alice asks for the rest; Bob may die before he does what he signed for.
    private mutating func close() throws {
        guard scene.bob.best.index > scene.bob.redeemed else { return }
        let shown = try UnverifiedHashChainStep(scene.bob.best).verified(
            after: scene.bob.best, of: scene.terms, tag: scene.bob.tag, longest: 100)
        // He still works for her, or he does it already.
        do { try commit(.closeAsked(shown)) } catch is HashChainChannel.Refusal { return }
        if Bool.random(using: &random) { crash() } else { try handIn() }
    }

    /// Does what lies in the outbox; Bob may die after the contract did it, and does it once more then.
    private mutating func handIn() throws {
        let stored = try #require(outbox.first)
        guard case .submitClose(let step) = try HashChainChannel.effect(stored: stored) else { return }
        height += 1
        let digest = HashChainContract.closeDigest(of: scene.id, upTo: step.index, in: Scene.domain)
        let (before, locked) = (contract.redeemed.index, contract.locked.units)
        let payouts = try contract.carryOut(.close(step, signature: closer.signNow(digest)), in: context)
        let rest = payouts.filter { $0.receiver == scene.terms.payer }.reduce(0) { $0 + $1.amount.units }
        #expect(rest + UInt128(step.index - before) * scene.terms.stepAmount.units == locked, "and once only")
        if Bool.random(using: &random) { return crash() }
        try commit(.observed(ContractSnapshot(state: contract, block: context.block)))
        outbox.removeFirst()
        #expect(contract.redeemed.index == scene.bob.earnedSteps, "whoever closes loses nothing")
        end = .closed
    }

    /// The time is up: Bob takes what he earned while he may, and Alice the rest.
    private mutating func expire() throws {
        guard outbox.isEmpty else { return }
        crash()
        now = Instant(unixSeconds: Int64(scene.terms.expiry) - 1)
        if let step = scene.bob.redemption {
            height += 1
            #expect(throws: HashChainContract.Refusal.notExpired(until: scene.terms.expiry, now: now)) {
                try contract.carryOut(.reclaim, in: context)
            }
            _ = try contract.carryOut(.redeem(step), in: context)
            try commit(.observed(ContractSnapshot(state: contract, block: context.block)))
        }
        #expect(contract.redeemed.index == scene.bob.earnedSteps)
        now = now.advanced(bySeconds: 1)
        height += 1
        let rest = contract.locked
        let payouts = try contract.carryOut(.reclaim, in: context)
        #expect(payouts == (rest.isZero ? [] : [Payout(to: scene.terms.payer, rest)]))
        try commit(.observed(ContractSnapshot(state: contract, block: context.block)))
        #expect(scene.bob.phase == .closed)
        end = .expired
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
        do { outbox += try scene.bob.apply(event).map(HashChainChannel.stored) } catch {
            #expect(scene.bob == before, "a refusal changed something")
            throw error
        }
        disk = scene.bob.stored
    }
}
