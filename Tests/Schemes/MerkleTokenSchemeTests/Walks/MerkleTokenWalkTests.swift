// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingMerkleTokenScheme
import FarthingPrimitives
import Testing

/// Alice, Bob and Carol over a wire that loses messages both ways, with the contract behind them and crashes of both
/// payees.
@Suite("A random walk over a Merkle-token channel")
struct MerkleTokenWalkTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 20_261_121] as [UInt64])
    func `lets nobody lose what it counts on`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var steps = 0
        while steps < 10_000 {
            var walk = try Walk(seed: random.next())
            steps += try walk.run()
        }
    }
}

private struct Walk {
    /// A payee with its disk and its outbox, and what it knows by its own count.
    struct Shop {
        let payee: Address
        var channel: MerkleTokenChannel
        var disk: [UInt8]
        var outbox: [[UInt8]] = []
        var delivered: UInt128 = 0
        var paidOut: UInt128 = 0
        var open: [(id: ReservationID, price: UInt128)] = []
        /// The most that was delivered and under way at once, as far as Alice knew.
        var peak: UInt128 = 0
    }

    var random: SeededGenerator
    let seed: UInt64
    var scene: Scene
    var contract: MerkleTokenContract
    var height: UInt64 = 1
    var now = noon
    var shops: [Shop]

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        scene = try Scene(
            count: UInt32.random(in: 1...40, using: &random), amount: UInt128.random(in: 1...5, using: &random),
            others: UInt32.random(in: 1...40, using: &random), salt: "\(seed)")
        contract = try Scene.ledger(scene.terms).state
        shops = [scene.bob, scene.carol].map { Shop(payee: $0.payee, channel: $0, disk: $0.stored) }
    }

    mutating func run() throws -> Int {
        for step in 0..<400 {
            let shop = Int.random(in: 0...1, using: &random)
            switch Int.random(in: 0..<12, using: &random) {
            case 0...4: try request(shop)
            case 5...7: try answer(shop)
            case 8: try redeem(shop)
            case 9: try crash(shop)
            case 10: now = now.advanced(bySeconds: Int64.random(in: 0...40, using: &random))
            default: try lose(shop)
            }
            try check("seed \(seed), step \(step), shop \(shop)")
            if shops.allSatisfy({ $0.channel.purse.authorised == scene.alice.accounts[$0.payee]?.funds }) {
                return step + 1
            }
        }
        return 400
    }

    func check(_ what: Comment) throws {
        for shop in shops {
            let (purse, account) = (shop.channel.purse, try #require(scene.alice.accounts[shop.payee]))
            #expect(purse.earned <= purse.authorised, what)
            // Captured ≤ charged ≤ authorised ≤ deposited.
            #expect(shop.paidOut <= purse.charged.units, what)
            #expect(shop.channel.captured.units <= shop.paidOut, what)
            #expect(purse.authorised <= account.authorised, what)
            #expect(account.authorised <= account.funds, what)
            // Nothing that was taken is lost: it was paid out, or it lies in the outbox.
            let kept = try shop.outbox.map { try MerkleTokenChannel.effect(stored: $0) }
            let unpaid = kept.filter { !contract.spent.contains($0.token.index) }
            #expect(unpaid.reduce(shop.paidOut) { $0 + $1.token.amount.units } == purse.authorised.units, what)
            // Alice never showed more than she needed for all that was under way at once, but for the rounding.
            #expect(account.authorised.units < max(shop.peak, 1) + account.amount.units, what)
            #expect(account.charged.units <= shop.delivered, what)
            #expect(shop.disk.count < 600, what)
        }
        let paid = shops.reduce(0) { $0 + $1.paidOut }
        #expect(contract.locked.units + paid == scene.terms.deposit?.units, what)
    }

    mutating func request(_ shop: Int) throws {
        guard shops[shop].open.count < 8 else { return }
        let (id, payee) = (scene.request(), shops[shop].payee)
        let price = UInt128.random(in: 0...9, using: &random)
        let sent: UnverifiedMerkleTokens?
        do { sent = try scene.alice.apply(.paymentAsked(id, price: units(price), most: 64), of: payee) } catch {
            return
        }
        guard let sent, let account = scene.alice.accounts[payee] else { return }
        shops[shop].peak = max(
            shops[shop].peak, account.charged.units + account.purse.underWay.values.reduce(0) { $0 + $1.units })
        guard Int.random(in: 0..<10, using: &random) > 0 else {
            // It is lost on its way, and Alice never knows.
            _ = try scene.alice.apply(.unanswered(id), of: payee)
            return
        }
        let reservation = Purse.Reservation(
            id: id, price: units(price), until: now.advanced(bySeconds: Int64.random(in: 1...90, using: &random)))
        do {
            let channel = shops[shop].channel
            let payment = try sent.verified(for: payee, of: scene.terms, tag: channel.tag, most: 64)
            try commit(.paymentArrived(payment, for: reservation, at: now), at: shop)
            shops[shop].open.append((id, price))
        } catch let refusal as MerkleTokenChannel.Refusal {
            guard refusal.callsForCorrection else {
                _ = try scene.alice.apply(.notServed(id), of: payee)
                return
            }
            let channel = shops[shop].channel
            _ = try scene.alice.apply(
                .corrected(id, charged: channel.purse.charged, floor: channel.seen.floor), of: payee)
        }
    }

    mutating func answer(_ shop: Int) throws {
        guard let index = shops[shop].open.indices.randomElement(using: &random) else { return }
        let ((id, price), payee) = (shops[shop].open.remove(at: index), shops[shop].payee)
        if Int.random(in: 0..<6, using: &random) == 0 {
            try? commit(.released(id), at: shop)
            _ = try scene.alice.apply(.notServed(id), of: payee)
            return
        }
        let charge = UInt128.random(in: 0...price, using: &random)
        do { try commit(.served(id, price: units(charge), at: now), at: shop) } catch {
            // It took too long, and nothing was charged.
            _ = try scene.alice.apply(.notServed(id), of: payee)
            return
        }
        shops[shop].delivered += charge
        if Int.random(in: 0..<6, using: &random) == 0 {
            _ = try scene.alice.apply(.unanswered(id), of: payee)
        } else {
            let channel = shops[shop].channel
            _ = try scene.alice.apply(
                .served(
                    id, charged: channel.purse.lastCharge, total: channel.purse.charged, floor: channel.seen.floor),
                of: payee)
        }
    }

    /// As the books of a node do it; the payee may die after each step.
    mutating func redeem(_ shop: Int) throws {
        let channel = shops[shop].channel
        let kept = try shops[shop].outbox.map { try MerkleTokenChannel.effect(stored: $0) }
        let due = Array(kept.prefix { $0.total <= channel.purse.earned })
        guard let last = due.last, let order = channel.redemption(of: due) else { return }
        height += 1
        let context = ContractContext(
            domain: Scene.domain, channel: scene.id, block: Block(height: height, time: now))
        let payouts = try contract.carryOut(order, in: context)
        #expect(payouts.allSatisfy { $0.receiver == shops[shop].payee })
        shops[shop].paidOut += payouts.reduce(0) { $0 + $1.amount.units }
        if Int.random(in: 0..<4, using: &random) == 0 { return try crash(shop) }
        try commit(.observed(ContractSnapshot(state: contract, block: context.block)), at: shop)
        try commit(.captured(last.total), at: shop)
        for _ in due {
            if Int.random(in: 0..<20, using: &random) == 0 { return try crash(shop) }
            shops[shop].outbox.removeFirst()
        }
    }

    /// A request that a payee still works on, and Alice gave up.
    mutating func lose(_ shop: Int) throws {
        guard let index = shops[shop].open.indices.randomElement(using: &random) else { return }
        let (id, _) = shops[shop].open.remove(at: index)
        _ = try scene.alice.apply(.unanswered(id), of: shops[shop].payee)
        // Nobody takes the answer, but the payee does not know that.
        try? commit(.served(id, price: .zero, at: now), at: shop)
    }

    mutating func crash(_ shop: Int) throws {
        for request in shops[shop].open { _ = try? scene.alice.apply(.unanswered(request.id), of: shops[shop].payee) }
        shops[shop].open = []
        shops[shop].channel = try MerkleTokenChannel(stored: shops[shop].disk)
    }

    mutating func commit(_ event: MerkleTokenChannel.Event, at shop: Int) throws {
        let before = shops[shop].channel
        do {
            let effects = try shops[shop].channel.apply(event)
            shops[shop].outbox += effects.map(MerkleTokenChannel.stored)
        } catch {
            #expect(shops[shop].channel == before, "a refusal changed something")
            throw error
        }
        shops[shop].disk = shops[shop].channel.stored
    }
}
