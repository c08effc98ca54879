// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingVoucherScheme
import Testing

@testable import FarthingAssembly
@testable import FarthingWallet

@Suite("A payer on Stacks, and a node that must see what it does", .timeLimit(.minutes(3)))
struct StacksPayerTests {
    private let key = KeySigner(PrivateKey.random(), accounts: .hash160)
    private static let challenge: Int64 = 86_400

    @Test func `A node sees an old state of the payer's by itself, and answers with the newest`() async throws {
        try await StacksShop.open(.twoWay) { [self] shop in
            let (id, place) = try await cheat(shop)
            // Nobody tells the node. A tenth of the period is over, and it looks.
            try await shop.leap(Self.challenge / 10)
            try await shop.node.catchUp()
            let answered = try await place.contract(TwoWayContract.self, of: id)?.state.phase
            guard case .closing(let newest, _)? = answered else {
                Issue.record("\(String(describing: answered))")
                return
            }
            #expect(newest.secondBalance.units == 4 * StacksShop.price)
            try await shop.leap(Self.challenge)
            try await shop.node.catchUp()
            let ended = try await place.contract(TwoWayContract.self, of: id)?.state
            #expect(ended?.phase == .closed(newest))
            let (paid, left) = (
                try await shop.held(shop.node.books.authorizer), try await shop.held(key.address)
            )
            #expect(paid == 4 * StacksShop.price && left == 100_000 - 4 * StacksShop.price)
        }
    }

    @Test func `A node that is told of blocks answers an old state at once`() async throws {
        try await StacksShop.open(.twoWay, isTold: true) { [self] shop in
            let (id, place) = try await cheat(shop)
            var best: UInt128 = 0
            // No time passes by which the node would have looked by itself.
            for _ in 0..<500 where best != 4 * StacksShop.price {
                try await shop.node.catchUp()
                guard case .closing(let newest, _)? = try await place.contract(TwoWayContract.self, of: id)?.state.phase
                else { continue }
                best = newest.secondBalance.units
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(best == 4 * StacksShop.price)
        }
    }

    /// A payer pays, keeps what it could end the channel with, pays three times more, and ends it with the old state.
    private func cheat(_ shop: StacksShop) async throws -> (ChannelID, any ContractSettlement) {
        try await shop.stage.mint(units(100_000), to: key.address, at: shop.node)
        let wallet = try shop.wallet(key, scheme: .twoWay)
        try await shop.buy(1, from: wallet)
        let id = try #require(try await wallet.journal.overviews().first?.id)
        let place = try #require(wallet.views.values.first as? any ContractSettlement)
        let domain = try #require(place.contractDomain(of: .twoWay))
        var books = try #require(try await wallet.journal.prepaid(TwoWayPayer.self, id)).books
        let known = try #require(try await place.contract(TwoWayContract.self, of: id))
        let leaving = try await books.leaving(known, in: domain, by: key)
        guard case .order(let old) = leaving else { throw NothingToShow() }
        try await shop.buy(3, from: wallet)
        let started = try await place.carryOut(old, on: id, under: TwoWayContract.self)
        guard case .closing(let first, _) = started.snapshot.state.phase else { throw NothingToShow() }
        #expect(first.secondBalance.units == StacksShop.price)
        return (id, place)
    }

    private struct NothingToShow: Error {}

    @Test func `A payer ends a channel without its payee, and pays for that itself`() async throws {
        try await StacksShop.open(.twoWay) { [key] shop in
            try await shop.stage.mint(units(100_000), to: key.address, at: shop.node)
            let wallet = try shop.wallet(key, scheme: .twoWay)
            try await shop.buy(3, from: wallet)
            let id = try #require(try await wallet.journal.overviews().first?.id)
            guard case .started(let locked, _) = try await wallet.withdraw(id) else {
                Issue.record("It was not started")
                return
            }
            #expect(locked.units == 50_000)
            try await shop.leap(Self.challenge + 600)
            guard case .paid(let amount) = try await wallet.withdraw(id) else {
                Issue.record("It was not paid")
                return
            }
            #expect(amount.units == 50_000 - 3 * StacksShop.price)
            let left = try await shop.held(key.address)
            #expect(left == 100_000 - 3 * StacksShop.price)
        }
    }

    @Test func `A wallet with nothing but its key finds its channels of vouchers`() async throws {
        try await StacksShop.open(.voucher) { [key] shop in
            try await shop.stage.mint(units(100_000), to: key.address, at: shop.node)
            let lost = try shop.wallet(key, scheme: .voucher)
            try await shop.buy(3, from: lost)
            let known = try #require(try await lost.journal.channels().first)
            let wallet = try shop.wallet(key, scheme: .voucher, journal: "another")
            let network = shop.node.configuration.network
            let found = try await wallet.rebuild(on: network)
            #expect(found.map(\.id) == [known.id])
            #expect(found.first?.books.terms == known.books.terms)
            let again = try await wallet.rebuild(on: network)
            #expect(again.isEmpty)
            let stranger = KeySigner(PrivateKey.random(), accounts: .hash160)
            let others = try await shop.wallet(stranger, scheme: .voucher, journal: "other").rebuild(on: network)
            #expect(others.isEmpty)
        }
    }
}
