// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEVMSettlement
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import Testing

@testable import FarthingAssembly

@Suite("A node that sells for a chain's own coin", .timeLimit(.minutes(5)))
struct CoinNodeTests {
    private let key = KeySigner(PrivateKey.random())

    @Test(arguments: [PaymentScheme.hashChain, .merkleToken, .lottery, .twoWay])
    func `A payer locks its coin, pays, is paid back the rest, and every wei is somewhere`(
        scheme: PaymentScheme
    ) async throws {
        try await ChainShop.open(scheme, confirmations: 2) { [key] shop in
            try await shop.devnet.giveCoin(10 * ChainShop.ether, to: key.address)
            // A payee that waits for two blocks is served by a chain that goes on.
            try await shop.devnet.ask("evm_setIntervalMining", 1)
            let wallet = try shop.wallet(key)
            try await shop.buy(3, from: wallet)
            let channel = try #require(try await wallet.journal.overviews().first)
            #expect(channel.asset == Token.coinAddress)
            // A ticket that won is paid at once.
            let (won, rest) = (try await shop.held(shop.payTo), try await shop.locked(scheme))
            let deposit = won + rest
            #expect(deposit >= 3 * ChainShop.price)
            let opened = try await wallet.journal.overviews().count
            #expect(opened == 1)

            for report in await shop.node.redeemAll() { #expect(report.report.failures.isEmpty) }
            let paid = try await shop.held(shop.payTo)
            let returned: Amount
            switch scheme {
            case .hashChain, .twoWay:
                returned = try await wallet.close(channel.id, through: wallet.client())
            default:
                // Who may pay others out of it gets the rest when it has expired.
                try await shop.leap(9 * 86_400)
                guard case .paid(let rest) = try await wallet.withdraw(channel.id) else { throw Till.NotTaken() }
                returned = rest
            }
            switch scheme {
            // The two sides of such a channel are keys, and it pays at its end.
            case .twoWay: #expect(paid == 0 && returned.units == deposit - 3 * ChainShop.price)
            // What is paid is drawn.
            case .lottery: #expect(returned.units == deposit - paid)
            default: #expect(paid == 3 * ChainShop.price && returned.units == deposit - paid)
            }
            let left = try await shop.locked(scheme)
            #expect(left == 0)
        }
    }

    @Test func `A wallet that cannot reach the chain says so, and signs nothing`() async throws {
        try await ChainShop.open(.hashChain) { [key] shop in
            let wallet = try shop.wallet(key, seesChain: false)
            let error = await #expect(throws: (any Error).self) {
                _ = try await wallet.client().execute(PayingRequest(url: shop.gate + "/weather/lisbon"))
            }
            #expect("\(String(describing: error))".contains("coin"))
            let channels = try await wallet.journal.overviews()
            #expect(channels.isEmpty)
        }
    }

    @Test func `A wallet without enough coin sends nothing, and opens its channel when it has`() async throws {
        try await ChainShop.open(.hashChain) { [key] shop in
            let wallet = try shop.wallet(key)
            try await shop.devnet.giveCoin(ChainShop.ether / 2, to: key.address)
            let poor = await #expect(throws: WalletError.self) { try await shop.buy(1, from: wallet) }
            #expect(poor?.code == "wallet.account-too-low")
            // Enough for the deposit, and nothing for the transaction.
            try await shop.devnet.giveCoin(ChainShop.ether, to: key.address)
            await #expect(throws: ContractError.self) { try await shop.buy(1, from: wallet) }
            let none = try await shop.locked(.hashChain)
            #expect(none == 0)
            try await shop.devnet.giveCoin(2 * ChainShop.ether, to: key.address)
            try await shop.buy(2, from: wallet)
            let locked = try await shop.locked(.hashChain)
            #expect(locked == ChainShop.ether)
            let open = try await wallet.journal.overviews().filter { $0.locked > .zero }
            #expect(open.count == 1)
        }
    }

    @Test func `A deposit that was on its way when the payer stopped pays for the next request`() async throws {
        try await ChainShop.open(.hashChain) { [key] shop in
            try await shop.devnet.giveCoin(10 * ChainShop.ether, to: key.address)
            try await shop.devnet.ask("evm_setAutomine", false)
            let impatient = try shop.wallet(key, giveUpAfter: .milliseconds(200))
            await #expect(throws: ContractError.self) { try await shop.buy(1, from: impatient) }
            let id = try #require(try await impatient.journal.overviews().first?.id)
            // Nobody gives a channel up whose deposit may still be mined.
            let step = try await impatient.withdraw(id)
            guard case .waiting = step else {
                Issue.record("\(step)")
                return
            }
            try await shop.devnet.ask("evm_setAutomine", true)
            try await shop.devnet.ask("evm_mine")
            let restarted = try shop.wallet(key)
            try await shop.buy(2, from: restarted)
            let locked = try await shop.locked(.hashChain)
            #expect(locked == ChainShop.ether)
            let channels = try await restarted.journal.overviews()
            #expect(channels.map(\.id) == [id])
        }
    }

    @Test func `A payer takes its coin back without the payee`() async throws {
        try await ChainShop.open(.hashChain) { [key] shop in
            try await shop.devnet.giveCoin(10 * ChainShop.ether, to: key.address)
            let wallet = try shop.wallet(key)
            try await shop.buy(1, from: wallet)
            let id = try #require(try await wallet.journal.overviews().first?.id)
            _ = await shop.node.redeemAll()
            try await shop.leap(8 * 86_400)
            let step = try await wallet.withdraw(id)
            #expect(step == .paid(units(ChainShop.ether - ChainShop.price)))
            let (paid, left) = (try await shop.held(shop.payTo), try await shop.locked(.hashChain))
            #expect(paid == ChainShop.price)
            #expect(left == 0)
        }
    }

    @Test func `A channel of a deposit that nobody made pays for nothing`() async throws {
        try await ChainShop.open(.hashChain, confirmations: 3) { [key] shop in
            try await shop.devnet.giveCoin(10 * ChainShop.ether, to: key.address)
            let wallet = try shop.wallet(key)
            // The deposit is in a block, and the payee wants three: nothing is sold before.
            async let bought: Void = shop.buy(1, from: wallet)
            var locked: UInt128 = 0
            for _ in 0..<500 where locked == 0 {
                locked = try await shop.locked(.hashChain)
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(locked == ChainShop.ether)
            let sums = try await shop.node.offices.first?.sums()
            #expect(sums?.channels == 0)
            try await shop.devnet.ask("evm_mine", ["blocks": 2])
            try await bought
        }
    }
}
