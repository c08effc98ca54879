// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import Testing

@testable import FarthingAssembly

@Suite("A node that takes deposits by Permit2", .timeLimit(.minutes(5)))
struct Permit2NodeTests {
    private let key = KeySigner(PrivateKey.random())

    @Test func `A payer approves once, and then signs its deposits, which the node hands in`() async throws {
        try await ChainShop.open(.voucher, in: .permit2) { [key] shop in
            try await shop.devnet.mint(100_000, for: key.address)
            let wallet = try shop.wallet(key, deposit: 10_000)
            let network = shop.node.configuration.network
            let token = shop.node.configuration.token.address
            // Nobody can take what was not approved, and the payer is told so.
            let error = await #expect(throws: PayingError.self) { try await shop.buy(1, from: wallet) }
            #expect(error.map { "\($0)".contains("permit2_allowance_required") } == true)
            // It has no coin for the transaction yet.
            await #expect(throws: SettlementError.self) {
                try await wallet.approvePermit2(of: token, on: network, upTo: units(15_000))
            }
            try await shop.devnet.giveCoin(ChainShop.ether, to: key.address)
            try await wallet.approvePermit2(of: token, on: network, upTo: units(15_000))
            try await shop.buy(3, from: wallet)
            let left = try await shop.held(key.address)
            #expect(left == 90_000)
            let claimed = try await shop.node.collect()
            #expect(claimed.claims.claimed == units(3 * ChainShop.tokenPrice))
            let paid = try await shop.held(shop.payTo)
            #expect(paid == 3 * ChainShop.tokenPrice)
            let id = try #require(try await wallet.journal.channels().first?.id)
            let returned = try await wallet.refund(id, through: wallet.client())
            #expect(returned == units(10_000 - 3 * ChainShop.tokenPrice))
            let after = try await shop.held(key.address)
            #expect(after == 100_000 - 3 * ChainShop.tokenPrice)
        }
    }
}
