// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

enum MerkleDeed: String, CaseIterable {
    case open, openWrongly, openAgain
    case pay
    case redeem, redeemAgain, redeemForged, redeemOfAnother, redeemUnsorted, redeemNothing, redeemLate
    case reclaim, reclaimAgain, reclaimEarly
}

/// What the crowd knows of a channel of Merkle tokens.
struct MerkleBooks {
    static let count: UInt32 = 6
    static let tokenAmount: UInt128 = 10

    let id: ChannelID
    let terms: MerkleTokenTerms
    let payer: Party
    let tree: MerkleTokenTree
    let tokens: [MerkleToken]
    var isOpen = true
    var revealed: Set<UInt32> = []
    var spent: Set<UInt32> = []

    /// What is revealed and not redeemed, in order.
    var owed: [UInt32] { revealed.subtracting(spent).sorted() }
    var paid: UInt128 { spent.reduce(0) { $0 + tokens[Int($1)].amount.units } }
    var rest: UInt128 { UInt128(Self.count) * Self.tokenAmount - paid }

    func isExpired(at time: Instant) -> Bool { time.unixSeconds >= Int64(clamping: terms.expiry) }
}

extension Crowd {
    private typealias Rules = MerkleTokenContract

    func attempt(_ deed: MerkleDeed) async throws -> Bool {
        switch deed {
        case .open, .openWrongly: return try await attemptOpening(deed)
        case .openAgain:
            guard let books = pick(trees), holds(books.payer.address, books.terms.token) >= 60 else { return false }
            try await refuseFunding("merkle-token.already-funded", Rules.self, books.terms, 60, by: books.payer)
            return true
        case .pay:
            let now = now.time
            let most = Int(MerkleBooks.count)
            guard let place = pick(trees, where: { $0.isOpen && !$0.isExpired(at: now) && $0.revealed.count < most }),
                let index = (0..<MerkleBooks.count).filter({ !trees[place].revealed.contains($0) })
                    .randomElement(using: &random)
            else { return false }
            trees[place].revealed.insert(index)
            sums[trees[place].id]?.authorised += trees[place].tokens[Int(index)].amount.units
            return true
        case .redeem, .redeemAgain, .redeemForged, .redeemOfAnother, .redeemUnsorted, .redeemNothing, .redeemLate:
            return try await attemptRedeeming(deed)
        case .reclaim, .reclaimAgain, .reclaimEarly: return try await attemptEnd(deed)
        }
    }

    /// Before a channel may expire, all that was revealed is redeemed.
    func watchTrees() async throws {
        let soon = now.time.advanced(bySeconds: 1000)
        for place in trees.indices where trees[place].isOpen && trees[place].isExpired(at: soon) {
            try await redeem(place, trees[place].owed)
        }
    }

    func endTrees() async throws {
        for place in trees.indices where trees[place].isOpen { try await redeem(place, trees[place].owed) }
        try await pass(seconds: 5000)
        for place in trees.indices where trees[place].isOpen { try await reclaim(place) }
        for books in trees { #expect(books.owed == [], "a payee has less than was revealed to it, \(moment)") }
    }

    // MARK: - Deeds

    private func attemptOpening(_ deed: MerkleDeed) async throws -> Bool {
        guard trees.count(where: \.isOpen) < 4, let payer = pick(payers) else { return false }
        let amount = UInt128(MerkleBooks.count) * MerkleBooks.tokenAmount
        var terms = MerkleTokenTerms(
            payer: payer.address, token: token().address, root: .zero, tokenCount: MerkleBooks.count,
            tokenAmount: units(MerkleBooks.tokenAmount), expiry: time(in: 900...4000), salt: nextSalt())
        guard holds(payer.address, terms.token) > amount else { return false }
        let domain = try domain(of: .merkleToken)
        let others = payees + payers.filter { $0.address != payer.address }
        let tokens = (0..<MerkleBooks.count).map { index in
            MerkleToken(
                payee: (pick(others) ?? payees[0]).address, index: index, amount: units(number(1...10)),
                secret: nextSalt())
        }
        let tree = try #require(
            MerkleTokenTree(terms, tag: terms.tag(in: domain)) { tokens[Int($0)] })
        terms.root = tree.root
        guard deed == .open else {
            try await refuseFunding("merkle-token.deposit-mismatch", Rules.self, terms, amount - 1, by: payer)
            return true
        }
        try await fund(Rules.self, terms, amount, by: payer)
        trees.append(
            MerkleBooks(id: terms.channelID(in: domain), terms: terms, payer: payer, tree: tree, tokens: tokens))
        return true
    }

    private func attemptRedeeming(_ deed: MerkleDeed) async throws -> Bool {
        let place = pick(trees) { books in
            switch deed {
            case .redeem: books.isOpen && !books.owed.isEmpty
            case .redeemAgain: !books.spent.isEmpty
            case .redeemLate: !books.isOpen && books.spent.count < Int(MerkleBooks.count)
            case .redeemNothing: true
            default: books.isOpen && books.spent.count < Int(MerkleBooks.count)
            }
        }
        guard let place else { return false }
        let books = trees[place]
        let unspent = (0..<MerkleBooks.count).filter { !books.spent.contains($0) }
        switch deed {
        case .redeem:
            // All that is owed or one of it, perhaps with some that were redeemed before.
            var indices = chance(2) ? books.owed : Array(books.owed.prefix(1))
            if chance(2) { indices = Array(books.spent.union(indices)).sorted() }
            try await redeem(place, indices)
        case .redeemAgain:
            try await repeatOrder(order(books, books.spent.sorted()), on: books.id, under: Rules.self)
        case .redeemNothing: try await refuse("batch-size", .redeem([], MerkleMultiproof(nodes: [])), place)
        case .redeemUnsorted:
            guard unspent.count > 1 else { return false }
            let tokens = unspent.reversed().map { books.tokens[Int($0)] }
            let proof = try #require(books.tree.multiproof(of: unspent))
            try await refuse("unsorted", .redeem(tokens, proof), place)
        case .redeemLate: try await refuse("not-open", try order(books, unspent), place)
        case .redeemForged:
            // For more than it is worth, or for somebody else.
            var token = books.tokens[Int(unspent[0])]
            if token.amount.units < MerkleBooks.tokenAmount, chance(2) {
                token.amount = units(MerkleBooks.tokenAmount)
            } else {
                token.payee = stage.stranger.address
            }
            let proof = try #require(books.tree.multiproof(of: [unspent[0]]))
            try await refuse("not-proven", .redeem([token], proof), place)
        default:
            guard let other = pick(trees.filter { $0.id != books.id }) else { return false }
            try await refuse("not-proven", try order(other, [unspent[0]]), place)
        }
        return true
    }

    private func attemptEnd(_ deed: MerkleDeed) async throws -> Bool {
        let now = now.time
        let place = pick(trees) { books in
            switch deed {
            case .reclaimAgain: !books.isOpen
            case .reclaimEarly: books.isOpen && !books.isExpired(at: now)
            default: books.isOpen && books.isExpired(at: now)
            }
        }
        guard let place else { return false }
        switch deed {
        case .reclaimAgain: try await repeatOrder(.reclaim, on: trees[place].id, under: Rules.self)
        case .reclaimEarly: try await refuse("not-expired", .reclaim, place)
        default: try await reclaim(place)
        }
        return true
    }

    // MARK: - Steps

    private func order(_ books: MerkleBooks, _ indices: [UInt32]) throws -> Rules.Order {
        .redeem(indices.map { books.tokens[Int($0)] }, try #require(books.tree.multiproof(of: indices)))
    }

    private func redeem(_ place: Int, _ indices: [UInt32]) async throws {
        let books = trees[place]
        let fresh = indices.filter { !books.spent.contains($0) }.map { books.tokens[Int($0)] }
        guard !fresh.isEmpty else { return }
        // Once to each payee, in the order in which they first appear.
        var payouts: [(to: Address, amount: UInt128)] = []
        for token in fresh {
            if let known = payouts.firstIndex(where: { $0.to == token.payee }) {
                payouts[known].amount += token.amount.units
            } else {
                payouts.append((token.payee, token.amount.units))
            }
        }
        try await carryOut(try order(books, indices), place, paying: payouts)
        trees[place].spent.formUnion(indices)
    }

    private func reclaim(_ place: Int) async throws {
        let books = trees[place]
        #expect(books.owed == [], "a payee was too late, \(moment)")
        try await carryOut(.reclaim, place, paying: [(books.terms.payer, books.rest)])
        trees[place].isOpen = false
    }

    private func carryOut(
        _ order: Rules.Order, _ place: Int, paying payouts: [(to: Address, amount: UInt128)]
    ) async throws {
        let terms = trees[place].terms
        try await carryOut(
            order, on: trees[place].id, under: Rules.self, in: terms.token, payers: [terms.payer], paying: payouts)
    }

    private func refuse(_ rule: String, _ order: Rules.Order, _ place: Int) async throws {
        try await refuseOrder("merkle-token.\(rule)", order, on: trees[place].id, under: Rules.self)
    }
}
