// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

/// Alice and Bob over a wire that loses messages both ways, with the contract behind them and crashes of Bob.
@Suite("A random walk over a two-way channel")
struct TwoWayWalkTests {
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
    var alice: TwoWayPayer
    var bob: TwoWayChannel
    let deposit: UInt128
    let aliceKey: PublicKey
    let bobKey: PublicKey
    /// What Bob's disk has the stored form of.
    var disk: TwoWayChannel
    /// What Bob delivered and charged, by his own count.
    var delivered: UInt128 = 0
    /// The most that was delivered and under way at once, as far as Alice knew.
    var peak: UInt128 = 0
    /// The requests under way.
    var open: [(id: ReservationID, price: UInt128)] = []
    /// States that both signed, any of which either may show.
    var states: [TwoWayPayment] = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        deposit = UInt128.random(in: 1...300, using: &random)
        scene = try Scene(first: deposit)
        (alice, bob) = (scene.payer(), scene.payee())
        aliceKey = try scene.signed(state(1, 0, 0), by: .first).signer
        bobKey = try scene.signed(state(1, 0, 0), by: .second).signer
        disk = bob
    }

    mutating func run() throws -> Int {
        for step in 0..<400 {
            switch Int.random(in: 0..<60, using: &random) {
            case 0..<25: try request()
            case 25..<43: try answer()
            case 43..<47: try lose()
            case 47..<51: crash()
            case 51..<56: scene.wait(seconds: Int64.random(in: 0...40, using: &random))
            case 56..<58: try look()
            case 58: if Bool.random(using: &random) { try endByAgreement() }
            default: if Int.random(in: 0..<4, using: &random) == 0 { try endAlone() }
            }
            try check(Comment(rawValue: "seed \(seed), step \(step)"))
            if scene.contract.phaseName == "closed" { return step + 1 }
        }
        return 400
    }

    private func check(_ what: Comment) throws {
        let purse = bob.purse
        #expect(purse.earned <= purse.authorised, what)
        #expect(purse.authorised.units <= deposit, what)
        #expect(purse.authorised == bob.party.newest.secondBalance, what)
        #expect(purse.authorised <= alice.authorised, what)
        // Alice never gave more than she needed for all that was under way at once.
        #expect(alice.authorised.units <= peak, what)
        #expect(alice.charged.units <= delivered, what)
        #expect(alice.party.floor.units + peak >= deposit, what)
        #expect(alice.party.newest.nonce <= bob.party.newest.nonce, what)
    }

    // MARK: - Paying

    mutating func request() throws {
        guard open.count < 8, alice.party.isOpen else { return }
        let id = scene.request()
        let price = UInt128.random(in: 0...9, using: &random)
        guard let effects = try? alice.apply(.paymentAsked(id, price: units(price))) else { return }
        let sent = try #require(proposed(effects))
        peak = max(peak, alice.charged.units + alice.purse.underWay.values.reduce(0) { $0 + $1.units })
        guard Int.random(in: 0..<10, using: &random) > 0 else {
            // It is lost on its way, and Alice never knows.
            _ = try alice.apply(.unanswered(id))
            return
        }
        let payment = try scene.signed(sent, by: .first, key: aliceKey)
        let reservation = scene.reservation(id, price, seconds: Int64.random(in: 1...90, using: &random))
        do {
            try commit(.paymentArrived(payment, for: reservation, at: scene.block.time))
            #expect(bob.party.newest.nonce >= payment.state.nonce)
            states.append(payment)
            open.append((id, price))
        } catch let refusal as TwoWayChannel.Refusal {
            guard refusal.callsForCorrection else {
                _ = try alice.apply(.notServed(id))
                return
            }
            _ = try alice.apply(.corrected(id, charged: bob.purse.charged))
        }
    }

    mutating func answer() throws {
        guard let index = open.indices.randomElement(using: &random) else { return }
        let (id, price) = open.remove(at: index)
        if Int.random(in: 0..<6, using: &random) == 0 {
            _ = try? commit(.released(id))
            _ = try alice.apply(.notServed(id))
            return
        }
        let charge = UInt128.random(in: 0...price, using: &random)
        do { try commit(.served(id, price: units(charge), at: scene.block.time)) } catch {
            // It took too long, and nothing was charged.
            _ = try alice.apply(.notServed(id))
            return
        }
        delivered += charge
        if Int.random(in: 0..<6, using: &random) == 0 {
            _ = try alice.apply(.unanswered(id))
            return
        }
        // Bob may keep his signature to himself.
        let isSigned = Int.random(in: 0..<4, using: &random) > 0
        let countersigned =
            isSigned && bob.party.newest.nonce > 0
            ? try scene.signed(bob.party.newest, by: .second, key: bobKey) : nil
        _ = try alice.apply(
            .served(id, charged: bob.purse.lastCharge, total: bob.purse.charged, countersigned: countersigned))
    }

    /// A request that Bob still works on, and Alice gave up.
    mutating func lose() throws {
        guard let index = open.indices.randomElement(using: &random) else { return }
        let (id, _) = open.remove(at: index)
        _ = try alice.apply(.unanswered(id))
        _ = try? commit(.served(id, price: .zero, at: scene.block.time))
    }

    mutating func crash() {
        for request in open { _ = try? alice.apply(.unanswered(request.id)) }
        open = []
        guard let again = try? TwoWayChannel(stored: disk.stored) else { return }
        #expect(again.isStoredLike(bob))
        bob = again
    }

    @discardableResult
    mutating func commit(_ event: TwoWayChannel.Event) throws -> [TwoWayChannel.Effect] {
        let before = bob
        do {
            let effects = try bob.apply(event)
            disk = bob
            return effects
        } catch {
            #expect(bob == before, "a refusal changed something")
            throw error
        }
    }

    // MARK: - Ending

    /// Both read the contract, and do what they have to.
    mutating func look() throws {
        for effect in try commit(.observed(scene.snapshot)) {
            if let order = scene.order(for: effect) { try scene.send(order) }
        }
        for effect in try alice.apply(.observed(scene.snapshot)) {
            if let order = scene.order(for: effect, of: .first) { try scene.send(order) }
        }
    }

    mutating func endByAgreement() throws {
        guard open.isEmpty, let effect = try? alice.apply(.closeAsked(credit: .zero)).first,
            case .signClose(let end) = effect
        else { return }
        let payment = try scene.signed(end, by: .first, isClose: true, key: aliceKey)
        let effects: [TwoWayChannel.Effect]
        do { effects = try commit(.closeAsked(payment)) } catch {
            // Alice did not know of all that was charged: she hears of it, and ends alone or asks again.
            #expect(alice.charged < bob.purse.charged || !bob.purse.reservations.isEmpty)
            return
        }
        // He may die before he hands it in, and it lies in the outbox then; to ask again adds nothing.
        if Bool.random(using: &random) { crash() }
        #expect(try bob.apply(.closeAsked(payment)) == [])
        let order = try #require(effects.first.flatMap { scene.order(for: $0) })
        try scene.send(order)
        try look()
        #expect(bob.captured == bob.purse.charged)
        #expect(alice.charged == bob.captured)
    }

    /// One of them ends the channel with any state that both signed, even an old one.
    mutating func endAlone() throws {
        let side: TwoWaySide = Bool.random(using: &random) ? .first : .second
        let shown = states.randomElement(using: &random)
        let effect = TwoWayParty.Effect.startClose(shown, nonce: shown?.state.nonce ?? 0)
        // He signs as the second, whoever asks for the end.
        guard case .startClose(let signed, _)? = scene.order(for: effect, of: .second) else { return }
        let digest = TwoWayContract.startCloseDigest(of: scene.id, at: shown?.state.nonce ?? 0, in: Scene.domain)
        try scene.send(.startClose(signed, Scene.person(side).sign(digest)))
        // Until he looks, Bob goes on, and so does she.
        for _ in 0..<Int.random(in: 0...4, using: &random) { try request() }
        try look()
        scene.wait(seconds: 1)
        try look()
        #expect(!bob.party.isOpen)
        scene.wait(seconds: 3600)
        try look()
        try look()
        #expect(scene.contract.phaseName == "closed")
        // Bob has all that was authorised, whatever was shown: charged ≤ captured = authorised.
        #expect(bob.captured == bob.purse.authorised)
        #expect(bob.captured >= bob.purse.earned)
        #expect(bob.captured.units <= peak)
    }
}
