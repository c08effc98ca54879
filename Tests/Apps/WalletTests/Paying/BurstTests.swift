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

@Suite("A client that pays for many requests at once", .timeLimit(.minutes(2)))
struct BurstTests {
    /// Sends requests for these paths at once, and tells their statuses.
    private static func burst(_ paths: [String], by client: PayingClient, at market: Market) async throws -> [UInt] {
        try await withThrowingTaskGroup(of: UInt.self) { group in
            for path in paths {
                group.addTask {
                    let answer = try await client.execute(PayingRequest(url: market.url + path))
                    _ = try await answer.response.body.collect(upTo: 1 << 20)
                    return answer.response.status.code
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Opens a market that wishes a deposit of so much.
    private static func open(
        deposit: UInt128, requestsAhead: Int = 64, _ test: @escaping @Sendable (Market) async throws -> Void
    ) async throws {
        let configure: @Sendable (inout NodeConfiguration) -> Void = { configuration in
            configuration.policy.minimumDeposit = Amount(units: deposit)
            configuration.policy.requestsAhead = requestsAhead
        }
        try await Market.open(configure: configure, test)
    }

    private static func paths(_ path: String, _ count: Int) -> [String] { Array(repeating: path, count: count) }

    @Test func `pays for forty out of one channel, with one deposit`() async throws {
        try await Self.open(deposit: 100_000) { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            let statuses = try await Self.burst(Self.paths("/weather", 40), by: client, at: market)
            #expect(statuses == Array(repeating: 200, count: 40))
            let channels = try await wallet.journal.channels()
            #expect(channels.map(\.books.charged.units) == [40_000])
            #expect(channels.map(\.books.phase) == [.idle])
            #expect(channels.map(\.books.doubts) == [[]])
            #expect(market.upstream.calls(of: "/weather") == 40)
            let entries = try await wallet.journal.entries(limit: 1000)
            #expect(entries.count == 40 && entries.allSatisfy { $0.state == .paid })
            #expect(Set(entries.map(\.ceiling)).count == 40, "each voucher is another")
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `has several in flight at once, where one after the other would take too long`() async throws {
        try await Self.open(deposit: 100_000) { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            _ = try await client.execute(PayingRequest(url: market.url + "/weather"))
            let watch = Task {
                var most = 0
                // Cancelled in the middle of a look, that look alone comes to nothing.
                while !Task.isCancelled, let channels = try? await wallet.journal.channels() {
                    for channel in channels { most = max(most, channel.books.inFlight.count) }
                    await Task.yield()
                }
                return most
            }
            let statuses = try await Self.burst(Self.paths("/weather", 60), by: client, at: market)
            watch.cancel()
            #expect(statuses == Array(repeating: 200, count: 60))
            #expect(await watch.value >= 3)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `pays nothing for those that fail, goes on, and agrees with the payee in the end`() async throws {
        try await Self.open(deposit: 100_000) { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            let paths = (0..<40).map { $0 % 5 == 3 ? "/fail" : "/weather" }
            let statuses = try await Self.burst(paths, by: client, at: market)
            #expect(statuses.filter { $0 == 200 }.count == 32)
            #expect(statuses.filter { $0 == 500 }.count == 8)
            #expect(try await wallet.journal.channels().map(\.books.charged.units) == [32_000])
            #expect(try await market.faults(with: wallet) == [])
            // One that is signed exactly tells what became of those before.
            _ = try await client.execute(PayingRequest(url: market.url + "/weather"))
            let states = try await wallet.journal.entries(limit: 1000).map(\.state)
            #expect(states.filter { $0 == .paid }.count == 33)
            #expect(states.filter { $0 == .notTaken }.count == 8)
        }
    }

    @Test func `pays one after the other where that is not offered, or not wanted`() async throws {
        for (offered, wanted) in [(1, 64), (64, 1)] {
            try await Self.open(deposit: 100_000, requestsAhead: offered) { market in
                let wallet = try await market.wallet(requestsAhead: wanted)
                let statuses = try await Self.burst(Self.paths("/weather", 12), by: wallet.client(), at: market)
                #expect(statuses == Array(repeating: 200, count: 12))
                let books = try #require(try await wallet.journal.channels().first).books
                #expect(books.charged.units == 12_000 && books.authorised.units == 12_000)
                #expect(try await market.faults(with: wallet) == [])
            }
        }
    }

    @Test func `tops its channel up in the middle of a burst`() async throws {
        try await Self.open(deposit: 10_000) { market in
            let wallet = try await market.wallet()
            let statuses = try await Self.burst(Self.paths("/weather", 35), by: wallet.client(), at: market)
            #expect(statuses == Array(repeating: 200, count: 35))
            #expect(try await wallet.journal.channels().map(\.books.charged.units) == [35_000])
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `keeps within its budget, of which each signature takes its part`() async throws {
        var limits = SpendingLimits.standard
        limits.perDay = Amount(units: 7000)
        let policy = SpendingPolicy(dollarLimits: limits)
        try await Self.open(deposit: 100_000) { market in
            let wallet = try await market.wallet(policy: policy)
            let client = wallet.client()
            let served = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        (try? await client.execute(PayingRequest(url: market.url + "/weather")))?.receipt != nil
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(served == 7)
            #expect(market.upstream.calls(of: "/weather") == 7)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `goes on soundly when the payer dies in the middle of a burst`() async throws {
        try await Self.open(deposit: 100_000) { market in
            let folder = WalletFolder(path: market.folder.path(percentEncoded: false) + "/wallet")
            let signer = KeySigner(PrivateKey.random())
            try await market.ledger.mint(
                to: signer.address, token: Market.token.address, amount: Amount(units: 1_000_000))
            let first = try market.wallet(signer: signer, folder: folder)
            let client = first.client()
            _ = try await client.execute(PayingRequest(url: market.url + "/weather"))
            let id = try #require(try await first.journal.channels().first).id
            // What a killed process leaves behind: books with payments in flight that nobody waits for.
            var left = try #require(try await first.journal.channel(id))
            let limits = SigningAhead(maximum: 64, window: Amount(units: 64_000))
            for _ in 0..<5 {
                _ = try left.books.apply(
                    .aheadStarted(
                        price: Market.price, deposit: DepositLeave(amount: .zero, salt: .zero, validBefore: 0),
                        at: Wallet.systemClock(), limits))
            }
            try await first.journal.keep(left)

            let second = try market.wallet(signer: signer, folder: folder)
            let statuses = try await Self.burst(Self.paths("/weather", 20), by: second.client(), at: market)
            #expect(statuses == Array(repeating: 200, count: 20))
            let books = try #require(try await second.journal.channels().first).books
            #expect(books.charged.units == 21_000)
            #expect(books.misconduct == nil)
            #expect(try await market.faults(with: second) == [])
        }
    }
}
