// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

/// A payer and three payees at one lot, each of whom acts by its books alone, and any of whom may crash.
struct LotWorld {
    enum Honesty: CaseIterable {
        /// Gives each index out once, and looks at the lot often.
        case awake
        /// The same, but it looks seldom, and may miss the time to reveal.
        case sleepy
        /// Signs what it likes, for friends and twice, and tries to reveal only when a friend would win.
        case selective
    }

    static let payees = [Person.bob, LotScene.carol, Person("Dave")]
    /// Helps a payer that is not honest; hands in what she has, and nothing else.
    static let friend = Person.mallory

    let honesty: Honesty
    let secret: Hash32
    let terms: LotTerms
    private(set) var place: PlayedLot
    private(set) var payer: LotPayer
    private(set) var payees: [LotPayee]
    /// Tickets on their way, and to which payee.
    private var mail: [(payee: Int, payment: UnverifiedLotPayment)] = []
    /// What the winner of a lot that was drawn should have; `nil` for one that was not.
    private(set) var winner: Address?
    /// Whether a payee was late itself, so that a ticket of hers may be worth nothing though the payer is honest.
    private(set) var wasLate = false

    init(_ honesty: Honesty, name: String, using random: inout SeededGenerator) throws {
        self.honesty = honesty
        secret = hash("secret of \(name)")
        let reveal = UInt64.random(in: 10...40, using: &random)
        terms = LotScene.terms(
            count: UInt16.random(in: 1...9, using: &random), value: UInt128.random(in: 1...9, using: &random),
            secret: secret, salt: name
        ) { $0.revealBlocks = reveal }
        place = try PlayedLot(terms, blockSeconds: Bool.random(using: &random) ? 1 : 0)
        payer = try LotPayer(terms, secret: secret, in: LotScene.domain)
        payees = try Self.payees.map { [terms] in try LotPayee(terms, payee: $0.address, in: LotScene.domain) }
        try payer.observe(place.snapshot)
    }

    var isOver: Bool { place.contract.phase == .closed }

    /// What a payee's tickets in the contract are worth.
    func worth(of payee: Address) -> Amount {
        units(terms.ticketValue.units * UInt128(place.contract.tickets.count { $0.payee == payee }))
    }

    // MARK: - Steps

    /// One thing happens, and then whoever is awake looks.
    mutating func step(using random: inout SeededGenerator) throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1: try give(using: &random)
        case 2, 3: try deliver(using: &random)
        case 4: try act(Int.random(in: payees.indices, using: &random))
        case 5: try crash(using: &random)
        case 6 where honesty == .selective: cheat(using: &random)
        default:
            place.wait(
                seconds: Int64.random(in: 0...4000, using: &random), blocks: UInt64.random(in: 0...4, using: &random))
        }
        if honesty != .sleepy || Int.random(in: 0..<30, using: &random) == 0 { try payerActs() }
    }

    /// The payer gives somebody a ticket, which may be sent twice, or get lost.
    private mutating func give(using random: inout SeededGenerator) throws {
        let payee = Int.random(in: payees.indices, using: &random)
        try payer.observe(place.snapshot)
        guard let ticket = try? payer.give(to: payees[payee].payee, at: place.block.time) else { return }
        // The books are stored before anything is signed.
        payer = try LotPayer(stored: payer.stored)
        for _ in 0..<[0, 1, 1, 1, 2][Int.random(in: 0..<5, using: &random)] { mail.append((payee, sign(ticket))) }
    }

    private func sign(_ ticket: LotTicket) -> UnverifiedLotPayment {
        let digest = ticket.digest(for: payer.id, in: LotScene.domain)
        return UnverifiedLotPayment(terms: terms, ticket: ticket, signature: Person.alice.sign(digest))
    }

    /// A ticket arrives, and is entered at once, or later.
    private mutating func deliver(using random: inout SeededGenerator) throws {
        guard !mail.isEmpty else { return }
        let (payee, sent) = mail.remove(at: Int.random(in: mail.indices, using: &random))
        let payment = try sent.verified(in: LotScene.domain)
        let before = payees[payee]
        guard
            let order = try? payees[payee].take(
                payment, for: terms.ticketValue, under: LotScene.policy, in: place.snapshot, at: place.block.time)
        else {
            #expect(payees[payee] == before, "a refusal changed something")
            return
        }
        payees[payee] = try LotPayee(stored: payees[payee].stored)
        if Int.random(in: 0..<8, using: &random) == 0 { wasLate = true } else { try place.send(order) }
    }

    /// A payee looks, and does all that its books say; none of it is refused, since it has just looked.
    private mutating func act(_ payee: Int) throws {
        try payees[payee].observe(place.snapshot)
        for order in payees[payee].orders(at: place.block) { try send(order) }
        if isOver {
            try payees[payee].observe(place.snapshot)
            try payees[payee].paidOut(place.paid(to: payees[payee].payee))
        }
    }

    private mutating func payerActs() throws {
        try payer.observe(place.snapshot)
        for order in payer.orders(at: place.block) {
            if honesty == .selective, case .reveal = order { continue }
            try send(order)
        }
    }

    private mutating func send(_ order: LotContract.Order) throws {
        let (before, deciding) = (place.contract, place.deciding)
        do { try place.send(order) } catch LotContract.Refusal.tooLate where order == .draw {
            // The time to draw was over, and what comes next shares the lot out.
            return
        }
        guard order == .draw, before.phase != .closed, isOver else { return }
        let drawn = Keccak256.hash(secret.bytes + PlayedLot.hash(of: deciding).bytes).bytes.prefix(16)
        let number = drawn.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        winner = before.tickets[Int(number % UInt128(before.tickets.count))].payee
    }

    /// The payer signs any index for anybody, has friends enter theirs, and reveals when one of them would win.
    private mutating func cheat(using random: inout SeededGenerator) {
        let index = UInt16.random(in: 0..<terms.ticketCount, using: &random)
        if Bool.random(using: &random) {
            let payment = sign(LotTicket(index: index, payee: Self.friend.address))
            _ = try? place.send(.enter(payment.ticket, signature: payment.signature))
        } else {
            let payee = Int.random(in: payees.indices, using: &random)
            mail.append((payee, sign(LotTicket(index: index, payee: payees[payee].payee))))
        }
        let deciding = place.deciding
        guard deciding > 0, place.block.height >= deciding,
            let number = LotDraw.place(
                secret: secret, blockHash: PlayedLot.hash(of: deciding), among: place.contract.tickets.count),
            place.contract.tickets[number].payee == Self.friend.address
        else { return }
        #expect((try? place.send(.reveal(secret))) == nil, "it spoke after it could look")
    }

    /// Somebody comes back with what was stored, which is all there was.
    private mutating func crash(using random: inout SeededGenerator) throws {
        let stored = try LotPayer(stored: payer.stored)
        #expect(stored == payer)
        payer = stored
        let payee = Int.random(in: payees.indices, using: &random)
        let books = try LotPayee(stored: payees[payee].stored)
        #expect(books == payees[payee])
        payees[payee] = books
    }

    /// The time passes until the lot is over, and everybody looks now and then.
    mutating func end(using random: inout SeededGenerator) throws {
        for _ in 0..<400 where !isOver {
            place.wait(seconds: 1000, blocks: UInt64.random(in: 1...4, using: &random))
            if honesty == .awake { try payerActs() }
            for payee in payees.indices.shuffled(using: &random) { try act(payee) }
            if honesty != .awake { try payerActs() }
            // Where all tickets are the friend's, it is for her to have them paid.
            if payees.allSatisfy({ worth(of: $0.payee).isZero }) { _ = try? place.send(.share) }
        }
        for payee in payees.indices { try act(payee) }
        try payer.observe(place.snapshot)
    }
}
