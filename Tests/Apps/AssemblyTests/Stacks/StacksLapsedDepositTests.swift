// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingStacksSimnet
import Testing

@testable import FarthingAssembly
@testable import FarthingWallet

@Suite("A prepaid deposit on Stacks that was not made in its time", .timeLimit(.minutes(3)))
struct StacksLapsedDepositTests {
    private let key = KeySigner(PrivateKey.random(), accounts: .hash160)

    /// A shop that could not hand in the deposit of a wallet, until the time is over in which it may.
    private func late(_ body: @escaping @Sendable (StacksShop, Wallet) async throws -> Void) async throws {
        try await StacksShop.open(.hashChain) { [key] shop in
            try await shop.stage.mint(units(100_000), to: key.address, at: shop.node)
            let wallet = try shop.wallet(key, scheme: .hashChain)
            shop.stage.chain.inject(.refuse(reason: "TooMuchChaining"))
            _ = try? await wallet.client().execute(PayingRequest(url: shop.gate + "/weather/lisbon"))
            #expect(try await Self.standings(of: wallet) == [.open])
            try await shop.leap(7200)
            try await body(shop, wallet)
        }
    }

    private static func standings(of wallet: Wallet) async throws -> [KeptPrepaid<HashChainPayer>.Standing] {
        try await wallet.journal.prepaid(HashChainPayer.self).map(\.standing)
    }

    @Test func `is handed over again, and not forgotten for another one`() async throws {
        try await late { shop, wallet in
            try await shop.buy(2, from: wallet)
            #expect(try await Self.standings(of: wallet) == [.open], "it is the same channel")
            #expect(try await wallet.journal.overviews().map(\.charged.units) == [2 * StacksShop.price])
        }
    }

    @Test func `is given up once its number is used, and not before`() async throws {
        try await late { [key] shop, wallet in
            let id = try #require(try await wallet.journal.overviews().first?.id)
            let before = shop.now
            let step = try await wallet.withdraw(id)
            guard case .waiting(.zero, let due) = step else {
                Issue.record("\(step)")
                return
            }
            #expect((before...shop.now).contains(due))
            #expect(try await Self.standings(of: wallet) == [.open])
            // Another channel of the same account, whose deposit gets the number.
            try await shop.buy(1, from: try shop.wallet(key, scheme: .hashChain, journal: "other"))
            #expect(try await wallet.withdraw(id) == .paid(.zero))
            #expect(try await Self.standings(of: wallet) == [.lapsed])
            try await shop.buy(1, from: wallet)
            #expect(Set(try await Self.standings(of: wallet)) == [.lapsed, .open])
        }
    }

    @Test func `makes way for another, as the payee asks, once its number is used`() async throws {
        try await late { [key] shop, wallet in
            try await shop.buy(1, from: try shop.wallet(key, scheme: .hashChain, journal: "other"))
            try await shop.buy(1, from: wallet)
            #expect(Set(try await Self.standings(of: wallet)) == [.lapsed, .open])
        }
    }
}
