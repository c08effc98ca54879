// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

enum ChainDeed: String, CaseIterable {
    case open, openWrongly, openTooShort, openAgain, openUnsigned
    case pay
    case redeem, redeemAgain, redeemForeign, redeemBeyond, redeemLate
    case close, closeBehind, closeForged
    case reclaim, reclaimAgain, reclaimEarly
}

/// What the crowd knows of a hash chain.
struct ChainBooks {
    static let count: UInt32 = 12
    static let stepAmount: UInt128 = 3

    let id: ChannelID
    let terms: HashChainTerms
    let payer: Party
    let steps: [Hash32]
    var isOpen = true
    /// How many steps the payer has revealed.
    var revealed: UInt32 = 0
    var redeemed: UInt32 = 0

    func step(_ index: UInt32) -> HashChainStep { HashChainStep(index: index, value: steps[Int(index)]) }

    func isExpired(at time: Instant) -> Bool { time.unixSeconds >= Int64(clamping: terms.expiry) }
}

extension Crowd {
    private typealias Rules = HashChainContract

    func attempt(_ deed: ChainDeed) async throws -> Bool {
        switch deed {
        case .open, .openWrongly, .openTooShort, .openUnsigned: return try await attemptOpening(deed)
        case .openAgain:
            guard let books = pick(chains), holds(books.payer.address, books.terms.token) >= 36 else { return false }
            try await refuseFunding("hash-chain.already-funded", Rules.self, books.terms, 36, by: books.payer)
            return true
        case .pay:
            let now = now.time
            let place = pick(chains) { $0.isOpen && !$0.isExpired(at: now) && $0.revealed < ChainBooks.count }
            guard let place else { return false }
            let books = chains[place]
            chains[place].revealed = UInt32.random(in: (books.revealed + 1)...ChainBooks.count, using: &random)
            let more = UInt128(chains[place].revealed - books.revealed) * ChainBooks.stepAmount
            sums[books.id]?.authorised += more
            return true
        case .redeem, .redeemAgain, .redeemForeign, .redeemBeyond, .redeemLate: return try await attemptRedeeming(deed)
        case .close, .closeBehind, .closeForged, .reclaim, .reclaimAgain, .reclaimEarly:
            return try await attemptEnd(deed)
        }
    }

    /// Before a channel may expire, its payee redeems all that was revealed.
    func watchChains() async throws {
        let soon = now.time.advanced(bySeconds: 1000)
        for place in chains.indices where chains[place].isOpen && chains[place].isExpired(at: soon) {
            try await redeemAll(place)
        }
    }

    func endChains() async throws {
        for place in chains.indices where chains[place].isOpen { try await redeemAll(place) }
        try await pass(seconds: 5000)
        for place in chains.indices where chains[place].isOpen { try await reclaim(place) }
        for books in chains {
            #expect(books.redeemed == books.revealed, "a payee has less than was revealed to it, \(moment)")
        }
    }

    // MARK: - Deeds

    private func attemptOpening(_ deed: ChainDeed) async throws -> Bool {
        guard chains.count(where: \.isOpen) < 4 else { return false }
        let (payer, payee) = pair()
        var terms = HashChainTerms(
            payer: payer.address, receiver: payee.address, receiverAuthorizer: authorizer.address,
            token: token().address, anchor: .zero, stepCount: ChainBooks.count,
            stepAmount: units(ChainBooks.stepAmount),
            expiry: deed == .openTooShort ? time(in: 100...899) : time(in: 900...4000), salt: nextSalt())
        let domain = try domain(of: .hashChain)
        let (tag, end) = (terms.tag(in: domain), nextSalt())
        let steps = (0...ChainBooks.count).map { HashChain.step($0, from: end, at: ChainBooks.count, tag: tag) }
        terms.anchor = steps[0]
        let amount = UInt128(ChainBooks.count) * ChainBooks.stepAmount
        guard holds(payer.address, terms.token) > amount else { return false }
        switch deed {
        case .openWrongly:
            try await refuseFunding("hash-chain.deposit-mismatch", Rules.self, terms, amount + 1, by: payer)
        case .openTooShort: try await refuseFunding("hash-chain.lifetime", Rules.self, terms, amount, by: payer)
        case .openUnsigned:
            try await refuseFunding(
                "settlement.authorization-signature", Rules.self, terms, amount, by: payer, signedBy: payee)
        default:
            try await fund(Rules.self, terms, amount, by: payer)
            chains.append(
                ChainBooks(id: terms.channelID(in: domain), terms: terms, payer: payer, steps: steps))
        }
        return true
    }

    private func attemptRedeeming(_ deed: ChainDeed) async throws -> Bool {
        let place = pick(chains) { books in
            switch deed {
            case .redeem: books.isOpen && books.redeemed < books.revealed
            case .redeemAgain: true
            case .redeemLate: !books.isOpen && books.redeemed < ChainBooks.count
            case .redeemBeyond: books.isOpen
            default: books.isOpen && books.redeemed < ChainBooks.count
            }
        }
        guard let place else { return false }
        let books = chains[place]
        switch deed {
        case .redeem:
            try await redeem(place, UInt32.random(in: (books.redeemed + 1)...books.revealed, using: &random))
        case .redeemAgain:
            let index = UInt32.random(in: 0...books.redeemed, using: &random)
            try await repeatOrder(.redeem(books.step(index)), on: books.id, under: Rules.self)
        case .redeemLate: try await refuse("not-open", .redeem(books.step(ChainBooks.count)), place)
        case .redeemBeyond:
            let beyond = HashChainStep(index: ChainBooks.count + 1, value: books.steps[0])
            try await refuse("beyond-end", .redeem(beyond), place)
        default:
            // An earlier step, or one of another chain, in place of one that was not revealed.
            let other = pick(chains.filter { $0.id != books.id }) ?? books
            let value = chance(2) ? books.steps[Int(books.redeemed)] : other.steps[Int(ChainBooks.count)]
            let foreign = HashChainStep(index: books.redeemed + 1, value: value)
            guard foreign.value != books.step(books.redeemed + 1).value else { return false }
            try await refuse("foreign-step", .redeem(foreign), place)
        }
        return true
    }

    private func attemptEnd(_ deed: ChainDeed) async throws -> Bool {
        let now = now.time
        let place = pick(chains) { books in
            switch deed {
            case .closeBehind: books.isOpen && books.redeemed > 0
            case .reclaim: books.isOpen && books.isExpired(at: now)
            case .reclaimAgain: !books.isOpen
            case .reclaimEarly: books.isOpen && !books.isExpired(at: now)
            default: books.isOpen
            }
        }
        guard let place else { return false }
        let books = chains[place]
        switch deed {
        case .reclaim: try await reclaim(place)
        case .reclaimAgain: try await repeatOrder(.reclaim, on: books.id, under: Rules.self)
        case .reclaimEarly: try await refuse("not-expired", .reclaim, place)
        case .closeBehind: try await refuse("close-behind", close(books, at: books.redeemed - 1), place)
        case .closeForged:
            try await refuse("close-signature", close(books, at: books.revealed, by: books.payer), place)
        default:
            let order = try close(books, at: books.revealed)
            let steps = (earned: books.revealed - books.redeemed, rest: ChainBooks.count - books.revealed)
            try await carryOut(order, place, earned: steps.earned, rest: steps.rest)
            (chains[place].isOpen, chains[place].redeemed) = (false, books.revealed)
        }
        return true
    }

    // MARK: - Steps

    private func close(_ books: ChainBooks, at index: UInt32, by signer: Party? = nil) throws -> Rules.Order {
        let digest = Rules.closeDigest(of: books.id, upTo: index, in: try domain(of: .hashChain))
        return .close(books.step(index), signature: (signer ?? authorizer).sign(digest))
    }

    private func redeemAll(_ place: Int) async throws {
        let books = chains[place]
        if books.redeemed < books.revealed { try await redeem(place, books.revealed) }
    }

    private func redeem(_ place: Int, _ index: UInt32) async throws {
        let books = chains[place]
        try await carryOut(.redeem(books.step(index)), place, earned: index - books.redeemed)
        chains[place].redeemed = index
    }

    private func reclaim(_ place: Int) async throws {
        try await carryOut(.reclaim, place, rest: ChainBooks.count - chains[place].redeemed)
        #expect(chains[place].redeemed == chains[place].revealed, "a payee was too late, \(moment)")
        chains[place].isOpen = false
    }

    /// - Parameters:
    ///   - earned: How many steps the payee must be paid for.
    ///   - rest: For how many the payer must get its money back.
    private func carryOut(
        _ order: Rules.Order, _ place: Int, earned: UInt32 = 0, rest: UInt32 = 0
    ) async throws {
        let terms = chains[place].terms
        try await carryOut(
            order, on: chains[place].id, under: Rules.self, in: terms.token, payers: [terms.payer],
            paying: [
                (terms.receiver, UInt128(earned) * ChainBooks.stepAmount),
                (terms.payer, UInt128(rest) * ChainBooks.stepAmount),
            ])
    }

    private func refuse(_ rule: String, _ order: Rules.Order, _ place: Int) async throws {
        try await refuseOrder("hash-chain.\(rule)", order, on: chains[place].id, under: Rules.self)
    }
}
