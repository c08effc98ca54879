// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingContracts
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingPrimitives
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import FarthingWallet

@Suite("A client that pays by hash chain", .timeLimit(.minutes(2)))
struct HashChainPayingTests {
    private func open(
        _ schemes: [PaymentScheme] = [.voucher, .hashChain], _ test: @escaping @Sendable (Market) async throws -> Void
    ) async throws {
        try await Market.open(configure: { $0.schemes = schemes }, test)
    }

    @Test func `opens a channel at the first request, and pays out of it with one hash each`() async throws {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["hash-chain"])
            let client = wallet.client()
            for number in 1...5 {
                let answer = try await client.execute(PayingRequest(url: market.url + "/weather"))
                #expect(answer.response.status == .ok)
                let receipt = try #require(answer.receipt)
                #expect(receipt.scheme == "hash-chain")
                #expect(receipt.charged == Market.price)
                #expect(receipt.deposited == (number == 1 ? 10_000 : 0))
            }
            let chain = try #require(try await wallet.journal.prepaid(HashChainPayer.self).first)
            #expect(chain.books.charged == 5000)
            #expect(chain.books.revealed.index == 5)
            #expect(try await wallet.journal.entries().map(\.state) == Array(repeating: .paid, count: 5))
            let reports = await market.node.redeemAll()
            #expect(reports.first?.report.captured == 5000)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `takes vouchers where nothing else is said, and hash chains where there are no vouchers`() async throws {
        try await open { market in
            let wallet = try await market.wallet()
            let answer = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(answer.receipt?.scheme == "batch-settlement")
        }
        try await open([.hashChain]) { market in
            let wallet = try await market.wallet()
            let answer = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(answer.receipt?.scheme == "hash-chain")
        }
    }

    @Test func `opens the next channel when one is used up`() async throws {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["hash-chain"])
            let client = wallet.client()
            for _ in 1...12 {
                let answer = try await client.execute(PayingRequest(url: market.url + "/weather"))
                #expect(answer.receipt?.charged == 1000)
            }
            let chains = try await wallet.journal.prepaid(HashChainPayer.self)
            #expect(chains.map(\.books.charged.units).sorted() == [2000, 10_000])
        }
    }

    @Test func `opens another channel as soon as the payee would need the time to redeem what it has`() async throws {
        try await open { market in
            let signer = KeySigner(.random())
            try await market.ledger.mint(to: signer.address, token: Market.token.address, amount: 100_000_000)
            var limits = SpendingLimits()
            limits.depositTarget = 20_000_000
            let (journal, policy) = (try Journal(path: nil), SpendingPolicy(dollarLimits: limits))
            let now = Wallet.systemClock()
            func pay(ahead seconds: Int64) async throws -> PaymentReceipt? {
                let wallet = Wallet(
                    journal: journal, lockFolder: nil, signer: signer, policy: policy, views: [market.ledger],
                    options: Wallet.Options(schemes: ["hash-chain"]), logger: Market.quiet,
                    clock: { now.advanced(bySeconds: seconds) })
                return try await wallet.client().execute(PayingRequest(url: market.url + "/weather")).receipt
            }
            #expect(try await pay(ahead: 0)?.deposited == 20_000_000)
            var chain = try #require(try await journal.prepaid(HashChainPayer.self).first)
            let left = try #require(chain.books.expiry).seconds(since: now)
            // A chain of which much was revealed, as if it had been used all the while.
            chain.books.catchUp(charged: 9_000_000, revealed: 9000)
            try await journal.keep(chain)
            // Ten minutes and five more are kept of it, and the payee's own clock lets it take the step.
            let refusal = await #expect(throws: PayingError.self) { try await pay(ahead: left - 930) }
            guard case .refused("invalid_hash_chain_stride_too_long", let detail?) = refusal else {
                Issue.record("it is not refused with the numbers: \(String(describing: refusal))")
                return
            }
            #expect(detail.hasPrefix("The payment goes ") && detail.hasSuffix(" is the most."))
            #expect(refusal?.message.hasSuffix(". It says: \"\(detail)\"") == true)
            #expect(try await pay(ahead: left - 870)?.deposited == 20_000_000)
            #expect(try await journal.prepaid(HashChainPayer.self).count == 2)
        }
    }

    @Test func `has nothing back from a chain that is used up, and the rest of another, though all was redeemed`()
        async throws
    {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["hash-chain"])
            let client = wallet.client()
            for _ in 1...12 { _ = try await client.execute(PayingRequest(url: market.url + "/weather")) }
            #expect(await market.node.redeemAll().first?.report.captured == 12_000)
            let chains = try await wallet.journal.overviews()
            let used = try #require(chains.first { $0.locked.isZero })
            let other = try #require(chains.first { !$0.locked.isZero })
            #expect(!used.isClosable && other.isClosable)
            await #expect(throws: WalletError.usedUp(used.id)) { try await wallet.close(used.id, through: client) }
            let back = try await wallet.close(other.id, through: client)
            #expect(back == 8000)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `has back what was charged for a body that broke off, though the chain is used up`() async throws {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["hash-chain"])
            let client = wallet.client()
            for _ in 1...9 { _ = try await client.execute(PayingRequest(url: market.url + "/weather")) }
            let broken = try await client.execute(
                PayingRequest(url: market.url + "/broken?count=5&size=70000&pause=20"))
            await #expect(throws: (any Error).self) { try await broken.response.body.collect(upTo: 1 << 20) }
            let chain = try #require(try await wallet.journal.prepaid(HashChainPayer.self).first)
            #expect(chain.books.refundable == 0)
            #expect(await market.node.redeemAll().first?.report.captured == 9000)
            let back = try await wallet.close(chain.id, through: client)
            #expect(back == 1000)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `is charged what it came to, and pays nothing for what failed`() async throws {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["hash-chain"])
            let client = wallet.client()
            for cost in ["300", "0", "1000", "1"] {
                let answer = try await client.execute(PayingRequest(url: market.url + "/metered?cost=\(cost)"))
                #expect(answer.receipt?.charged == Amount(wire: cost))
            }
            let failed = try await client.execute(PayingRequest(url: market.url + "/fail"))
            #expect(failed.receipt == nil)
            #expect(try await client.execute(PayingRequest(url: market.url + "/weather")).receipt?.charged == 1000)
            let chain = try #require(try await wallet.journal.prepaid(HashChainPayer.self).first)
            #expect(chain.books.charged == 2301)
            #expect(chain.books.revealed.index == 3)
        }
    }

    @Test func `pays many requests that are asked at once, out of the channels that it has`() async throws {
        try await open { market in
            let wallet = try await market.wallet(schemes: ["hash-chain"])
            let client = wallet.client()
            try await withThrowingTaskGroup(of: Amount?.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try await client.execute(PayingRequest(url: market.url + "/weather")).receipt?.charged
                    }
                }
                for try await charged in group { #expect(charged == 1000) }
            }
            let charged = try await wallet.journal.prepaid(HashChainPayer.self).reduce(UInt128(0)) {
                $0 + $1.books.charged.units
            }
            #expect(charged == 16_000)
            #expect(await market.node.redeemAll().first?.report.captured == 16_000)
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `goes on with its channel after a restart`() async throws {
        try await open { market in
            let folder = WalletFolder(path: market.folder.appending(path: "wallet").path(percentEncoded: false))
            try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
            let key = KeySigner(.random())
            try await market.ledger.mint(
                to: key.address, token: Market.token.address, amount: Amount(units: 1_000_000))
            for number in 1...3 {
                let wallet = try market.wallet(signer: key, folder: folder, schemes: ["hash-chain"])
                let receipt = try await wallet.client().execute(
                    PayingRequest(url: market.url + "/weather")
                ).receipt
                #expect(receipt?.deposited == (number == 1 ? 10_000 : 0))
            }
            let wallet = try market.wallet(signer: key, folder: folder)
            #expect(try await wallet.journal.prepaid(HashChainPayer.self).map(\.books.charged) == [3000])
        }
    }

    @Test func `gets back what it did not use, when it asks its payee`() async throws {
        try await open { market in
            let wallet = try await market.wallet(holding: 100_000, schemes: ["hash-chain"])
            let client = wallet.client()
            for _ in 1...3 { _ = try await client.execute(PayingRequest(url: market.url + "/weather")) }
            let chain = try #require(try await wallet.journal.prepaid(HashChainPayer.self).first)
            #expect(try await wallet.close(chain.id, through: client) == 7000)
            let balance = try await market.ledger.balance(of: wallet.address, token: Market.token.address)
            #expect(balance == 97_000)
            #expect(try await wallet.journal.prepaid(HashChainPayer.self).map(\.locked) == [0])
            // The next request opens another.
            let receipt = try await client.execute(PayingRequest(url: market.url + "/weather")).receipt
            #expect(receipt?.deposited == 10_000)
            await #expect(throws: WalletError.unknownChannel(ChannelID(.zero))) {
                try await wallet.close(ChannelID(.zero), through: client)
            }
            #expect(try await market.ledger.audit().faults == [])
        }
    }

    @Test func `keeps to its budget for what is locked`() async throws {
        try await open { market in
            var limits = SpendingLimits.standard
            limits.depositPerChannel = 500
            let wallet = try await market.wallet(policy: SpendingPolicy(dollarLimits: limits), schemes: ["hash-chain"])
            await #expect(throws: (any Error).self) {
                try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            }
            #expect(try await wallet.journal.prepaid(HashChainPayer.self) == [])
            #expect(market.upstream.calls(of: "/weather") == 0)
        }
    }
}
