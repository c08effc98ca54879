// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingWallet
import Foundation
import Testing

@Suite("A client that pays by lottery tickets", .timeLimit(.minutes(4)))
struct LotteryPayingTests {
    typealias LotteryStall = Stall<LotteryChannel>

    private func open(_ test: @escaping @Sendable (Market) async throws -> Void) async throws {
        try await Market.open(configure: { $0.schemes = [.lottery] }, test)
    }

    private func pay(_ wallet: Wallet, _ market: Market) async throws -> PaymentReceipt {
        try #require(try await wallet.client().execute(PayingRequest(url: market.url + "/weather")).receipt)
    }

    private func pay(_ wallet: Wallet, _ stall: LotteryStall) async throws -> PaymentReceipt {
        let url = await stall.address
        return try #require(try await wallet.client().execute(PayingRequest(url: url)).receipt)
    }

    @Test func `takes a seat with the first request, and pays each with a ticket`() async throws {
        try await open { market in
            let wallet = try await market.wallet(policy: Market.lucky, schemes: ["lottery"])
            for _ in 1...4 { #expect(try await pay(wallet, market).charged == 1000) }
            let fund = try #require(try await wallet.journal.prepaid(LotteryFund.self).first)
            #expect(fund.books.deposit == 2_500_000, "four seats, and a deposit of as much as one")
            #expect(fund.books.charged == 4000)
            #expect(fund.books.payers.values.map(\.nonce) == [4])
            #expect(market.upstream.calls(of: "/weather") == 4)
            let entries = try await wallet.journal.entries()
            #expect(entries.map(\.state) == [.paid, .paid, .paid, .paid, .refused], "the first asked for the promise")
            #expect(entries.last?.code == "invalid_lottery_commitment")
        }
    }

    @Test func `pays two payees out of one fund`() async throws {
        try await open { first in
            let path = first.node.configuration.ledgerPath
            let configure: @Sendable (inout NodeConfiguration) -> Void = {
                $0.schemes = [.lottery]
                $0.ledgerPath = path
            }
            try await Market.open(configure: configure) { second in
                let wallet = try await first.wallet(policy: Market.lucky, schemes: ["lottery"])
                for _ in 1...2 {
                    _ = try await pay(wallet, first)
                    _ = try await pay(wallet, second)
                }
                let funds = try await wallet.journal.prepaid(LotteryFund.self)
                #expect(funds.map(\.books.payees.count) == [2])
                #expect(funds.map(\.books.charged) == [4000])
            }
        }
    }

    @Test func `pays on after many wins, out of a new fund when a seat is empty`() async throws {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["lottery"])
            for _ in 1...80 { #expect(try await pay(wallet, market).charged == 1000) }
            #expect(market.upstream.calls(of: "/weather") == 80)
            let charged = try await wallet.journal.prepaid(LotteryFund.self).map(\.books.charged.units)
            #expect(charged.reduce(UInt128(0), +) == 80_000)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `goes on with its fund after a restart`() async throws {
        try await open { market in
            let folder = WalletFolder(path: market.folder.appending(path: "wallet").path(percentEncoded: false))
            let key = KeySigner(.random())
            try await market.ledger.mint(to: key.address, token: Market.token.address, amount: 10_000_000)
            for _ in 1...3 {
                let wallet = try market.wallet(
                    signer: key, policy: Market.lucky, folder: folder, schemes: ["lottery"])
                #expect(try await pay(wallet, market).charged == 1000)
            }
            #expect(try await folder.openedJournal().prepaid(LotteryFund.self).map(\.books.charged) == [3000])
        }
    }

    @Test func `pays a node with another payee than before out of another fund, and calls nobody a cheat`() async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "payees-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = folder.appending(path: "store").path(percentEncoded: false)
        // Each market has a payee of its own.
        let configure: @Sendable (inout NodeConfiguration) -> Void = {
            $0.schemes = [.lottery]
            $0.storePath = store
            $0.ledgerPath = NodeConfiguration.ledgerPath(besides: store)
            $0.authorizerKeyPath = NodeConfiguration.authorizerKeyPath(besides: store)
        }
        let purse = WalletFolder(path: folder.appending(path: "wallet").path(percentEncoded: false))
        let key = KeySigner(.random())
        let former = try await Market.open(configure: configure) { market in
            try await market.ledger.mint(to: key.address, token: Market.token.address, amount: 10_000_000)
            let wallet = try market.wallet(signer: key, policy: Market.lucky, folder: purse, schemes: ["lottery"])
            for _ in 1...3 { #expect(try await pay(wallet, market).charged == 1000) }
            return market.node.configuration.payTo
        }
        try await Market.open(configure: configure) { market in
            let wallet = try market.wallet(signer: key, policy: Market.lucky, folder: purse, schemes: ["lottery"])
            for _ in 1...3 { #expect(try await pay(wallet, market).charged == 1000) }
            let funds = try await wallet.journal.prepaid(LotteryFund.self)
            #expect(funds.map(\.books.charged) == [3000, 3000])
            #expect(funds.allSatisfy { $0.misconduct.isEmpty })
            let refused = try await wallet.journal.entries().filter { $0.code == "invalid_prepaid_terms" }
            #expect(refused.map(\.state) == [.refused], "once, and then never again")
            let old = try #require(funds.first { $0.books.purse(of: former)?.charged == 3000 })
            let contract = try #require(try await market.ledger.contract(LotteryContract.self, of: old.id))
            #expect(contract.state.seats[market.node.configuration.payTo] == nil)
            let earned = try await market.ledger.balance(of: former, token: Market.token.address)
            #expect(contract.state.seats[former]?.paid == earned, "what the former payee won is its own")
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `gets back what nobody won when the fund has expired`() async throws {
        try await open { market in
            let wallet = try await market.wallet(holding: 100_000, schemes: ["lottery"])
            _ = try await pay(wallet, market)
            let fund = try #require(try await wallet.journal.prepaid(LotteryFund.self).first)
            let snapshot = try #require(try await market.ledger.contract(LotteryContract.self, of: fund.id))
            let expiry = try #require(fund.books.expiry)
            #expect(try await wallet.withdraw(fund.id) == .waiting(snapshot.state.locked, due: expiry))
            try await market.ledger.advance(blocks: 1, seconds: 8 * 86_400)
            #expect(try await wallet.withdraw(fund.id) == .paid(snapshot.state.locked))
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `pays a payee no more that takes a ticket and does not own up to it`() async throws {
        try await Market.open { market in
            try await LotteryStall.open(on: market) { stall in
                let wallet = try await market.wallet(schemes: ["lottery"])
                // Nothing is charged, and each ticket would be of full worth.
                await stall.lies {
                    $0.adding("chargedAmount", "0").withState("charged", "0").withState("authorised", "0")
                }
                await #expect(throws: (any Error).self) { _ = try await pay(wallet, stall) }
                let fault = await #expect(throws: PrepaidPayerFault.self) { _ = try await pay(wallet, stall) }
                #expect(fault?.message.contains("payer.understated-tickets") == true)
                #expect(await stall.served == 1)
            }
        }
    }

    @Test func `counts tickets that a payee says it refused, for it can redeem them`() async throws {
        try await Market.open { market in
            try await LotteryStall.open(on: market) { stall in
                var limits = SpendingLimits()
                limits.depositTarget = 500_000
                limits.perHostPerDay = 5000
                let policy = SpendingPolicy(dollarLimits: limits)
                let wallet = try await market.wallet(policy: policy, schemes: ["lottery"])
                #expect(try await pay(wallet, stall).charged == 1000)
                await stall.refusePayments(true)
                for _ in 1...3 {
                    await #expect(throws: PayingError.refused(code: "not_today")) { _ = try await pay(wallet, stall) }
                }
                await stall.refusePayments(false)
                #expect(try await pay(wallet, stall).charged == 1000)
                // Two were charged, and three can win all the same.
                let refusal = await #expect(throws: PolicyRefusal.self) { _ = try await pay(wallet, stall) }
                #expect(refusal?.code == "policy.per-host-per-day")
                let fund = try #require(try await wallet.journal.prepaid(LotteryFund.self).first)
                #expect(fund.books.payers.values.map(\.untold) == [3000])
            }
        }
    }

    @Test(arguments: ["charged", "authorised", "nonce", "unreadable"])
    func `pays a payee no more that lies about its books`(lie: String) async throws {
        try await Market.open { market in
            try await LotteryStall.open(on: market) { stall in
                let wallet = try await market.wallet(schemes: ["lottery"])
                _ = try await pay(wallet, stall)
                await stall.lies {
                    $0.withState(lie == "unreadable" ? "seat" : lie, lie == "unreadable" ? "x" : "50000")
                }
                await #expect(throws: (any Error).self) { _ = try await pay(wallet, stall) }
                let entries = try await wallet.journal.entries()
                #expect(entries.first?.state == .unknown)
                guard lie != "unreadable" else { return }
                let fault = await #expect(throws: PrepaidPayerFault.self) { _ = try await pay(wallet, stall) }
                #expect(fault?.code == "payer.suspended")
            }
        }
    }
}
