// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingWallet
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite("A client that pays by Merkle tokens", .timeLimit(.minutes(4)))
struct MerkleTokenPayingTests {
    private func open(_ test: @escaping @Sendable (Market) async throws -> Void) async throws {
        try await Market.open(configure: { $0.schemes = [.merkleToken] }, test)
    }

    private func pay(_ wallet: Wallet, _ url: String) async throws -> PaymentReceipt {
        try #require(try await wallet.client().execute(PayingRequest(url: url)).receipt)
    }

    @Test func `locks tokens at the first request, and shows one for each`() async throws {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["merkle-token"])
            for number in 1...4 {
                let receipt = try await pay(wallet, market.url + "/weather")
                #expect(receipt.scheme == "merkle-token")
                #expect(receipt.charged == Market.price)
                #expect(receipt.deposited == (number == 1 ? 10_000 : 0))
            }
            let channel = try #require(try await wallet.journal.prepaid(MerkleTokenPayer.self).first)
            #expect(channel.books.charged == 4000)
            #expect(channel.books.accounts.values.map(\.shown) == [4])
            #expect(channel.overview.status == "open")
            #expect(try await wallet.journal.entries().map(\.state) == Array(repeating: .paid, count: 4))
            #expect(await market.node.redeemAll().first?.report.captured == 4000)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `brings several tokens where a request costs more than one`() async throws {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["merkle-token"])
            #expect(try await pay(wallet, market.url + "/x/cheap").charged == 100)
            #expect(try await pay(wallet, market.url + "/weather").charged == 1000)
            #expect(try await pay(wallet, market.url + "/x/cheap").charged == 100)
            let channels = try await wallet.journal.prepaid(MerkleTokenPayer.self)
            #expect(channels.map(\.books.terms.tokenAmount) == [100, 100], "no token is worth more than a request")
            #expect(channels.flatMap { $0.books.accounts.values.map(\.shown) }.sorted() == [2, 10])
            #expect(await market.node.redeemAll().first?.report.captured == 1200)
        }
    }

    @Test(arguments: ["merkle-token", "lottery"])
    func `opens one channel for each node of a payee, and goes on with each`(scheme: String) async throws {
        let both: @Sendable (inout NodeConfiguration) -> Void = { $0.schemes = [.merkleToken, .lottery] }
        try await Market.open(configure: both) { first in
            let payTo = first.node.configuration.payTo
            // A ledger of its own, and keys of its own: a second node, or the first one begun anew.
            let anew: @Sendable (inout NodeConfiguration) -> Void = {
                both(&$0)
                $0.payTo = payTo
            }
            try await Market.open(configure: anew) { second in
                let wallet = try await first.wallet(policy: Market.lucky, readsLedger: false, schemes: [scheme])
                try await second.ledger.mint(to: wallet.address, token: Market.token.address, amount: 10_000_000)
                for (market, channels) in [(first, 1), (second, 2), (first, 2), (second, 2), (first, 2)] {
                    _ = try await pay(wallet, market.url + "/weather")
                    #expect(try await wallet.journal.overviews().count == channels)
                }
            }
        }
    }

    @Test func `pays a second payee and one that runs low out of one deposit`() async throws {
        try await open { first in
            let path = first.node.configuration.ledgerPath
            try await Market.open(
                configure: {
                    $0.schemes = [.merkleToken]
                    $0.ledgerPath = path
                },
                { second in
                    let wallet = try await first.wallet(schemes: ["merkle-token"])
                    for _ in 1...6 { _ = try await pay(wallet, first.url + "/weather") }
                    #expect(try await pay(wallet, second.url + "/weather").deposited == 20_000)
                    for _ in 1...10 { #expect(try await pay(wallet, first.url + "/weather").deposited == 0) }
                    for _ in 1...3 { #expect(try await pay(wallet, second.url + "/weather").deposited == 0) }
                    let channels = try await wallet.journal.prepaid(MerkleTokenPayer.self)
                    #expect(channels.map(\.books.payees.count).sorted() == [1, 2])
                    let charged = channels.map(\.books.charged.units).reduce(UInt128(0), +)
                    #expect(charged == 20_000)
                    #expect(await first.node.redeemAll().first?.report.captured == 16_000)
                    #expect(await second.node.redeemAll().first?.report.captured == 4000)
                    #expect(try await first.ledger.audit().faults == [])
                })
        }
    }

    @Test func `pays two payees at once out of one channel, and forgets nothing of either`() async throws {
        try await open { first in
            let path = first.node.configuration.ledgerPath
            try await Market.open(
                configure: {
                    $0.schemes = [.merkleToken]
                    $0.ledgerPath = path
                },
                { second in
                    let wallet = try await first.wallet(schemes: ["merkle-token"])
                    for _ in 1...10 { _ = try await pay(wallet, first.url + "/weather") }
                    _ = try await pay(wallet, second.url + "/weather")
                    try await withThrowingTaskGroup(of: Amount.self) { group in
                        for number in 0..<12 {
                            let url = number % 2 == 0 ? first.url : second.url
                            group.addTask { try await pay(wallet, url + "/weather").charged }
                        }
                        for try await charged in group { #expect(charged == 1000) }
                    }
                    let channels = try await wallet.journal.prepaid(MerkleTokenPayer.self)
                    let shared = try #require(channels.first { $0.books.payees.count == 2 })
                    #expect(shared.books.charged == 13_000)
                    #expect(shared.books.accounts.values.map(\.purse.underWay.count) == [0, 0])
                })
        }
    }

    @Test func `goes on with its tokens after a restart`() async throws {
        try await open { market in
            let folder = WalletFolder(path: market.folder.appending(path: "wallet").path(percentEncoded: false))
            let key = KeySigner(.random())
            try await market.ledger.mint(to: key.address, token: Market.token.address, amount: 1_000_000)
            for number in 1...3 {
                let wallet = try market.wallet(signer: key, folder: folder, schemes: ["merkle-token"])
                #expect(try await pay(wallet, market.url + "/weather").deposited == (number == 1 ? 10_000 : 0))
            }
            let journal = try folder.openedJournal()
            #expect(try await journal.prepaid(MerkleTokenPayer.self).map(\.books.charged) == [3000])
        }
    }

    @Test func `gets back what it did not use when the channel has expired, and not before`() async throws {
        try await open { market in
            let wallet = try await market.wallet(holding: 100_000, schemes: ["merkle-token"])
            let client = wallet.client()
            for _ in 1...3 { _ = try await pay(wallet, market.url + "/weather") }
            let channel = try #require(try await wallet.journal.prepaid(MerkleTokenPayer.self).first)
            let expiry = try #require(channel.books.expiry)
            await #expect(throws: WalletError.notClosable(channel.id, until: expiry)) {
                try await wallet.close(channel.id, through: client)
            }
            #expect(try await wallet.withdraw(channel.id) == .waiting(10_000, due: expiry))
            #expect(await market.node.redeemAll().first?.report.captured == 3000)
            try await market.ledger.advance(blocks: 1, seconds: 8 * 86_400)
            #expect(try await wallet.withdraw(channel.id) == .paid(7000))
            #expect(try await wallet.withdraw(channel.id) == .paid(.zero), "there is nothing left")
            let balance = try await market.ledger.balance(of: wallet.address, token: Market.token.address)
            #expect(balance == 97_000)
            let withdrawals = try await wallet.journal.entries().filter { $0.kind == .withdrawal }
            #expect(withdrawals.map(\.charged) == [7000])
            let overview = try #require(try await wallet.journal.overview(of: channel.id))
            #expect(overview.status == "closed")
            #expect(overview.locked == 0)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `keeps to its budget for what is locked, with others or alone`() async throws {
        try await open { market in
            var limits = SpendingLimits.standard
            limits.depositPerChannel = 500
            let wallet = try await market.wallet(
                policy: SpendingPolicy(dollarLimits: limits), schemes: ["merkle-token"])
            await #expect(throws: PolicyRefusal.self) { _ = try await pay(wallet, market.url + "/weather") }
            #expect(try await wallet.journal.prepaid(MerkleTokenPayer.self) == [])
            #expect(market.upstream.calls(of: "/weather") == 0)
        }
    }
}

extension WalletFolder {
    /// The journal as another process would open it.
    func openedJournal() throws -> Journal { try journal() }
}
