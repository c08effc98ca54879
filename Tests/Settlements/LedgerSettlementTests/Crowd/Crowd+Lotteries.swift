// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

enum LotteryDeed: String, CaseIterable {
    case open, openWrongly, topUp, topUpClosed
    case seat, seatForged, seatTaken, seatMissing, seatForPayer
    case redeem, redeemAgain, redeemStale, redeemLost, redeemForged, redeemWithForeignSecret, redeemUnauthorised
    case redeemWithoutSeat, redeemExpired, redeemOutliving, redeemFromNothing
    case reclaim, reclaimAgain, reclaimEarly
}

/// What the crowd knows of a channel of lottery tickets, with two seats.
struct LotteryBooks {
    static let reserve: UInt128 = 40

    let id: ChannelID
    let terms: LotteryTerms
    let payer: Party
    var isOpen = true
    var deposit: UInt128
    var free = LotteryBooks.reserve
    /// What each seat still has, and the ticket that was paid last.
    var seats: [Address: (reserve: UInt128, nonce: UInt64)] = [:]

    var locked: UInt128 { isOpen ? deposit + free + seats.values.reduce(0) { $0 + $1.reserve } : 0 }

    func isExpired(at time: Instant) -> Bool { time.unixSeconds >= Int64(clamping: terms.expiry) }
}

extension Crowd {
    private typealias Rules = LotteryContract

    func attempt(_ deed: LotteryDeed) async throws -> Bool {
        switch deed {
        case .open, .openWrongly, .topUp, .topUpClosed: try await attemptDeposit(deed)
        case .seat, .seatForged, .seatTaken, .seatMissing, .seatForPayer: try await attemptSeat(deed)
        case .redeem, .redeemAgain, .redeemStale, .redeemLost, .redeemForged, .redeemWithForeignSecret,
            .redeemUnauthorised, .redeemWithoutSeat, .redeemExpired, .redeemOutliving, .redeemFromNothing:
            try await attemptRedeeming(deed)
        case .reclaim, .reclaimAgain, .reclaimEarly: try await attemptEnd(deed)
        }
    }

    func endLotteries() async throws {
        try await pass(seconds: 5000)
        for place in lotteries.indices where lotteries[place].isOpen { try await reclaim(place) }
    }

    // MARK: - Deposits and seats

    private func attemptDeposit(_ deed: LotteryDeed) async throws -> Bool {
        if deed == .open || deed == .openWrongly {
            guard lotteries.count(where: \.isOpen) < 4, let payer = pick(payers) else { return false }
            let deposit = number(0...10)
            let terms = LotteryTerms(
                payer: payer.address, token: token().address, deposit: units(deposit),
                reserve: units(LotteryBooks.reserve), seats: 2, expiry: time(in: 900...4000), salt: nextSalt())
            let amount = deposit + LotteryBooks.reserve
            guard holds(payer.address, terms.token) > amount else { return false }
            guard deed == .open else {
                try await refuseFunding("lottery.deposit-mismatch", Rules.self, terms, amount + 1, by: payer)
                return true
            }
            try await fund(Rules.self, terms, amount, by: payer)
            lotteries.append(
                LotteryBooks(
                    id: terms.channelID(in: try domain(of: .lottery)), terms: terms, payer: payer, deposit: deposit))
            return true
        }
        let amount = number(1...10)
        guard let place = pick(lotteries, where: { $0.isOpen == (deed == .topUp) }),
            holds(lotteries[place].payer.address, lotteries[place].terms.token) >= amount
        else { return false }
        let books = lotteries[place]
        if deed == .topUp {
            try await fund(Rules.self, books.terms, amount, by: books.payer)
            lotteries[place].deposit += amount
        } else {
            try await refuseFunding("lottery.not-open", Rules.self, books.terms, amount, by: books.payer)
        }
        return true
    }

    private func attemptSeat(_ deed: LotteryDeed) async throws -> Bool {
        let place = pick(lotteries) { books in
            switch deed {
            case .seatTaken: !books.seats.isEmpty
            case .seatMissing: books.isOpen && books.seats.count == 2
            default: books.isOpen && books.seats.count < 2
            }
        }
        guard let place else { return false }
        let books = lotteries[place]
        let others = (payees + payers).filter { $0.address != books.payer.address && books.seats[$0.address] == nil }
        guard let other = pick(others)?.address else { return false }
        switch deed {
        case .seatForged: try await refuse("seat-signature", seat(books, other, by: authorizer), place)
        case .seatTaken:
            guard let payee = pick(books.seats.keys.sorted()) else { return false }
            try await refuse("seat-taken", seat(books, payee, authorizer: stage.stranger.address), place)
        case .seatMissing: try await refuse("no-seat-left", seat(books, other), place)
        case .seatForPayer: try await refuse("invalid-payee", seat(books, books.payer.address), place)
        default:
            try await carryOut(seat(books, other), place)
            lotteries[place].seats[other] = (LotteryBooks.reserve / 2, 0)
            lotteries[place].free -= LotteryBooks.reserve / 2
        }
        return true
    }

    private func seat(
        _ books: LotteryBooks, _ payee: Address, authorizer other: Address? = nil, by signer: Party? = nil
    ) throws -> Rules.Order {
        let authorizer = other ?? self.authorizer.address
        let digest = LotterySeat.digest(
            for: payee, authorizer: authorizer, of: books.id, in: try domain(of: .lottery))
        return .takeSeat(payee, authorizer: authorizer, signature: (signer ?? books.payer).sign(digest))
    }

    // MARK: - Tickets

    private func attemptRedeeming(_ deed: LotteryDeed) async throws -> Bool {
        let now = now.time
        let place = pick(lotteries) { books in
            let lives = books.isOpen && !books.isExpired(at: now)
            return switch deed {
            case .redeemAgain: books.seats.values.contains { $0.nonce > 0 }
            case .redeemStale: lives && books.seats.values.contains { $0.nonce > 1 }
            case .redeemFromNothing:
                lives && books.deposit == 0 && books.seats.values.contains { $0.reserve == 0 }
            case .redeem: lives && books.seats.values.contains { $0.reserve + books.deposit > 0 }
            default: lives && !books.seats.isEmpty
            }
        }
        guard let place else { return false }
        let books = lotteries[place]
        let seats = books.seats.filter { seat in
            switch deed {
            case .redeemAgain: seat.value.nonce > 0
            case .redeemStale: seat.value.nonce > 1
            case .redeemFromNothing: seat.value.reserve == 0
            case .redeem: seat.value.reserve + books.deposit > 0
            default: true
            }
        }
        guard let payee = pick(seats.keys.sorted()), let seat = seats[payee] else { return false }
        var draft = Draft(payee: payee, nonce: seat.nonce + 1, expiry: books.terms.expiry)
        switch deed {
        case .redeemAgain:
            draft.nonce = seat.nonce
            try await repeatOrder(try order(draft, books), on: books.id, under: Rules.self)
            return true
        case .redeem:
            draft.nonce += UInt64.random(in: 0...2, using: &random)
            draft.faceValue = number(5...60)
            let fromDeposit = min(draft.faceValue, books.deposit)
            let fromSeat = min(draft.faceValue - fromDeposit, seat.reserve)
            sums[books.id]?.authorised += fromDeposit + fromSeat
            try await carryOut(try order(draft, books), place, paying: [(payee, fromDeposit + fromSeat)])
            lotteries[place].deposit -= fromDeposit
            lotteries[place].seats[payee] = (seat.reserve - fromSeat, draft.nonce)
            return true
        default: break
        }
        var rule = ""
        switch deed {
        case .redeemStale: (draft.nonce, rule) = (seat.nonce - 1, "stale-nonce")
        case .redeemLost: (draft.threshold, rule) = (1, "not-won")
        case .redeemForged: (draft.signer, rule) = (authorizer, "ticket-signature")
        case .redeemWithForeignSecret: (draft.told, rule) = (nextSalt(), "foreign-secret")
        case .redeemUnauthorised: (draft.authorizer, rule) = (books.payer, "redemption-signature")
        case .redeemWithoutSeat: (draft.payee, rule) = (stage.stranger.address, "no-seat")
        case .redeemExpired: (draft.expiry, rule) = (time(in: 0...0), "ticket-expired")
        case .redeemOutliving: (draft.expiry, rule) = (books.terms.expiry + 1, "outlives-channel")
        default: rule = "nothing-left"
        }
        try await refuse(rule, try order(draft, books), place)
        return true
    }

    /// A ticket that is about to be signed, which wins unless its threshold says otherwise.
    private struct Draft {
        var payee: Address
        var nonce: UInt64
        var expiry: UInt64
        var faceValue: UInt128 = 20
        var threshold = UInt64.max
        var signer: Party?
        var authorizer: Party?
        /// What is said to be the secret.
        var told: Hash32?
    }

    private func order(_ draft: Draft, _ books: LotteryBooks) throws -> Rules.Order {
        let (domain, secret) = (try domain(of: .lottery), nextSalt())
        let ticket = LotteryTicket(
            payee: draft.payee, commitment: LotteryDraw.commitment(to: secret, by: draft.payee, in: books.id),
            nonce: draft.nonce, faceValue: units(draft.faceValue), threshold: draft.threshold, expiry: draft.expiry)
        return .redeem(
            ticket, signature: (draft.signer ?? books.payer).sign(ticket.digest(for: books.id, in: domain)),
            secret: draft.told ?? secret,
            authorization: (draft.authorizer ?? authorizer).sign(ticket.redemptionDigest(for: books.id, in: domain)))
    }

    // MARK: - The end

    private func attemptEnd(_ deed: LotteryDeed) async throws -> Bool {
        let now = now.time
        let place = pick(lotteries) { books in
            switch deed {
            case .reclaimAgain: !books.isOpen
            case .reclaimEarly: books.isOpen && !books.isExpired(at: now)
            default: books.isOpen && books.isExpired(at: now)
            }
        }
        guard let place else { return false }
        switch deed {
        case .reclaimAgain: try await repeatOrder(.reclaim, on: lotteries[place].id, under: Rules.self)
        case .reclaimEarly: try await refuse("not-expired", .reclaim, place)
        default: try await reclaim(place)
        }
        return true
    }

    private func reclaim(_ place: Int) async throws {
        let books = lotteries[place]
        try await carryOut(.reclaim, place, paying: [(books.terms.payer, books.locked)])
        lotteries[place].isOpen = false
    }

    private func carryOut(
        _ order: Rules.Order, _ place: Int, paying payouts: [(to: Address, amount: UInt128)] = []
    ) async throws {
        let terms = lotteries[place].terms
        try await carryOut(
            order, on: lotteries[place].id, under: Rules.self, in: terms.token, payers: [terms.payer],
            paying: payouts)
    }

    private func refuse(_ rule: String, _ order: Rules.Order, _ place: Int) async throws {
        try await refuseOrder("lottery.\(rule)", order, on: lotteries[place].id, under: Rules.self)
    }
}
