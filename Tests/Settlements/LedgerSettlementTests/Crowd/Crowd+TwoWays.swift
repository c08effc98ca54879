// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

enum TwoWayDeed: String, CaseIterable {
    case open, openWrongly, openBelow, openTooMany, openTwice, openForeign, join
    case cancel, cancelForged, cancelAgain
    case topUp, topUpAbove, topUpClosing
    case pay
    case resize, resizeStale, resizeForged, resizeSum
    case closeTogether, closeForged, closeStale, closeAgain
    case start, startForged
    case challenge, challengeOld, challengeLate, challengeForged
    case finalize, finalizeEarly, finalizeOpen
}

/// What the crowd knows of a two-way channel.
struct TwoWayBooks {
    enum Phase {
        /// Only the first deposit is in.
        case opening
        case open
        case closing(TwoWayState, until: Instant)
        case closed(isCancelled: Bool)
    }

    let id: ChannelID
    let terms: TwoWayTerms
    let first: Party
    let second: Party
    var phase: Phase
    /// What counts when no state is shown.
    var base: TwoWayState
    /// All that both signed on top of it.
    var states: [TwoWayState] = []
    var firstSurplus: UInt128 = 0
    var secondSurplus: UInt128 = 0
    var funders: Set<Address>
    /// With what it ended.
    var end: TwoWayState?

    var newest: TwoWayState { states.last ?? base }
    var total: UInt128 { base.firstBalance.units + base.secondBalance.units }
    var isOpening: Bool { if case .opening = phase { true } else { false } }
    var isOpen: Bool { if case .open = phase { true } else { false } }
    var isClosed: Bool { if case .closed = phase { true } else { false } }
    var isCancelled: Bool { if case .closed(let isCancelled) = phase { isCancelled } else { false } }
    /// With what one of them wants to end.
    var closing: TwoWayState? { if case .closing(let state, _) = phase { state } else { nil } }

    func isOver(at time: Instant) -> Bool {
        if case .closing(_, let until) = phase { time >= until } else { false }
    }

    /// A state whose balances add up, with the first's share as near to this as it can be.
    func state(_ nonce: UInt64, first: UInt128) -> TwoWayState {
        let first = min(first, total)
        return TwoWayState(nonce: nonce, firstBalance: units(first), secondBalance: units(total - first))
    }

    func signatures(_ digest: Hash32, second other: Party? = nil) -> TwoWaySignatures {
        TwoWaySignatures(first: first.sign(digest), second: (other ?? second).sign(digest))
    }

    func signed(
        _ state: TwoWayState, in domain: ContractDomain, second other: Party? = nil
    ) -> SignedTwoWayState {
        SignedTwoWayState(state, signatures(state.digest(of: id, in: domain), second: other))
    }
}

extension Crowd {
    private typealias Rules = TwoWayContract

    func attempt(_ deed: TwoWayDeed) async throws -> Bool {
        switch deed {
        case .open, .openWrongly, .openBelow, .openTooMany: return try await attemptOpening(deed)
        case .openTwice, .openForeign, .join, .cancel, .cancelForged, .cancelAgain:
            return try await attemptJoining(deed)
        case .topUp, .topUpAbove, .topUpClosing: return try await attemptTopUp(deed)
        case .pay:
            guard let place = pick(twoWays, where: \.isOpen) else { return false }
            let books = twoWays[place]
            twoWays[place].states.append(books.state(books.newest.nonce + 1, first: number(0...books.total)))
            return true
        case .resize, .resizeStale, .resizeForged, .resizeSum: return try await attemptResize(deed)
        case .closeTogether, .closeForged, .closeStale, .closeAgain: return try await attemptClose(deed)
        case .start, .startForged, .finalize, .finalizeEarly, .finalizeOpen: return try await attemptLonelyEnd(deed)
        case .challenge, .challengeOld, .challengeLate, .challengeForged: return try await attemptChallenge(deed)
        }
    }

    /// Ends with old states are answered while they can be.
    func watchTwoWays() async throws {
        for place in twoWays.indices where isChallengeable(twoWays[place]) { try await challenge(place) }
    }

    func endTwoWays() async throws {
        now = try await stage.ledger.head()
        for place in twoWays.indices {
            if twoWays[place].isOpening { try await cancel(place) }
            if twoWays[place].isOpen { try await start(place, showing: nil) }
        }
        try await pass(seconds: 900)
        for place in twoWays.indices where !twoWays[place].isClosed { try await finalize(place) }
    }

    // MARK: - Opening

    private func attemptOpening(_ deed: TwoWayDeed) async throws -> Bool {
        guard let first = pick(payers), let second = pick(payers.filter { $0.address != first.address }) else {
            return false
        }
        let token = token()
        let deposits: (first: UInt128, second: UInt128) =
            deed == .openBelow ? (5, 4) : (number(20...200), chance(2) ? 0 : number(1...100))
        let terms = TwoWayTerms(
            first: first.address, second: second.address, token: token.address, firstDeposit: units(deposits.first),
            secondDeposit: units(deposits.second), challengeSeconds: 900, salt: nextSalt())
        let amount = deposits.first + Self.fee
        guard holds(first.address, token.address) > amount,
            (openTwoWays(of: first.address) >= Self.mostChannels) == (deed == .openTooMany)
        else { return false }
        switch deed {
        case .openTooMany: try await refuseFunding("two-way.too-many-channels", Rules.self, terms, amount, by: first)
        case .openBelow: try await refuseFunding("two-way.below-minimum", Rules.self, terms, amount, by: first)
        case .openWrongly:
            let wrong = chance(2) ? amount + 1 : deposits.first
            try await refuseFunding("two-way.deposit-mismatch", Rules.self, terms, wrong, by: first)
        default:
            try await fund(Rules.self, terms, amount, by: first, fee: Self.fee)
            twoWays.append(
                TwoWayBooks(
                    id: terms.channelID(in: try domain(of: .twoWay)), terms: terms, first: first, second: second,
                    phase: deposits.second == 0 ? .open : .opening, base: terms.opening, funders: [first.address]))
        }
        return true
    }

    private func attemptJoining(_ deed: TwoWayDeed) async throws -> Bool {
        let isAgain = deed == .cancelAgain
        guard let place = pick(twoWays, where: { isAgain ? $0.isCancelled : $0.isOpening }) else { return false }
        let books = twoWays[place]
        switch deed {
        case .join:
            let amount = books.terms.secondDeposit.units
            guard openTwoWays(of: books.second.address) < Self.mostChannels,
                holds(books.second.address, books.terms.token) >= amount
            else { return false }
            try await fund(Rules.self, books.terms, amount, by: books.second)
            twoWays[place].phase = .open
            twoWays[place].funders.insert(books.second.address)
        case .openTwice:
            try await refuseFunding("two-way.not-awaited", Rules.self, books.terms, 1, by: books.first)
        case .openForeign:
            let others = payers.filter { !books.terms.parties.contains($0.address) }
            guard let other = pick(others) else { return false }
            try await refuseFunding("two-way.foreign-payer", Rules.self, books.terms, 1, by: other)
        case .cancelForged:
            try await refuse("signature", .cancel(try cancelSignature(books, by: books.second)), place)
        case .cancelAgain:
            let order = Rules.Order.cancel(try cancelSignature(books, by: books.first))
            try await repeatOrder(order, on: books.id, under: Rules.self)
        default: try await cancel(place)
        }
        return true
    }

    private func cancelSignature(_ books: TwoWayBooks, by signer: Party) throws -> Signature {
        signer.sign(Rules.cancelDigest(of: books.id, in: try domain(of: .twoWay)))
    }

    private func cancel(_ place: Int) async throws {
        let books = twoWays[place]
        try await carryOut(
            .cancel(try cancelSignature(books, by: books.first)), place, first: books.terms.firstDeposit.units,
            second: 0)
        twoWays[place].phase = .closed(isCancelled: true)
    }

    /// In how many channels with money an account has put some.
    private func openTwoWays(of account: Address) -> Int {
        twoWays.count { $0.funders.contains(account) && !$0.isClosed && (sums[$0.id]?.locked ?? 0) > 0 }
    }

    // MARK: - While it is open

    private func attemptTopUp(_ deed: TwoWayDeed) async throws -> Bool {
        guard let place = pick(twoWays, where: { deed == .topUpClosing ? $0.closing != nil : $0.isOpen }) else {
            return false
        }
        let books = twoWays[place]
        let isFirst = chance(2)
        let payer = isFirst ? books.first : books.second
        let amount = deed == .topUpAbove ? 5000 : number(1...50)
        guard holds(payer.address, books.terms.token) >= amount else { return false }
        switch deed {
        case .topUpAbove: try await refuseFunding("two-way.above-maximum", Rules.self, books.terms, amount, by: payer)
        case .topUpClosing: try await refuseFunding("two-way.out-of-turn", Rules.self, books.terms, amount, by: payer)
        default:
            guard (sums[books.id]?.locked ?? 0) + amount <= 5000 else { return false }
            try await fund(Rules.self, books.terms, amount, by: payer)
            twoWays[place].funders.insert(payer.address)
            if isFirst { twoWays[place].firstSurplus += amount } else { twoWays[place].secondSurplus += amount }
        }
        return true
    }

    private func attemptResize(_ deed: TwoWayDeed) async throws -> Bool {
        guard let place = pick(twoWays, where: \.isOpen) else { return false }
        let (books, domain) = (twoWays[place], try domain(of: .twoWay))
        let own = (
            first: books.newest.firstBalance.units + books.firstSurplus,
            second: books.newest.secondBalance.units + books.secondSurplus
        )
        let out = (first: number(0...own.first), second: number(0...own.second))
        let extra: UInt128 = deed == .resizeSum ? 1 : 0
        let state = TwoWayState(
            nonce: deed == .resizeStale ? books.base.nonce : books.newest.nonce + 1,
            firstBalance: units(own.first - out.first + extra), secondBalance: units(own.second - out.second))
        let resize = TwoWayResize(to: state, firstWithdrawal: units(out.first), secondWithdrawal: units(out.second))
        let signatures = books.signatures(
            resize.digest(of: books.id, in: domain), second: deed == .resizeForged ? stage.stranger : nil)
        let order = Rules.Order.resize(resize, signatures)
        switch deed {
        case .resizeStale:
            guard state != books.base else { return false }
            try await refuse("stale", order, place)
        case .resizeForged: try await refuse("signature", order, place)
        case .resizeSum: try await refuse("sum-mismatch", order, place)
        default:
            try await carryOut(order, place, first: out.first, second: out.second)
            (twoWays[place].base, twoWays[place].states) = (state, [])
            (twoWays[place].firstSurplus, twoWays[place].secondSurplus) = (0, 0)
        }
        return true
    }

    // MARK: - Ends

    private func attemptClose(_ deed: TwoWayDeed) async throws -> Bool {
        let place = pick(twoWays) { books in
            switch deed {
            case .closeAgain: books.end != nil
            case .closeStale: (books.closing?.nonce ?? 0) > 0
            default: books.isOpen || books.closing != nil
            }
        }
        guard let place else { return false }
        let books = twoWays[place]
        // The newest state is never older than the one that somebody has shown.
        let newest = books.newest
        let state =
            deed == .closeStale
            ? books.state((books.closing?.nonce ?? 1) - 1, first: newest.firstBalance.units) : books.end ?? newest
        let digest = state.closeDigest(of: books.id, in: try domain(of: .twoWay))
        let signatures = books.signatures(digest, second: deed == .closeForged ? stage.stranger : nil)
        let order = Rules.Order.closeTogether(state, signatures)
        switch deed {
        case .closeAgain: try await repeatOrder(order, on: books.id, under: Rules.self)
        case .closeStale: try await refuse("stale", order, place)
        case .closeForged: try await refuse("signature", order, place)
        default: try await end(place, order, with: state)
        }
        return true
    }

    private func attemptLonelyEnd(_ deed: TwoWayDeed) async throws -> Bool {
        let now = now.time
        let place = pick(twoWays) { books in
            switch deed {
            case .finalize: books.isOver(at: now)
            case .finalizeEarly: books.closing != nil && !books.isOver(at: now)
            case .finalizeOpen: books.isOpen || books.isOpening
            default: books.isOpen
            }
        }
        guard let place else { return false }
        switch deed {
        case .finalize: try await finalize(place)
        case .finalizeEarly: try await refuse("challenge-runs", .finalize, place)
        case .finalizeOpen: try await refuse("out-of-turn", .finalize, place)
        case .startForged:
            let (books, domain) = (twoWays[place], try domain(of: .twoWay))
            let digest = Rules.startCloseDigest(of: books.id, at: books.base.nonce, in: domain)
            try await refuse("start-signature", .startClose(nil, stage.stranger.sign(digest)), place)
        default: try await start(place, showing: chance(4) ? nil : pick(twoWays[place].states))
        }
        return true
    }

    private func attemptChallenge(_ deed: TwoWayDeed) async throws -> Bool {
        let now = now.time
        let place = pick(twoWays) { books in
            switch deed {
            case .challenge: isChallengeable(books)
            case .challengeLate: books.isOver(at: now)
            case .challengeForged: books.closing != nil && !books.isOver(at: now)
            default: books.closing.map { $0.nonce > books.base.nonce } ?? false
            }
        }
        guard let place else { return false }
        let (books, domain) = (twoWays[place], try domain(of: .twoWay))
        let next = books.state(books.newest.nonce + 1, first: 0)
        switch deed {
        case .challenge: try await challenge(place)
        case .challengeLate:
            // Even one that both have signed.
            try await refuse("challenge-over", .challenge(books.signed(next, in: domain)), place)
        case .challengeForged:
            let forged = books.signed(next, in: domain, second: stage.stranger)
            try await refuse("signature", .challenge(forged), place)
        default:
            guard let shown = books.closing else { return false }
            try await repeatOrder(.challenge(books.signed(shown, in: domain)), on: books.id, under: Rules.self)
        }
        return true
    }

    private func isChallengeable(_ books: TwoWayBooks) -> Bool {
        guard let closing = books.closing else { return false }
        return closing.nonce < books.newest.nonce && !books.isOver(at: now.time)
    }

    /// One of them ends the channel alone, with any state that both signed.
    private func start(_ place: Int, showing state: TwoWayState?) async throws {
        let (books, domain) = (twoWays[place], try domain(of: .twoWay))
        let nonce = (state ?? books.base).nonce
        let signer = chance(2) ? books.first : books.second
        let signature = signer.sign(Rules.startCloseDigest(of: books.id, at: nonce, in: domain))
        let head = try await stage.ledger.head()
        try await carryOut(
            .startClose(state.map { books.signed($0, in: domain) }, signature), place, first: 0, second: 0)
        twoWays[place].phase = .closing(state ?? books.base, until: head.time.advanced(bySeconds: 900))
    }

    private func challenge(_ place: Int) async throws {
        guard case .closing(_, let until) = twoWays[place].phase else { return }
        let newest = twoWays[place].newest
        let signed = twoWays[place].signed(newest, in: try domain(of: .twoWay))
        try await carryOut(.challenge(signed), place, first: 0, second: 0)
        twoWays[place].phase = .closing(newest, until: until)
    }

    private func finalize(_ place: Int) async throws {
        let state = try #require(twoWays[place].closing)
        #expect(state == twoWays[place].newest, "a party was not heard, \(moment)")
        try await end(place, .finalize, with: state)
    }

    // MARK: - Steps

    private func end(_ place: Int, _ order: Rules.Order, with state: TwoWayState) async throws {
        let books = twoWays[place]
        try await carryOut(
            order, place, first: state.firstBalance.units + books.firstSurplus,
            second: state.secondBalance.units + books.secondSurplus)
        twoWays[place].phase = .closed(isCancelled: false)
        twoWays[place].end = state
    }

    private func carryOut(_ order: Rules.Order, _ place: Int, first: UInt128, second: UInt128) async throws {
        let terms = twoWays[place].terms
        try await carryOut(
            order, on: twoWays[place].id, under: Rules.self, in: terms.token, payers: terms.parties,
            paying: [(terms.first, first), (terms.second, second)])
    }

    private func refuse(_ rule: String, _ order: Rules.Order, _ place: Int) async throws {
        try await refuseOrder("two-way.\(rule)", order, on: twoWays[place].id, under: Rules.self)
    }
}
