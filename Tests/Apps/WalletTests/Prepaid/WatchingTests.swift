// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingVoucherScheme
import Testing

@testable import FarthingWallet

@Suite("A wallet that watches over its channels", .timeLimit(.minutes(4)))
struct WatchingTests {
    typealias TwoWayStall = Stall<TwoWayChannel>

    private func pay(_ wallet: Wallet, _ url: String) async throws {
        #expect(try await wallet.client().execute(PayingRequest(url: url)).receipt?.charged == Market.price)
    }

    /// A two-way channel of 10,000 units, of which three requests took 1,000 each.
    private func used(
        _ test: @escaping @Sendable (Market, TwoWayStall, Wallet, TwoWayPayer) async throws -> Void
    ) async throws {
        try await Market.open { market in
            try await TwoWayStall.open(on: market) { stall in
                let wallet = try await market.wallet(holding: 100_000, schemes: ["two-way"])
                for _ in 1...3 { try await pay(wallet, await stall.address) }
                let channel = try #require(try await wallet.journal.prepaid(TwoWayPayer.self).first)
                try await test(market, stall, wallet, channel.books)
            }
        }
    }

    private func steps(_ watched: [Wallet.Watched]) throws -> [Wallet.WithdrawalStep] {
        try watched.map { try $0.result.get() }
    }

    @Test func `answers a payee that ends a channel as if nothing had been paid, and takes out what is due`()
        async throws
    {
        try await used { market, stall, wallet, books in
            #expect(try await wallet.watch().isEmpty, "nothing is ending")
            let digest = TwoWayContract.startCloseDigest(of: books.id, at: 0, in: stall.domain)
            let old = TwoWayContract.Order.startClose(nil, stall.authorizer.signNow(digest))
            _ = try await market.ledger.carryOut(old, on: books.id, under: TwoWayContract.self)
            func known() async throws -> TwoWayContract.Phase? {
                try await market.ledger.contract(TwoWayContract.self, of: books.id)?.state.phase
            }
            guard case .closing(let shown, let due) = try await known() else {
                Issue.record("it is not ending")
                return
            }
            #expect(shown.nonce == 0)
            guard case .started(10_000, due) = try #require(try steps(await wallet.watch()).first) else {
                Issue.record("it was not answered")
                return
            }
            guard case .closing(let newest, _) = try await known() else { return }
            #expect(newest.nonce > shown.nonce && newest.firstBalance == 7000)
            #expect(try steps(await wallet.watch()) == [.waiting(10_000, due: due)])
            try await market.ledger.advance(blocks: 1, seconds: 86_401)
            #expect(try steps(await wallet.watch()) == [.paid(7000)])
            #expect(try await wallet.watch().isEmpty)
            #expect(try await market.ledger.balance(of: wallet.address, token: Market.token.address) == 97_000)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `finishes a withdrawal that was begun, and begins none`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet(schemes: ["batch-settlement"])
            try await pay(wallet, market.url + "/weather")
            #expect(try await wallet.watch().isEmpty)
            let channel = try #require(try await wallet.journal.channels().first)
            guard case .started(let sum, let due) = try await wallet.withdraw(channel.id) else {
                Issue.record("it was not started")
                return
            }
            #expect(try steps(await wallet.watch()) == [.waiting(sum, due: due)])
            try await market.ledger.advance(blocks: 1, seconds: UInt64(channel.books.terms.withdrawDelay) + 1)
            guard case .paid = try #require(try steps(await wallet.watch()).first) else {
                Issue.record("it was not paid")
                return
            }
            #expect(try await wallet.watch().isEmpty)
        }
    }

    @Test(arguments: ["two-way", "hash-chain", "batch-settlement"])
    func `is told of a ledger that does not hold the channel, and gives up nothing`(scheme: String) async throws {
        let configure: @Sendable (inout NodeConfiguration) -> Void = { $0.schemes = [.voucher, .hashChain, .twoWay] }
        try await Market.open(configure: configure) { market in
            let wallet = try await market.wallet(schemes: [scheme])
            try await pay(wallet, market.url + "/weather")
            let before = try #require(try await wallet.journal.overviews().first)
            let wrong = try Ledger(path: nil, domain: market.ledger.domain)
            try await wrong.advance(blocks: 1, seconds: 7200)
            let lost = Wallet(
                journal: wallet.journal, lockFolder: nil, signer: wallet.signer, views: [wrong], logger: Market.quiet)
            await #expect(throws: WalletError.notThere(before.id, Market.network)) {
                try await lost.withdraw(before.id)
            }
            #expect(try await wallet.journal.overviews() == [before])
            #expect(try await wallet.journal.entries().map(\.kind) == [.payment])
            guard scheme == "two-way" else { return }
            let watched = try await lost.watch()
            #expect(watched.map(\.channel.id) == [before.id], "it looks after nothing there, and says so")
            #expect(throws: WalletError.notThere(before.id, Market.network)) { try steps(watched) }
        }
    }

    @Test func `says of a withdrawal that is under way that another ledger does not have it`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet(schemes: ["batch-settlement"])
            try await pay(wallet, market.url + "/weather")
            let id = try #require(try await wallet.journal.channels().first?.id)
            _ = try await wallet.withdraw(id)
            let wrong = try Ledger(path: nil, domain: market.ledger.domain)
            let lost = Wallet(
                journal: wallet.journal, lockFolder: nil, signer: wallet.signer, views: [wrong], logger: Market.quiet)
            await #expect(throws: WalletError.notThere(id, Market.network)) { try await lost.withdraw(id) }
            let watched = try await lost.watch()
            #expect(throws: WalletError.notThere(id, Market.network)) { try steps(watched) }
        }
    }

    @Test func `says which channels it cannot look at`() async throws {
        let configure: @Sendable (inout NodeConfiguration) -> Void = { $0.schemes = [.twoWay] }
        try await Market.open(configure: configure) { market in
            let wallet = try await market.wallet(readsLedger: false, schemes: ["two-way"])
            try await pay(wallet, market.url + "/weather")
            let watched = try await wallet.watch()
            #expect(watched.map(\.channel.scheme) == ["two-way"])
            let fault = #expect(throws: WalletError.self) { try steps(watched) }
            #expect(fault?.code == "wallet.no-settlement")
        }
    }
}
