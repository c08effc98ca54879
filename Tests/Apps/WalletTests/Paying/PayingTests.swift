// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite("A client that pays", .timeLimit(.minutes(2)))
struct PayingTests {
    @Test func `opens a channel at the first request, and pays out of it from then on`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            for number in 1...5 {
                let answer = try await client.execute(PayingRequest(url: market.url + "/weather"))
                #expect(answer.response.status == .ok)
                #expect(try await answer.text == "sunny\n")
                let receipt = try #require(answer.receipt)
                #expect(receipt.charged == Market.price)
                #expect(receipt.deposited == (number == 1 ? 10_000 : 0))
            }
            #expect(market.upstream.calls(of: "/weather") == 5)
            #expect(try await wallet.journal.channels().map(\.books.charged) == [5000])
            #expect(try await market.faults(with: wallet) == [])
            let entries = try await wallet.journal.entries()
            #expect(entries.map(\.state) == Array(repeating: .paid, count: 5))
        }
    }

    @Test func `pays nothing for what is free, and nothing for what failed`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            #expect(try await client.execute(PayingRequest(url: market.url + "/free")).receipt == nil)
            let failed = try await client.execute(PayingRequest(url: market.url + "/fail"))
            #expect(failed.response.status == .internalServerError)
            #expect(failed.receipt == nil)
            #expect(try await client.execute(PayingRequest(url: market.url + "/weather")).receipt?.charged == 1000)
            #expect(try await market.faults(with: wallet) == [])
            #expect(try await wallet.journal.entries().map(\.state) == [.paid, .notTaken])
        }
    }

    @Test func `is charged what it came to`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            for cost in ["300", "0", "1000", "1"] {
                let answer = try await client.execute(PayingRequest(url: market.url + "/metered?cost=\(cost)"))
                #expect(answer.receipt?.charged == Amount(wire: cost))
            }
            #expect(try await wallet.journal.channels().map(\.books.charged) == [1301])
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `tops up to the target in one step`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            var deposits: [Amount] = []
            for _ in 1...25 {
                let answer = try await client.execute(PayingRequest(url: market.url + "/weather"))
                deposits.append(try #require(answer.receipt).deposited)
            }
            #expect(deposits.filter { !$0.isZero } == [10_000, 10_000, 10_000])
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `asks for the offer once, and sends the payment at once from then on, also after a restart`()
        async throws
    {
        try await Market.open { market in
            let folder = WalletFolder(path: market.folder.appending(path: "wallet").path(percentEncoded: false))
            let key = KeySigner(PrivateKey.random())
            try await market.ledger.mint(to: key.address, token: Market.token.address, amount: 1_000_000)
            try await FaultProxy.run(before: market.port, seed: 1, patience: .seconds(10)) { proxy in
                try await proxy.heal()
                for _ in 0..<3 {
                    let wallet = Wallet(
                        journal: try folder.journal(), lockFolder: folder.lockPath, signer: key, logger: Market.quiet)
                    _ = try await wallet.client().execute(PayingRequest(url: proxy.url + "/weather"))
                    _ = try await wallet.client().execute(PayingRequest(url: proxy.url + "/weather?city=oslo"))
                }
                // Six payments, and one request before them that asked for the price.
                #expect(proxy.log.count == 7)
            }
            #expect(market.upstream.calls == 6)
        }
    }

    @Test(arguments: [1, 4])
    func `answers 64 parallel calls, each paid once`(channels: Int) async throws {
        try await Market.open { market in
            let wallet = try await market.wallet(channels: channels)
            let client = wallet.client()
            let charged = try await withThrowingTaskGroup(of: Amount.self) { group in
                for number in 0..<64 {
                    group.addTask {
                        let answer = try await client.execute(PayingRequest(url: market.url + "/weather?n=\(number)"))
                        return try #require(answer.receipt).charged
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(charged == Array(repeating: Market.price, count: 64))
            #expect(market.upstream.calls == 64)
            let books = try await wallet.journal.channels().map(\.books)
            #expect(books.count == channels)
            #expect(books.reduce(Amount.zero) { $0.adding($1.charged) ?? .max } == 64_000)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `streams bodies both ways`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet()
            let pieces = (0..<64).map { ByteBuffer(repeating: UInt8($0), count: 32 * 1024) }
            let request = PayingRequest(method: .POST, url: market.url + "/echo") {
                .stream(AsyncPieces(pieces), length: .known(Int64(64 * 32 * 1024)))
            }
            // The first time it is sent twice: without a payment, and with one.
            for _ in 0..<2 {
                let answer = try await wallet.client().execute(request)
                #expect(answer.receipt?.charged == Market.price)
                var seen = ByteBuffer()
                for try await piece in answer.response.body { seen.writeImmutableBuffer(piece) }
                #expect(seen == pieces.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) })
            }
            #expect(market.upstream.calls == 2)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `gets its money back, in part and in full, and goes on`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet(holding: 100_000)
            let client = wallet.client()
            _ = try await client.execute(PayingRequest(url: market.url + "/weather"))
            let channel = try #require(try await wallet.journal.channels().first).id
            #expect(try await wallet.refund(channel, amount: 2000, through: client) == 2000)
            #expect(try await wallet.refund(channel, through: client) == 7000)
            #expect(try await market.ledger.balance(of: wallet.address, token: Market.token.address) == 99_000)
            #expect(try await market.faults(with: wallet) == [])
            #expect(try await client.execute(PayingRequest(url: market.url + "/weather")).receipt?.deposited == 10_000)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test(arguments: [true, false])
    func `tells of a withdrawal what a refund left of it`(readsLedger: Bool) async throws {
        try await Market.open { market in
            let signer = KeySigner(.random())
            try await market.ledger.mint(to: signer.address, token: Market.token.address, amount: 100_000)
            let wallet = try market.wallet(signer: signer)
            let client = wallet.client()
            _ = try await client.execute(PayingRequest(url: market.url + "/weather"))
            let channel = try #require(try await wallet.journal.channels().first).id
            func withdrawals() async throws -> [JournalEntry] {
                try await wallet.journal.entries().filter { $0.kind == .withdrawal }.reversed()
            }
            guard case .started(8000, _) = try await wallet.withdraw(channel, amount: 8000) else {
                Issue.record("it was not started")
                return
            }
            try await market.node.books.catchUp()
            let refunding = Wallet(
                journal: wallet.journal, lockFolder: nil, signer: signer, views: readsLedger ? [market.ledger] : [],
                logger: Market.quiet)
            #expect(try await refunding.refund(channel, amount: 3000, through: refunding.client()) == 3000)
            #expect(try await withdrawals().map(\.state) == [.pending])
            #expect(try await withdrawals().map(\.price) == [5000])
            #expect(try await refunding.refund(channel, amount: 5000, through: refunding.client()) == 5000)
            #expect(try await withdrawals().map(\.state) == [.notTaken])
            #expect(try await withdrawals().map(\.code) == ["wallet.withdrawal-refunded"])
            #expect(try await wallet.watch().isEmpty, "nothing is under way any more")
            guard case .started(400, _) = try await wallet.withdraw(channel, amount: 400) else {
                Issue.record("another was not started")
                return
            }
            #expect(try await withdrawals().map(\.state) == [.notTaken, .pending])
            #expect(try await withdrawals().map(\.price) == [5000, 400])
            #expect(try await market.faults(with: wallet) == [])
        }
    }
}

extension PaidResponse {
    var text: String {
        get async throws { String(buffer: try await response.body.collect(upTo: 1024 * 1024)) }
    }
}
