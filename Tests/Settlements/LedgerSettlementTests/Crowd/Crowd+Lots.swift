// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

enum LotDeed: String, CaseIterable {
    case open, openWrongly, openAgain
    case enter, enterAgain, enterTaken, enterForged, enterForPayer, enterBeyond, enterLate
    case close, closeEmpty, closeEarly
    case reveal, revealAgain, revealForeign, revealLate
    case draw, drawEarly, drawUnrevealed, drawOpen
    case share, shareUnrevealed, shareEarly, shareOpen
}

/// What the crowd knows of a lot.
struct LotBooks {
    enum Phase {
        case open
        case drawing(block: UInt64)
        case closed
    }

    static let count: UInt16 = 3
    static let ticketValue: UInt128 = 7

    let id: ChannelID
    let terms: LotTerms
    let payer: Party
    let secret: Hash32
    var phase = Phase.open
    var tickets: [LotTicket] = []
    var isRevealed = false
    /// When the deciding block was there at the latest.
    var decidedAt: Instant?

    var isOpen: Bool { if case .open = phase { true } else { false } }
    var isClosed: Bool { if case .closed = phase { true } else { false } }
    var deciding: UInt64? { if case .drawing(let block) = phase { block } else { nil } }

    func isOver(at time: Instant) -> Bool { time.unixSeconds >= Int64(clamping: terms.closesAt) }
    func hasTicket(_ index: UInt16) -> Bool { tickets.contains { $0.index == index } }
    static func worth(_ tickets: Int) -> UInt128 { UInt128(tickets) * ticketValue }
}

/// Its payees never pay, since nobody can tell beforehand who of them wins, and no later deed may depend on it.
extension Crowd {
    private typealias Rules = LotContract

    func attempt(_ deed: LotDeed) async throws -> Bool {
        switch deed {
        case .open, .openWrongly, .openAgain: try await attemptOpening(deed)
        case .enter, .enterAgain, .enterTaken, .enterForged, .enterForPayer, .enterBeyond, .enterLate:
            try await attemptEntering(deed)
        case .close, .closeEmpty, .closeEarly, .drawOpen, .shareOpen: try await attemptClosing(deed)
        case .reveal, .revealAgain, .revealForeign, .revealLate, .draw, .drawEarly, .drawUnrevealed, .share,
            .shareUnrevealed, .shareEarly:
            try await attemptDrawing(deed)
        }
    }

    func noteDecidedLots() {
        for place in lots.indices where lots[place].decidedAt == nil {
            if let deciding = lots[place].deciding, now.height >= deciding { lots[place].decidedAt = now.time }
        }
    }

    func endLots() async throws {
        try await pass(seconds: 5000)
        for place in lots.indices where lots[place].isOpen { try await close(place) }
        try await pass(blocks: 250, seconds: 250)
        try await pass(seconds: 250)
        for place in lots.indices where !lots[place].isClosed { try await share(place) }
    }

    // MARK: - Opening and entering

    private func attemptOpening(_ deed: LotDeed) async throws -> Bool {
        let amount = LotBooks.worth(Int(LotBooks.count))
        if deed == .openAgain {
            guard let books = pick(lots), holds(books.payer.address, books.terms.token) >= amount else { return false }
            try await refuseFunding("lottery-lot.already-funded", Rules.self, books.terms, amount, by: books.payer)
            return true
        }
        guard lots.count(where: { !$0.isClosed }) < 6, let payer = pick(payers) else { return false }
        let (domain, secret) = (try domain(of: .lot), nextSalt())
        var terms = LotTerms(
            payer: payer.address, token: token().address, ticketCount: LotBooks.count,
            ticketValue: units(LotBooks.ticketValue), commitment: .zero, closesAt: time(in: 900...1500),
            revealBlocks: 10, salt: nextSalt())
        terms.commitment = LotTerms.commitment(to: secret, tag: terms.tag(in: domain))
        guard holds(payer.address, terms.token) > amount else { return false }
        guard deed == .open else {
            try await refuseFunding("lottery-lot.deposit-mismatch", Rules.self, terms, amount + 1, by: payer)
            return true
        }
        try await fund(Rules.self, terms, amount, by: payer)
        lots.append(LotBooks(id: terms.channelID(in: domain), terms: terms, payer: payer, secret: secret))
        return true
    }

    private func attemptEntering(_ deed: LotDeed) async throws -> Bool {
        let now = now.time
        let place = pick(lots) { books in
            switch deed {
            case .enterAgain: !books.tickets.isEmpty
            case .enterTaken: books.isOpen && !books.isOver(at: now) && !books.tickets.isEmpty
            case .enterLate: books.isOpen && books.isOver(at: now)
            default: books.isOpen && !books.isOver(at: now)
            }
        }
        guard let place else { return false }
        let books = lots[place]
        guard let index = pick((0..<LotBooks.count).filter { !books.hasTicket($0) } + [LotBooks.count]),
            let payee = pick(payees)?.address
        else { return false }
        let fresh = LotTicket(index: min(index, LotBooks.count - 1), payee: payee)
        switch deed {
        case .enterAgain:
            let order = try enter(books.tickets[0], books)
            try await repeatOrder(order, on: books.id, under: Rules.self)
        case .enterTaken:
            let taken = LotTicket(index: books.tickets[0].index, payee: stage.stranger.address)
            try await refuse("taken", enter(taken, books), place)
        case .enterLate: try await refuse("over", enter(LotTicket(index: 0, payee: till.address), books), place)
        case .enterBeyond:
            let beyond = LotTicket(index: LotBooks.count, payee: payee)
            try await refuse("beyond-end", enter(beyond, books), place)
        case .enterForged, .enterForPayer, .enter:
            guard !books.hasTicket(fresh.index) else { return false }
            if deed == .enterForged {
                try await refuse("ticket-signature", enter(fresh, books, by: authorizer), place)
            } else if deed == .enterForPayer {
                let own = LotTicket(index: fresh.index, payee: books.payer.address)
                try await refuse("invalid-payee", enter(own, books), place)
            } else {
                try await enter(fresh, place)
            }
        default: return false
        }
        return true
    }

    private func enter(_ ticket: LotTicket, _ books: LotBooks, by signer: Party? = nil) throws -> Rules.Order {
        let digest = ticket.digest(for: books.id, in: try domain(of: .lot))
        return .enter(ticket, signature: (signer ?? books.payer).sign(digest))
    }

    private func enter(_ ticket: LotTicket, _ place: Int) async throws {
        let head = try await stage.ledger.head()
        try await carryOut(try enter(ticket, lots[place]), place)
        lots[place].tickets.append(ticket)
        lots[place].tickets.sort { $0.index < $1.index }
        sums[lots[place].id]?.authorised += LotBooks.ticketValue
        if lots[place].tickets.count == Int(LotBooks.count) { beginDrawing(place, after: head) }
    }

    /// Ten blocks to reveal in follow the one after `head`, and the next decides.
    private func beginDrawing(_ place: Int, after head: Block) {
        lots[place].phase = .drawing(block: head.height + 1 + 11)
    }

    // MARK: - Closing

    private func attemptClosing(_ deed: LotDeed) async throws -> Bool {
        let now = now.time
        let place = pick(lots) { books in
            let isOver = books.isOver(at: now)
            return switch deed {
            case .close: books.isOpen && isOver && !books.tickets.isEmpty
            case .closeEmpty: books.isOpen && isOver && books.tickets.isEmpty
            case .closeEarly: books.isOpen && !isOver
            default: books.isOpen
            }
        }
        guard let place else { return false }
        switch deed {
        case .closeEarly: try await refuse("not-over", .close, place)
        case .drawOpen: try await refuse("not-drawing", .draw, place)
        case .shareOpen: try await refuse("not-drawing", .share, place)
        default: try await close(place)
        }
        return true
    }

    private func close(_ place: Int) async throws {
        let (books, head) = (lots[place], try await stage.ledger.head())
        guard books.tickets.isEmpty else {
            try await carryOut(.close, place)
            beginDrawing(place, after: head)
            return
        }
        try await carryOut(.close, place, paying: [(books.terms.payer, LotBooks.worth(Int(LotBooks.count)))])
        lots[place].phase = .closed
    }

    // MARK: - Drawing

    private func attemptDrawing(_ deed: LotDeed) async throws -> Bool {
        let (time, next) = (now.time, now.height + 1)
        let place = pick(lots) { books in
            guard let deciding = books.deciding else { return false }
            let isLate = next > deciding + 200 && books.decidedAt.map { time.seconds(since: $0) >= 200 } ?? false
            return switch deed {
            case .reveal: next < deciding && !books.isRevealed
            case .revealAgain: books.isRevealed
            case .revealForeign: !books.isRevealed
            case .revealLate: next >= deciding && !books.isRevealed
            case .draw: books.isRevealed && next > deciding && next <= deciding + 200
            case .drawEarly: books.isRevealed && next <= deciding
            case .drawUnrevealed: !books.isRevealed
            case .shareUnrevealed: !books.isRevealed && next >= deciding
            case .shareEarly: next < deciding
            default: books.isRevealed && isLate
            }
        }
        guard let place else { return false }
        let books = lots[place]
        switch deed {
        case .reveal:
            try await carryOut(.reveal(books.secret), place)
            lots[place].isRevealed = true
        case .revealAgain: try await repeatOrder(.reveal(books.secret), on: books.id, under: Rules.self)
        case .revealForeign: try await refuse("foreign-secret", .reveal(nextSalt()), place)
        case .revealLate: try await refuse("too-late", .reveal(books.secret), place)
        case .draw: try await draw(place)
        case .drawEarly: try await refuse("too-early", .draw, place)
        case .drawUnrevealed: try await refuse("not-revealed", .draw, place)
        case .shareEarly: try await refuse("too-early", .share, place)
        default: try await share(place)
        }
        return true
    }

    /// One of the payees has all that the tickets are worth, and the payer the rest.
    private func draw(_ place: Int) async throws {
        let books = lots[place]
        let receipt = try await stage.ledger.carryOut(.draw, on: books.id, under: Rules.self)
        let winner = try #require(receipt.payouts.first?.receiver)
        #expect(books.tickets.contains { $0.payee == winner }, moment)
        let (won, all) = (LotBooks.worth(books.tickets.count), LotBooks.worth(Int(LotBooks.count)))
        let rest = won < all ? [Payout(to: books.terms.payer, units(all - won))] : []
        #expect(receipt.payouts == [Payout(to: winner, units(won))] + rest, moment)
        let contract = ContractDomain.ledgerAddress(of: .lot)
        move(won, of: books.terms.token, from: contract, to: winner)
        move(all - won, of: books.terms.token, from: contract, to: books.terms.payer)
        sums[books.id]?.captured += won
        sums[books.id]?.returned += all - won
        lots[place].phase = .closed
    }

    /// Each ticket has what it is worth.
    private func share(_ place: Int) async throws {
        let books = lots[place]
        var payouts: [(to: Address, amount: UInt128)] = []
        for ticket in books.tickets {
            if let known = payouts.firstIndex(where: { $0.to == ticket.payee }) {
                payouts[known].amount += LotBooks.ticketValue
            } else {
                payouts.append((ticket.payee, LotBooks.ticketValue))
            }
        }
        payouts.append((books.terms.payer, LotBooks.worth(Int(LotBooks.count) - books.tickets.count)))
        try await carryOut(.share, place, paying: payouts)
        lots[place].phase = .closed
    }

    private func carryOut(
        _ order: Rules.Order, _ place: Int, paying payouts: [(to: Address, amount: UInt128)] = []
    ) async throws {
        let terms = lots[place].terms
        try await carryOut(
            order, on: lots[place].id, under: Rules.self, in: terms.token, payers: [terms.payer], paying: payouts)
    }

    private func refuse(_ rule: String, _ order: Rules.Order, _ place: Int) async throws {
        try await refuseOrder("lottery-lot.\(rule)", order, on: lots[place].id, under: Rules.self)
    }
}
