// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@Suite("A payee's lottery channel")
struct LotteryChannelTests {
    typealias Change = @Sendable (inout LotteryTicket) -> Void

    @Test func `takes a ticket at what it is worth on average, serves and charges`() throws {
        var scene = try Scene()
        let id = scene.request()
        let payment = try scene.verified(scene.ticket(1))
        #expect(try scene.bob.apply(.paymentArrived(payment, for: scene.reservation(id, 40), at: noon)) == [])
        #expect(scene.bob.purse.authorised == units(50))
        #expect(scene.bob.nonce == 1)
        _ = try scene.bob.apply(.served(id, price: units(40), at: noon))
        #expect(scene.bob.purse.charged == units(40))
        #expect(scene.bob.lastPaidAt == noon)
        #expect(scene.bob.unclaimed == .zero)
    }

    @Test func `redeems a winner at once, and promises another secret`() throws {
        var scene = try Scene()
        let (ticket, before) = (scene.ticket(1, wins: true), scene.bob.commitment(with: Scene.secrets))
        let payment = try scene.verified(ticket)
        let winner = try #require(payment.winner)
        #expect(try scene.bob.apply(.paid(payment, price: units(50), at: noon)) == [.redeem(winner)])
        #expect(scene.bob.commitment(with: Scene.secrets) != before)
        #expect(scene.bob.unclaimed == units(100))
        #expect(scene.bob.room == units(900))
        #expect(try scene.redeem() == [Payout(to: Person.bob.address, units(100))])
        #expect(scene.bob.captured == .zero)
        #expect(try scene.bob.apply(.observed(scene.snapshot)) == [])
        #expect(scene.bob.captured == units(100))
        #expect(scene.bob.unclaimed == .zero)
        #expect(scene.bob.room == units(1000), "the deposit paid")
    }

    @Test func `redeems winners one after the other, in the order of their nonces`() throws {
        var scene = try Scene()
        let effects = try scene.take(scene.ticket(1, wins: true))
        #expect(effects.count == 1)
        #expect(try scene.take(scene.ticket(5, wins: true)) == [])
        let first = try #require(scene.bob.redemption)
        #expect(first.ticket.nonce == 1)
        try scene.redeem()
        let next = try scene.bob.apply(.observed(scene.snapshot))
        let second = try #require(scene.bob.redemption)
        #expect(second.ticket.nonce == 5)
        #expect(next == [.redeem(second)])
        try scene.redeem()
        #expect(try scene.bob.apply(.observed(scene.snapshot)) == [])
        #expect(scene.bob.redemption == nil)
    }

    @Test func `gives up a winner that can be paid no more, and goes on with the next`() throws {
        var scene = try Scene()
        try scene.take(scene.ticket(1, wins: true))
        try scene.take(scene.ticket(2, wins: true) { $0.expiry += 40_000 })
        let first = try #require(scene.bob.redemption)
        #expect(scene.bob.expiry == Instant(unixSeconds: Int64(first.ticket.expiry)))
        scene.block = Block(height: 2, time: Instant(unixSeconds: Int64(first.ticket.expiry)))
        let second = try #require(scene.bob.unredeemed.last)
        #expect(try scene.bob.apply(.observed(scene.snapshot)) == [.redeem(second)])
    }

    @Test func `believes the contract, but no older block of it`() throws {
        var scene = try Scene()
        let old = scene.snapshot
        try scene.take(scene.ticket(1, wins: true))
        try scene.redeem()
        _ = try scene.bob.apply(.observed(scene.snapshot))
        let known = scene.bob
        _ = try scene.bob.apply(.observed(old))
        #expect(scene.bob == known)
        let late = noon.advanced(bySeconds: 86_400)
        try scene.order(.reclaim, at: late)
        _ = try scene.bob.apply(.observed(scene.snapshot))
        #expect(scene.bob.phase == .closed)
    }

    @Test func `promises no secret that was told, even when its books are new`() throws {
        var scene = try Scene()
        let first = scene.secret
        try scene.take(scene.ticket(3, wins: true))
        try scene.redeem()
        scene.bob = LotteryChannel(id: scene.id, ledger: scene.snapshot, in: Scene.domain, payee: Person.bob.address)
        #expect(scene.bob.epoch == 3)
        #expect(scene.bob.nonce == 3)
        #expect(scene.secret != first)
    }

    @Test func `makes its secrets again from a signature of its key`() throws {
        let scene = try Scene()
        let digest = PayeeSecrets.digest(in: Scene.domain)
        let (first, second) = (PayeeSecrets(Person.bob.sign(digest)), PayeeSecrets(Person.bob.sign(digest)))
        #expect(first.secret(of: scene.id, epoch: 7) == second.secret(of: scene.id, epoch: 7))
        #expect(first.secret(of: scene.id, epoch: 7) != first.secret(of: scene.id, epoch: 8))
        #expect(first.secret(of: scene.id, epoch: 7) != Scene.secrets.secret(of: scene.id, epoch: 7))
    }

    // MARK: - What is captured

    @Test func `counts what the contract paid, however often it is told, and after a restart`() throws {
        var scene = try Scene()
        try scene.take(scene.ticket(1, faceValue: 70, wins: true))
        try scene.take(scene.ticket(2, faceValue: 30, wins: true))
        for (sum, rest) in [(70, 30), (100, 0)] as [(UInt128, UInt128)] {
            try scene.redeem()
            // It dies before it hears of it, and does it again.
            scene.bob = try LotteryChannel(stored: scene.bob.stored)
            try scene.redeem()
            for _ in 0..<2 { _ = try scene.bob.apply(.observed(scene.snapshot)) }
            #expect(try scene.bob.apply(.captured(units(999))) == [])
            scene.bob = try LotteryChannel(stored: scene.bob.stored)
            #expect(scene.bob.captured == units(sum))
            #expect(scene.bob.unclaimed == units(rest))
        }
        let books = LotteryChannel(id: scene.id, ledger: scene.snapshot, in: Scene.domain, payee: Person.bob.address)
        #expect(books.captured == units(100), "and in books that are new")
    }

    @Test func `captures nothing with a winner that was late`() throws {
        var scene = try Scene()
        try scene.take(scene.ticket(1, wins: true))
        let late = try Instant(unixSeconds: Int64(#require(scene.bob.redemption).ticket.expiry))
        #expect(throws: LotteryContract.Refusal.self) { try scene.redeem(at: late) }
        #expect(scene.bob.redemption != nil)
        _ = try scene.bob.apply(.observed(scene.snapshot))
        #expect(scene.bob.redemption == nil)
        #expect(scene.bob.captured == .zero && scene.bob.unclaimed == .zero)
    }

    /// Books that were lost leave an order behind, say, which is carried out after new ones have taken tickets.
    @Test func `lets go of a winner that other books of the same key overtook, and counts what those were paid`() throws
    {
        var scene = try Scene()
        try scene.take(scene.ticket(1, wins: true))
        try scene.take(scene.ticket(7, wins: true))
        let lost = LotteryTicket(
            payee: Person.bob.address,
            commitment: LotteryDraw.commitment(to: hash("lost"), by: Person.bob.address, in: scene.id), nonce: 3,
            faceValue: units(40), threshold: .max, expiry: scene.terms.expiry)
        #expect(try scene.order(scene.redeeming(lost, secret: hash("lost"))).count == 1)
        #expect(throws: LotteryContract.Refusal.staleNonce(nonce: 1, redeemed: 3)) { try scene.redeem() }
        let next = try #require(scene.bob.unredeemed.last)
        #expect(try scene.bob.apply(.observed(scene.snapshot)) == [.redeem(next)])
        #expect(scene.bob.captured == units(40))
        try scene.redeem()
        _ = try scene.bob.apply(.observed(scene.snapshot))
        #expect(scene.bob.captured == units(140))
    }

    @Test func `keeps a winner for which nothing is left, and counts what was paid of it when there is something`()
        throws
    {
        var scene = try Scene(deposit: 0, reserve: 100, seats: 1)
        try scene.take(scene.ticket(2, wins: true))
        // Only books that were lost can have won so much that the seat does not do for what these have taken.
        let lost = LotteryTicket(
            payee: Person.bob.address,
            commitment: LotteryDraw.commitment(to: hash("lost"), by: Person.bob.address, in: scene.id), nonce: 1,
            faceValue: units(100), threshold: .max, expiry: scene.terms.expiry)
        try scene.order(scene.redeeming(lost, secret: hash("lost")))
        #expect(throws: LotteryContract.Refusal.nothingLeft) { try scene.redeem() }
        _ = try scene.bob.apply(.observed(scene.snapshot))
        #expect(scene.bob.redemption != nil)
        let context = ContractContext(domain: Scene.domain, channel: scene.id, block: scene.block)
        _ = try scene.contract.fund(units(30), by: Person.alice.address, in: context)
        #expect(try scene.redeem() == [Payout(to: Person.bob.address, units(30))])
        _ = try scene.bob.apply(.observed(scene.snapshot))
        #expect(scene.bob.redemption == nil)
        #expect(scene.bob.captured == units(130))
    }

    // MARK: - Seats

    @Test func `takes a seat that the payer has signed, once, where one is free`() throws {
        var scene = try Scene(taking: [])
        let seat = UnverifiedLotteryPayment.seat(Scene.seat(.bob, of: scene.id))
        let forged = UnverifiedLotteryPayment.seat(Scene.seat(.bob, of: scene.id, by: .mallory))
        #expect(scene.bob.preparation(for: forged, under: Scene.offer, in: Scene.domain) == nil)
        let order = try #require(scene.bob.preparation(for: seat, under: Scene.offer, in: Scene.domain))
        try scene.order(order)
        _ = try scene.bob.apply(.observed(scene.snapshot))
        #expect(scene.bob.reserve == units(1000))
        #expect(scene.bob.preparation(for: seat, under: Scene.offer, in: Scene.domain) == nil)
        #expect(throws: LotteryChannel.Refusal.commitment) { try scene.verified(seat) }
    }

    @Test func `checks later tickets against the key of the first, and mends their last byte`() throws {
        var scene = try Scene()
        try scene.take(scene.ticket(1))
        #expect(scene.bob.signer == Person.alice.publicKey)
        let ticket = scene.ticket(2, wins: true)
        let signature = scene.sign(ticket)
        let flipped = try Signature(r: signature.r, s: signature.s, isOdd: !signature.isOdd)
        let payment = try scene.verified(.ticket(ticket, flipped))
        let winner = try #require(payment.winner).recovering(Person.alice.address, of: scene.id, in: Scene.domain)
        #expect(winner.signature == signature)
        _ = try scene.bob.apply(.paid(payment, price: .zero, at: noon))
        #expect(try scene.redeem().count == 1)
    }

    // MARK: - Refusals

    private static let faults: [(String, Change)] = [
        ("foreign_payee", { $0.payee = Person.mallory.address }),
        ("commitment", { $0.commitment = .zero }),
        ("stale_nonce", { $0.nonce = 0 }),
        ("worthless", { $0.faceValue = .zero }),
        ("worthless", { $0.threshold = 0 }),
        (
            "long_odds",
            {
                $0.faceValue = .max
                $0.threshold = 1 << 53
            }
        ),
        ("outlives_channel", { $0.expiry = UInt64(noon.unixSeconds) + 86_401 }),
        (
            "face_value",
            {
                $0.faceValue = units(1001)
                $0.threshold = .max
            }
        ),
        ("ticket_expiring", { $0.expiry = UInt64(noon.unixSeconds) + 300 }),
    ]

    @Test(arguments: faults)
    func `refuses a ticket, and stays as it was`(
        rule: String, change: Change
    ) throws {
        var scene = try Scene()
        var ticket = scene.ticket(1)
        change(&ticket)
        let before = scene.bob
        let refusal = #expect(throws: LotteryChannel.Refusal.self) { try scene.take(ticket) }
        #expect(refusal?.code == "invalid_lottery_\(rule)")
        #expect(refusal?.message.isEmpty == false)
        #expect(scene.bob == before)
    }

    @Test func `refuses a ticket that somebody else signed, with a key that is known or not`() throws {
        var scene = try Scene()
        let refused = { (scene: Scene, nonce: UInt64) in
            _ = #expect(throws: LotteryChannel.Refusal.ticketSignature) {
                try scene.verified(scene.ticket(nonce), by: .mallory)
            }
        }
        refused(scene, 1)
        try scene.take(scene.ticket(1))
        refused(scene, 2)
    }

    @Test func `refuses without a seat, and says when the seat was not signed`() throws {
        let scene = try Scene(taking: [])
        for (payment, refusal) in [
            (.ticket(scene.ticket(1), scene.sign(scene.ticket(1))), .noSeat(Person.bob.address)),
            (.seat(Scene.seat(.bob, of: scene.id)), .noSeat(Person.bob.address)),
            (.seat(Scene.seat(.mallory, of: scene.id)), .seatSignature),
        ] as [(UnverifiedLotteryPayment, LotteryChannel.Refusal)] {
            #expect(throws: refusal) { try scene.verified(payment) }
        }
    }

    @Test func `keeps no ticket of a request that it refuses, whatever it would have won`() throws {
        var scene = try Scene()
        for wins in [true, false] {
            let payment = try scene.verified(scene.ticket(1, wins: wins))
            let before = scene.bob
            let refusal = #expect(throws: LotteryChannel.Refusal.self) {
                try scene.bob.apply(.paid(payment, price: units(51), at: noon))
            }
            #expect(refusal == .purse(.insufficient(available: units(50), price: units(51))))
            #expect(refusal?.callsForCorrection == true)
            #expect(scene.bob == before)
        }
    }

    @Test func `takes nothing more when it could not be redeemed in time`() throws {
        var scene = try Scene()
        let ticket = scene.ticket(1) { $0.expiry = $0.expiry + 82_000 }
        let refusal = #expect(throws: LotteryChannel.Refusal.self) {
            try scene.take(ticket, at: noon.advanced(bySeconds: 86_100))
        }
        #expect(refusal?.code == "invalid_lottery_channel_expiring")
    }

    @Test func `takes nothing more while many winners wait`() throws {
        var scene = try Scene(reserve: 400_000)
        let lasting: (inout LotteryTicket) -> Void = { $0.expiry += 60_000 }
        for nonce in 1...64 as ClosedRange<UInt64> {
            try scene.take(scene.ticket(nonce, wins: true, change: lasting))
        }
        #expect(throws: LotteryChannel.Refusal.winnersWait(count: 64)) {
            try scene.take(scene.ticket(65, change: lasting))
        }
    }

    @Test func `gives nothing back before it expires`() throws {
        var scene = try Scene()
        #expect(throws: LotteryChannel.Refusal.noClose(until: scene.terms.expiry)) {
            try scene.bob.apply(.closeAsked(scene.verified(scene.ticket(1))))
        }
    }

    @Test func `takes no ticket when the channel is closed`() throws {
        var scene = try Scene()
        let ticket = try scene.verified(scene.ticket(1))
        try scene.order(.reclaim, at: noon.advanced(bySeconds: 86_400))
        _ = try scene.bob.apply(.observed(scene.snapshot))
        #expect(throws: LotteryChannel.Refusal.notOpen(phase: "closed")) {
            try scene.bob.apply(.paid(ticket, price: .zero, at: noon))
        }
    }

    @Test func `refuses what the purse refuses, with a code of its own`() throws {
        var scene = try Scene()
        #expect(throws: LotteryChannel.Refusal.purse(.reservationLost)) {
            try scene.bob.apply(.served(ReservationID(9), price: units(1), at: noon))
        }
        #expect(throws: LotteryChannel.Refusal.purse(.reservationLost)) {
            try scene.bob.apply(.released(ReservationID(9)))
        }
        #expect(throws: LotteryChannel.Refusal.self) { try scene.bob.apply(.deliveryFailed(units(1))) }
    }

    @Test func `keeps a promise to itself, and to the secrets that it was made with`() throws {
        var scene = try Scene()
        try scene.take(scene.ticket(1))
        let others = PayeeSecrets(root: hash("another root"))
        let ticket = scene.ticket(2)
        // A payee that lost its root does not draw with what it promised before.
        #expect(throws: LotteryChannel.Refusal.commitment) {
            try scene.bob.verify(
                .ticket(ticket, scene.sign(ticket)), authorizer: Person.clerk.address, longest: 1024,
                in: Scene.domain, secrets: others)
        }
        #expect(scene.bob.commitment(with: others) != scene.bob.commitment(with: Scene.secrets))
        #expect(!String(reflecting: scene.bob).contains(Scene.secrets.secret(of: scene.id, epoch: 0).hex))
    }
}
