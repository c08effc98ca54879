// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingX402
import Testing

@Suite("Mallory at a lottery channel")
struct LotteryAttackTests {
    @Test func `hands in a ticket as another payee (MuP2P 12: a ticket named nobody)`() throws {
        var scene = try Scene(taking: [.bob, .mallory])
        let mallory = LotteryChannel(
            id: scene.id, ledger: scene.snapshot, in: Scene.domain, payee: Person.mallory.address)
        let ticket = scene.ticket(1, wins: true)
        #expect(throws: LotteryChannel.Refusal.foreignPayee(Person.bob.address)) {
            try mallory.verify(
                .ticket(ticket, scene.sign(ticket)), authorizer: Person.mallory.address, longest: 1024,
                in: Scene.domain, secrets: Scene.secrets)
        }
        var stolen = ticket
        stolen.payee = Person.mallory.address
        #expect(throws: LotteryContract.Refusal.self) {
            try scene.order(scene.redeeming(stolen, secret: scene.secret, authorizer: .mallory))
        }
    }

    @Test func `uses a ticket of another channel of the same payer (MuP2P 12)`() throws {
        let scene = try Scene()
        let ticket = scene.ticket(1)
        let other = Person.alice.sign(ticket.digest(for: ChannelID(hash("other")), in: Scene.domain))
        #expect(throws: LotteryChannel.Refusal.ticketSignature) {
            try scene.verified(.ticket(ticket, other))
        }
    }

    @Test func `fills a purse with one ticket, sent fifty times (MuP2P 12)`() throws {
        var scene = try Scene()
        let payment = try scene.verified(scene.ticket(1))
        var served = 0
        for number in 1...50 as ClosedRange<UInt64> {
            let event = LotteryChannel.Event.paymentArrived(
                payment, for: scene.reservation(ReservationID(number), 50), at: noon)
            if (try? scene.bob.apply(event)) != nil { served += 1 }
        }
        #expect(served == 1)
        #expect(throws: LotteryChannel.Refusal.staleNonce(nonce: 1, last: 1)) { try scene.verified(scene.ticket(1)) }
    }

    @Test(arguments: [false, true])
    func `turns the last byte of tickets round, and times whether they win`(wins: Bool) throws {
        var scene = try Scene()
        try scene.take(scene.ticket(1))
        let ticket = scene.ticket(2, wins: wins)
        let signature = scene.sign(ticket)
        let flipped = try Signature(r: signature.r, s: signature.s, isOdd: !signature.isOdd)
        // Nothing is mended in a winner that is not mended in a loser, so both are the same work.
        #expect(try scene.verified(.ticket(ticket, flipped)).signature == flipped)
        #expect(try scene.verified(.ticket(ticket, signature)).signature == signature)
        let forged = scene.sign(ticket, by: .mallory)
        #expect(throws: LotteryChannel.Refusal.ticketSignature) { try scene.verified(.ticket(ticket, forged)) }
    }

    @Test func `signs two tickets with one nonce, and pays with one`() throws {
        var scene = try Scene()
        let (first, second) = (try scene.verified(scene.ticket(1)), try scene.verified(scene.ticket(1, wins: true)))
        _ = try scene.bob.apply(.paid(first, price: units(50), at: noon))
        #expect(throws: LotteryChannel.Refusal.staleNonce(nonce: 1, last: 1)) {
            try scene.bob.apply(.paid(second, price: units(50), at: noon))
        }
        #expect(scene.bob.unclaimed == .zero)
    }

    @Test func `waits for a secret, and signs tickets that cannot win with it (MuP2P 13: the draw was known)`() throws {
        var scene = try Scene()
        let inFlight = try scene.verified(scene.ticket(2, wins: true))
        let late = scene.ticket(9)
        try scene.take(scene.ticket(1, wins: true))
        // The secret of the first is told with its redemption: nothing is taken any more that would be drawn with it.
        #expect(throws: LotteryChannel.Refusal.commitment) { try scene.verified(late) }
        let refusal = #expect(throws: LotteryChannel.Refusal.self) {
            try scene.bob.apply(.paid(inFlight, price: .zero, at: noon))
        }
        #expect(refusal == .commitment)
        #expect(refusal?.callsForCorrection == true)
    }

    @Test func `learns from no refusal what a ticket would have drawn (MuP2P 13)`() throws {
        var scene = try Scene()
        let before = scene.bob
        var answers: Set<LotteryChannel.Refusal> = []
        for nonce in 1...40 as ClosedRange<UInt64> {
            let payment = try scene.verified(scene.ticket(nonce, wins: nonce % 2 == 0))
            do { _ = try scene.bob.apply(.paid(payment, price: units(1000), at: noon)) } catch { answers.insert(error) }
        }
        #expect(answers.count == 1)
        #expect(scene.bob == before)
    }

    @Test func `has a friend win the deposit away, and the seat still pays (MuP2P 14: the payer took it back)`() throws
    {
        var scene = try Scene(deposit: 100, taking: [.bob, .mallory])
        try scene.take(scene.ticket(1, faceValue: 600, wins: true))
        let friend = PayeeSecrets(root: hash("a friend's root")).secret(of: scene.id, epoch: 0)
        let ticket = LotteryTicket(
            payee: Person.mallory.address,
            commitment: LotteryDraw.commitment(to: friend, by: Person.mallory.address, in: scene.id), nonce: 1,
            faceValue: units(100), threshold: .max, expiry: scene.terms.expiry)
        #expect(try scene.order(scene.redeeming(ticket, secret: friend, authorizer: .mallory)).count == 1)
        #expect(scene.contract.deposit == .zero)
        #expect(try scene.redeem() == [Payout(to: Person.bob.address, units(600))])
        _ = try scene.bob.apply(.observed(scene.snapshot))
        #expect(scene.bob.room == units(400))
    }

    @Test func `sends tickets for more than the seat has, since winners wait`() throws {
        var scene = try Scene()
        try scene.take(scene.ticket(1, faceValue: 700, wins: true))
        #expect(throws: LotteryChannel.Refusal.faceValue(units(301), room: units(300))) {
            try scene.take(scene.ticket(2, faceValue: 301))
        }
        try scene.take(scene.ticket(2, faceValue: 300))
    }

    @Test func `has many tickets win that expire before all of them can be redeemed one by one`() throws {
        var scene = try Scene(reserve: 400_000)
        // Each would leave time for itself, if none were before it.
        var taken = 0
        for nonce in 1...64 as ClosedRange<UInt64> {
            let ticket = scene.ticket(nonce, wins: true) { $0.expiry = UInt64(noon.unixSeconds) + 950 }
            do { try scene.take(ticket) } catch {
                #expect((error as? LotteryChannel.Refusal)?.code == "invalid_lottery_ticket_expiring")
                continue
            }
            taken += 1
        }
        #expect(taken == 3)
        // When one is paid, there is time for another.
        try scene.redeem()
        _ = try scene.bob.apply(.observed(scene.snapshot))
        try scene.take(scene.ticket(65) { $0.expiry = UInt64(noon.unixSeconds) + 950 })
        // One that lasts for long enough is taken behind them.
        try scene.take(scene.ticket(66))
    }

    @Test func `signs tickets that win nearly always, and less than it costs to redeem them`() throws {
        var scene = try Scene()
        var offer = Scene.offer
        offer.minimumFaceValue = units(100)
        func verify(_ ticket: LotteryTicket) throws -> LotteryPayment {
            try scene.bob.verify(
                .ticket(ticket, scene.sign(ticket)), under: offer, in: Scene.domain, secrets: Scene.secrets)
        }
        #expect(throws: LotteryChannel.Refusal.smallFace(units(99), least: units(100))) {
            try verify(scene.ticket(1, faceValue: 99) { $0.threshold = .max })
        }
        _ = try scene.bob.apply(.paid(verify(scene.ticket(1, faceValue: 100)), price: units(50), at: noon))
        // A seat that can pay no such ticket is none to be paid from.
        #expect(LotteryChannel.mismatch(of: scene.terms, with: offer, price: units(5)) == nil)
        offer.minimumFaceValue = units(1001)
        #expect(LotteryChannel.mismatch(of: scene.terms, with: offer, price: units(5)) == "reserve")
    }

    @Test func `opens a fund whose seats are all taken, or whose reserve is spent`() throws {
        var full = try Scene(seats: 1, taking: [.mallory])
        let seat = UnverifiedLotteryPayment.seat(Scene.seat(.bob, of: full.id))
        #expect(full.bob.preparation(for: seat, under: Scene.offer, in: Scene.domain) == nil)
        #expect(throws: LotteryChannel.Refusal.noSeat(Person.bob.address)) {
            try full.verified(seat)
        }
        full = try Scene(deposit: 0, reserve: 100, seats: 1)
        try full.take(full.ticket(1, faceValue: 100, wins: true))
        try full.redeem()
        _ = try full.bob.apply(.observed(full.snapshot))
        #expect(throws: LotteryChannel.Refusal.faceValue(units(2), room: .zero)) {
            try full.take(full.ticket(2, faceValue: 2))
        }
    }

    @Test func `is the payee, and claims a loser as a winner, or with another secret`() throws {
        var scene = try Scene()
        let ticket = scene.ticket(1)
        let signature = scene.sign(ticket)
        let refusal = #expect(throws: LotteryContract.Refusal.self) {
            try scene.order(scene.redeeming(ticket, secret: scene.secret))
        }
        #expect(refusal?.code == "lottery.not-won")
        // It looks for a secret with which the ticket wins, now that it has seen the signature.
        let better = (0...UInt64.max).lazy.map { Scene.secrets.secret(of: scene.id, epoch: $0) }
            .first { ticket.wins(signature, secret: $0) }
        #expect(throws: LotteryContract.Refusal.foreignSecret) {
            try scene.order(scene.redeeming(ticket, secret: #require(better)))
        }
    }

    @Test func `is the payee, and redeems a winner twice`() throws {
        var scene = try Scene()
        try scene.take(scene.ticket(1, wins: true))
        let order = try scene.order(for: #require(scene.bob.redemption))
        #expect(try scene.order(order).count == 1)
        #expect(try scene.order(order) == [])
        for _ in 0..<2 { _ = try scene.bob.apply(.observed(scene.snapshot)) }
        #expect(scene.bob.captured == units(100))
        #expect(scene.bob.unclaimed == .zero)
    }

    // MARK: - Overtaking

    @Test func `overtakes a winner with a ticket that it made for itself, or with a secret that it saw on its way`()
        throws
    {
        var scene = try Scene()
        try scene.take(scene.ticket(1, wins: true))
        let winner = try #require(scene.bob.redemption)
        let authorization = Person.clerk.sign(winner.digest(of: scene.id, in: Scene.domain))
        let before = scene.contract
        for secret in [hash("Alice's own"), winner.secret] {
            for (nonce, face) in [(.max, 1), (2, 1), (1, 99)] as [(UInt64, UInt128)] {
                let overtaking = LotteryTicket(
                    payee: Person.bob.address,
                    commitment: LotteryDraw.commitment(to: secret, by: Person.bob.address, in: scene.id), nonce: nonce,
                    faceValue: units(face), threshold: .max, expiry: scene.terms.expiry)
                let made = LotteryWinner(ticket: overtaking, signature: scene.sign(overtaking), secret: secret)
                let own = Person.alice.sign(made.digest(of: scene.id, in: Scene.domain))
                for stolen in [authorization, own] {
                    #expect(throws: LotteryContract.Refusal.redemptionSignature) {
                        try scene.order(made.order(authorizedBy: stolen))
                    }
                }
            }
        }
        #expect(scene.contract == before)
        #expect(try scene.redeem() == [Payout(to: Person.bob.address, units(100))])
        _ = try scene.bob.apply(.observed(scene.snapshot))
        #expect(scene.bob.redemption == nil)
        #expect(scene.bob.captured == units(100))
    }

    @Test func `hands in the payee's own order before the payee does, which pays the payee, once`() throws {
        var scene = try Scene()
        try scene.take(scene.ticket(1, wins: true))
        let seen = try scene.order(for: #require(scene.bob.redemption))
        #expect(try scene.order(seen).count == 1)
        #expect(try scene.redeem() == [])
        #expect(try scene.bob.apply(.observed(scene.snapshot)) == [])
        #expect(scene.bob.captured == units(100))
    }

    @Test func `gives the payee a seat for which its own key signs, and no ticket is taken`() throws {
        var scene = try Scene(taking: [])
        let foreign = UnverifiedLotteryPayment.seat(Scene.seat(.bob, authorizer: .alice, of: scene.id))
        #expect(scene.bob.preparation(for: foreign, under: Scene.offer, in: Scene.domain) == nil)
        #expect(throws: LotteryChannel.Refusal.seatSignature) { try scene.verified(foreign) }
        // It hands the seat in itself.
        try scene.order(Scene.taking(.bob, authorizer: .alice, of: scene.id))
        _ = try scene.bob.apply(.observed(scene.snapshot))
        let before = scene.bob
        for payment in [
            foreign, .seat(Scene.seat(.bob, of: scene.id)), .ticket(scene.ticket(1), scene.sign(scene.ticket(1))),
        ] {
            let refusal = #expect(throws: LotteryChannel.Refusal.self) { try scene.verified(payment) }
            #expect(refusal == .seatAuthorizer(Person.alice.address))
            #expect(refusal?.code == "invalid_lottery_seat_authorizer")
            #expect(refusal?.message.isEmpty == false && refusal?.remedy?.isEmpty == false)
            #expect(refusal?.callsForCorrection == false)
            #expect(scene.bob.preparation(for: payment, under: Scene.offer, in: Scene.domain) == nil)
        }
        #expect(scene.bob == before)
    }
}
