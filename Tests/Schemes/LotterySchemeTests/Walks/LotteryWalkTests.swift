// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

/// Alice and Bob over a wire that loses messages both ways, with the contract behind them and crashes of Bob.
@Suite("A random walk over a lottery channel")
struct LotteryWalkTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 20_261_121] as [UInt64])
    func `lets neither side lose what it counts on`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var (steps, taken, won) = (0, 0, 0)
        var (overtaking, ahead) = (0, 0)
        while steps < 10_000 {
            var walk = try Walk(seed: random.next())
            steps += try walk.run()
            taken += walk.taken
            won += walk.won
            (overtaking, ahead) = (overtaking + walk.overtaking, ahead + walk.ahead)
        }
        #expect(taken > 500 && won > 20, "the walk hardly moved: \(taken) tickets, \(won) winners")
        #expect(overtaking > 20 && ahead > 2, "hardly attacked: \(overtaking) times, \(ahead) orders handed in before")
    }
}

private struct Walk {
    var random: SeededGenerator
    let seed: UInt64
    var scene: Scene
    var now = noon
    /// What Bob's disk has: the channel, and the effects that were not carried out.
    var disk: [UInt8]
    var outbox: [LotteryChannel.Effect] = []
    /// What Bob delivered, and what the contract paid him.
    var (delivered, paid): (UInt128, UInt128) = (0, 0)
    /// What all tickets that Bob took are worth.
    var worth: UInt128 = 0
    var (taken, won) = (0, 0)
    /// How often Alice tried to overtake a winner that waited, and how often she handed in Bob's order before him.
    var (overtaking, ahead) = (0, 0)
    /// What the contract said before, and may say once more.
    var old: [ContractSnapshot<LotteryContract>] = []
    /// The requests under way.
    var open: [(id: ReservationID, price: UInt128)] = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        scene = try Scene(
            deposit: UInt128.random(in: 0...500, using: &random),
            reserve: UInt128.random(in: 400...4000, using: &random),
            worstCase: UInt128.random(in: 100...5000, using: &random), odds: UInt32.random(in: 2...60, using: &random),
            taking: Bool.random(using: &random) ? [.bob] : [])
        disk = scene.bob.stored
    }

    mutating func run() throws -> Int {
        for step in 0..<400 {
            let (nonce, epoch, charged) = (scene.bob.nonce, scene.bob.epoch, scene.bob.purse.charged)
            switch Int.random(in: 0..<18, using: &random) {
            case 0...4: try request()
            case 5...8: try answer()
            case 9...10: try redeem()
            case 11: crash()
            case 12: now = now.advanced(bySeconds: Int64.random(in: 0...400, using: &random))
            case 13: try observe()
            case 14: try befriend()
            case 15...16: try attack()
            default: try lose()
            }
            let what = Comment(rawValue: "seed \(seed), step \(step)")
            let (bob, alice) = (scene.bob, scene.alice)
            #expect(bob.nonce >= nonce && bob.epoch >= epoch && bob.purse.charged >= charged, what)
            // Charged ≤ authorised, which is what the tickets are worth; and no more than Alice knows of.
            #expect(bob.purse.charged.units == delivered, what)
            #expect(delivered <= worth && worth == bob.purse.authorised.units, what)
            #expect(worth <= alice.spent.units, what)
            #expect(alice.charged.units <= delivered, what)
            // What has won and waits can be paid out of Bob's seat alone, and Alice never risks more than she allows.
            let reserve = scene.contract.seats[Person.bob.address]?.reserve ?? .zero
            #expect(bob.unclaimed <= reserve || bob.readIn.height < scene.block.height, what)
            #expect(alice.exposure <= alice.policy.worstCase, what)
            #expect(bob.captured.units <= paid, what)
            #expect(bob.captured.units == paid || bob.readIn.height < scene.block.height, what)
            // Where Alice's own key signs for the seat, Bob takes nothing.
            let seat = scene.contract.seats[Person.bob.address]
            #expect(seat == nil || seat?.authorizer == Person.clerk.address || taken == 0, what)
        }
        try finish()
        return 400
    }

    /// Every ticket that has won is paid in full in the end, or was late.
    mutating func finish() throws {
        // Each try pays one winner or lets it go, unless Bob dies before he hears of it.
        for _ in 0..<1000 where scene.bob.redemption != nil {
            outbox = scene.bob.redemption.map { [.redeem($0)] } ?? []
            try redeem()
            try observe()
        }
        #expect(scene.bob.redemption == nil, "seed \(seed)")
        #expect(scene.bob.room == scene.contract.seats[Person.bob.address]?.reserve ?? .zero)
        try observe()
        #expect(scene.bob.captured.units == paid, "seed \(seed)")
    }

    mutating func request() throws {
        guard open.count < 8 else { return }
        let id = scene.request()
        let price = UInt128.random(in: 0...9, using: &random)
        guard
            let asked = try? scene.alice.apply(
                .paymentAsked(id, price: units(price), longest: 64, at: now))
        else { return }
        guard Int.random(in: 0..<10, using: &random) > 0 else {
            // It is lost on its way, and Alice never knows.
            _ = try scene.alice.apply(.unanswered(id))
            return
        }
        let unverified: UnverifiedLotteryPayment =
            switch asked {
            case .seat: .seat(Person.alice.sign(scene.alice.seatDigest(in: Scene.domain)))
            case .ticket(let ticket): .ticket(ticket, scene.sign(ticket))
            }
        if let order = scene.bob.preparation(for: unverified, under: Scene.offer, in: Scene.domain) {
            _ = try? scene.order(order, at: now)
            try observe()
        }
        do {
            let payment = try scene.verified(unverified)
            let until = now.advanced(bySeconds: Int64.random(in: 1...90, using: &random))
            try commit(
                .paymentArrived(
                    payment, for: Purse.Reservation(id: id, price: units(price), until: until), at: now))
            worth += payment.ticket.expectedValue.units
            taken += 1
            if payment.winner != nil { won += 1 }
            open.append((id, price))
        } catch let refusal as LotteryChannel.Refusal {
            guard refusal.callsForCorrection else {
                _ = try scene.alice.apply(.notServed(id))
                return
            }
            _ = try scene.alice.apply(.corrected(id, scene.statement))
        }
    }

    mutating func answer() throws {
        guard let index = open.indices.randomElement(using: &random) else { return }
        let (id, price) = open.remove(at: index)
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
            _ = try scene.alice.apply(.served(id, charged: scene.bob.purse.lastCharge, scene.statement))
        }
    }

    /// Carries out what lies in the outbox; Bob may die before he hears of it, and does it again.
    mutating func redeem() throws {
        guard case .redeem(let winner) = outbox.first else { return }
        let isDue = scene.bob.redemption == winner
        // What is no more due may be left out.
        if !isDue, Bool.random(using: &random) {
            outbox.removeFirst()
            return
        }
        do {
            let amount = try pay(winner)
            #expect(isDue || amount == 0, "seed \(seed): it was paid, or too late")
            if Int.random(in: 0..<3, using: &random) == 0 { return crash() }
            outbox.removeFirst()
            try observe()
            let known = scene.bob
            try commit(.captured(units(amount)))
            #expect(scene.bob == known)
        } catch let refusal as LotteryContract.Refusal {
            guard case .ticketExpired = refusal else {
                // A later one can only have been paid when this one was.
                guard case .staleNonce = refusal, !isDue else { throw refusal }
                outbox.removeFirst()
                return
            }
            outbox.removeFirst()
        }
    }

    /// Hands in Bob's order for a winner; what it pays.
    mutating func pay(_ winner: LotteryWinner) throws -> UInt128 {
        let payouts = try scene.order(scene.order(for: winner), at: now)
        let amount = payouts.reduce(UInt128(0)) { $0 + $1.amount.units }
        #expect(payouts.isEmpty || amount == winner.ticket.faceValue.units, "seed \(seed): paid in full")
        paid += amount
        return amount
    }

    /// Alice signs what she likes, and wants a ticket of her own paid in place of Bob's winners, or before them.
    mutating func attack() throws {
        let (before, winner) = (scene.contract, scene.bob.redemption)
        guard let seat = before.seats[Person.bob.address] else {
            // Or she gives Bob a seat for which her own key signs.
            if Int.random(in: 0..<20, using: &random) == 0 {
                _ = try? scene.order(Scene.taking(.bob, authorizer: .alice, of: scene.id), at: now)
            }
            return
        }
        let other: Person = seat.authorizer == Person.alice.address ? .clerk : .alice
        let second = try? scene.order(Scene.taking(.bob, authorizer: other, of: scene.id), at: now)
        #expect(second == nil, "seed \(seed): another key signs for the seat")
        guard seat.authorizer == Person.clerk.address else { return }
        let seen = Bool.random(using: &random) ? winner?.secret : nil
        let secret = seen ?? hash("Alice's own")
        let nonces = [winner?.ticket.nonce ?? 1, seat.nonce + 1, scene.alice.nonce + 1, .max]
        let ticket = LotteryTicket(
            payee: Person.bob.address,
            commitment: LotteryDraw.commitment(to: secret, by: Person.bob.address, in: scene.id),
            nonce: nonces.randomElement(using: &random) ?? 1,
            faceValue: units(UInt128.random(in: 1...50, using: &random)), threshold: .max, expiry: scene.terms.expiry)
        let made = LotteryWinner(ticket: ticket, signature: scene.sign(ticket), secret: secret)
        let stolen = winner.map { Person.clerk.sign($0.digest(of: scene.id, in: Scene.domain)) }
        let signatures = [stolen, Person.alice.sign(made.digest(of: scene.id, in: Scene.domain))].compactMap(\.self)
        for signature in signatures {
            let payouts = (try? scene.order(made.order(authorizedBy: signature), at: now)) ?? []
            #expect(payouts.isEmpty && scene.contract == before, "seed \(seed): overtaken")
        }
        guard let winner else { return }
        overtaking += 1
        guard Int.random(in: 0..<4, using: &random) == 0, let amount = try? pay(winner) else { return }
        if amount > 0 { ahead += 1 }
    }

    mutating func observe() throws {
        scene.block = Block(height: scene.block.height + 1, time: now)
        try commit(.observed(scene.snapshot))
        if let past = old.randomElement(using: &random) {
            let known = scene.bob
            try commit(.observed(past))
            #expect(scene.bob == known, "seed \(seed): what is older changes nothing")
        }
        old = old.suffix(3) + [scene.snapshot]
        if Bool.random(using: &random) { _ = try scene.alice.apply(.observed(scene.snapshot)) }
    }

    /// A friend of Alice wins some of the deposit away.
    mutating func befriend() throws {
        guard Int.random(in: 0..<10, using: &random) == 0 else { return }
        let friend = Person.mallory.address
        if scene.contract.seats[friend] == nil {
            _ = try? scene.order(Scene.taking(.mallory, of: scene.id), at: now)
        }
        let nonce = (scene.contract.seats[friend]?.nonce ?? 0) + 1
        let secret = hash("the friend's")
        let ticket = LotteryTicket(
            payee: friend, commitment: LotteryDraw.commitment(to: secret, by: friend, in: scene.id), nonce: nonce,
            faceValue: units(100), threshold: .max, expiry: scene.terms.expiry)
        _ = try? scene.order(scene.redeeming(ticket, secret: secret, authorizer: .mallory), at: now)
    }

    /// A request that Bob still works on, and Alice gave up.
    mutating func lose() throws {
        guard let index = open.indices.randomElement(using: &random) else { return }
        let (id, _) = open.remove(at: index)
        _ = try scene.alice.apply(.unanswered(id))
        // Nobody takes the answer, but Bob does not know that.
        _ = try? commit(.served(id, price: .zero, at: now))
    }

    mutating func crash() {
        for request in open { _ = try? scene.alice.apply(.unanswered(request.id)) }
        open = []
        if let bob = try? LotteryChannel(stored: disk) { scene.bob = bob }
    }

    /// State and effects go to the disk together.
    mutating func commit(_ event: LotteryChannel.Event) throws {
        let before = scene.bob
        do { outbox += try scene.bob.apply(event) } catch {
            #expect(scene.bob == before, "a refusal changed something")
            throw error
        }
        disk = scene.bob.stored
    }
}
