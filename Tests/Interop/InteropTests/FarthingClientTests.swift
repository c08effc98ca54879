// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Foundation
import NIOHTTP1
import Testing

extension Interop {
    /// Our client against the official Python server and facilitator: both count, and must come to the same.
    @Suite("Our client at an official server", .timeLimit(.minutes(5)))
    struct FarthingClientTests {
        @Test func `pays at a fixed price, and at what it came to`() async throws {
            try await OfficialServer.open { server, _ in
                let payer = try FarthingPayer(key: 0x11, on: server.chain)
                try await server.chain.mint(1_000_000, for: payer.wallet.address)
                let fixed = try await payer.pay(server.url + "/weather", count: 3)
                #expect(fixed.map(\.charged.units) == [1000, 1000, 1000])
                #expect(fixed.map(\.deposited.units) == [10_000, 0, 0])
                let metered = try await payer.pay(server.url + "/metered?cost=300", count: 3)
                #expect(metered.map(\.charged.units) == [300, 300, 300])
                #expect(try await payer.channel().books.charged == Amount(units: 3900))
                #expect(try await payer.disagreements(with: server) == [])
            }
        }

        @Test func `tops up, is claimed, and the receiver gets what it was charged`() async throws {
            try await OfficialServer.open { server, _ in
                let payer = try FarthingPayer(key: 0x12, on: server.chain)
                try await server.chain.mint(1_000_000, for: payer.wallet.address)
                let receipts = try await payer.pay(server.url + "/weather", count: 14)
                #expect(receipts.filter { !$0.deposited.isZero }.count == 2)
                _ = try await server.claim()
                let balances = try await server.chain.dump()["balances"]
                let earned = balances?.members?.first {
                    $0.name.lowercased() == OfficialServer.receiver.lowercased()
                }
                #expect(earned?.value.stringValue == "14000" || earned?.value.integerValue == 14_000)
                #expect(try await payer.pay(server.url + "/weather").map(\.charged.units) == [1000])
                #expect(try await payer.disagreements(with: server) == [])
            }
        }

        @Test func `goes on after it lost everything but its key`() async throws {
            try await OfficialServer.open { server, _ in
                for round in 1...3 {
                    let payer = try FarthingPayer(key: 0x13, on: server.chain)
                    if round == 1 { try await server.chain.mint(1_000_000, for: payer.wallet.address) }
                    #expect(try await payer.pay(server.url + "/weather").map(\.charged.units) == [1000])
                    #expect(try await payer.channel().books.charged == Amount(units: UInt128(1000 * round)))
                    #expect(try await payer.disagreements(with: server) == [])
                }
            }
        }

        @Test func `goes on without a chain, by the server's books and its own signature`() async throws {
            try await OfficialServer.open { server, _ in
                let first = try FarthingPayer(key: 0x14, on: server.chain, readsChain: false)
                try await server.chain.mint(1_000_000, for: first.wallet.address)
                try await first.pay(server.url + "/weather")
                // The server shows the very voucher that is signed now, so it may have taken this request for paid.
                let second = try FarthingPayer(key: 0x14, on: server.chain, readsChain: false)
                await #expect(throws: PayingError.answerLost) { try await second.pay(server.url + "/weather") }
                #expect(try await second.pay(server.url + "/weather").map(\.charged.units) == [1000])
                let third = try FarthingPayer(key: 0x14, on: server.chain, readsChain: false)
                #expect(try await third.pay(server.url + "/weather").map(\.charged.units) == [1000])
                #expect(try await third.channel().books.charged == Amount(units: 3000))
                let balance = try await server.channels().first?["balance"]?.stringValue
                #expect(balance == "10000", "nothing was deposited twice")
            }
        }

        @Test func `goes on when the server lost everything`() async throws {
            try await OfficialServer.open { server, _ in
                let payer = try FarthingPayer(key: 0x15, on: server.chain)
                try await server.chain.mint(1_000_000, for: payer.wallet.address)
                try await payer.pay(server.url + "/weather", count: 2)
                try await server.loseChannels()
                #expect(try await payer.pay(server.url + "/weather", count: 2).map(\.charged.units) == [1000, 1000])
                #expect(try await payer.disagreements(with: server) == [])
            }
        }

        @Test func `gets its money back, in part and in full, and comes again`() async throws {
            try await OfficialServer.open { server, _ in
                let payer = try FarthingPayer(key: 0x16, on: server.chain)
                try await server.chain.mint(1_000_000, for: payer.wallet.address)
                try await payer.pay(server.url + "/weather", count: 2)
                let channel = try await payer.channel().id
                #expect(
                    try await payer.wallet.refund(channel, amount: Amount(units: 3000), through: payer.client).units
                        == 3000)
                #expect(try await payer.disagreements(with: server) == [])
                #expect(try await payer.wallet.refund(channel, through: payer.client).units == 5000)
                #expect(try await payer.disagreements(with: server) == [])
                #expect(try await payer.pay(server.url + "/weather").map(\.deposited.isZero) == [false])
                #expect(try await payer.disagreements(with: server) == [])
            }
        }

        @Test func `signs vouchers with a key of their own`() async throws {
            try await OfficialServer.open { server, _ in
                let payer = try FarthingPayer(key: 0x17, voucherKey: 0x66, on: server.chain)
                try await server.chain.mint(1_000_000, for: payer.wallet.address)
                try await payer.pay(server.url + "/weather", count: 2)
                #expect(try await payer.disagreements(with: server) == [])
            }
        }

        @Test func `pays nothing for an answer that failed, and is believed afterwards`() async throws {
            try await OfficialServer.open { server, _ in
                let payer = try FarthingPayer(key: 0x18, on: server.chain)
                try await server.chain.mint(1_000_000, for: payer.wallet.address)
                for _ in 0..<2 {
                    let failed = try await payer.client.execute(PayingRequest(url: server.url + "/fail"))
                    #expect(failed.response.status == .internalServerError)
                    #expect(failed.receipt == nil)
                    #expect(try await payer.pay(server.url + "/weather").map(\.charged.units) == [1000])
                }
                #expect(try await payer.disagreements(with: server) == [])
                let states = try await payer.wallet.journal.entries().map(\.state)
                #expect(states == [.paid, .notTaken, .paid, .notTaken])
            }
        }

        @Test(arguments: [1, 4])
        func `answers 64 parallel calls, where the official client fails most of six`(channels: Int) async throws {
            try await OfficialServer.open { server, _ in
                let payer = try FarthingPayer(key: 0x19, on: server.chain, channels: channels)
                try await server.chain.mint(10_000_000, for: payer.wallet.address)
                let (client, url) = (payer.client, server.url + "/weather")
                let charged = try await withThrowingTaskGroup(of: Amount.self) { group in
                    for _ in 0..<64 {
                        group.addTask { try await client.execute(PayingRequest(url: url)).receipt?.charged ?? .zero }
                    }
                    return try await group.reduce(Amount.zero) { $0.adding($1) ?? .max }
                }
                #expect(charged == Amount(units: 64_000))
                #expect(try await payer.disagreements(with: server) == [])
            }
        }

        @Test func `deposits through Permit2`() async throws {
            try await OfficialServer.open { server, _ in
                let payer = try FarthingPayer(key: 0x1A, on: server.chain)
                try await server.chain.mint(1_000_000, for: payer.wallet.address)
                try await server.chain.approvePermit2(1_000_000, by: payer.wallet.address)
                let receipts = try await payer.pay(server.url + "/permit2", count: 12)
                #expect(receipts.filter { !$0.deposited.isZero }.count == 2)
                #expect(receipts.allSatisfy { $0.charged == Amount(units: 1000) })
                #expect(try await payer.disagreements(with: server) == [])
            }
        }

        @Test func `pays exactly, from account to account`() async throws {
            try await OfficialServer.open { server, _ in
                let payer = try FarthingPayer(key: 0x1B, on: server.chain)
                try await server.chain.mint(1_000_000, for: payer.wallet.address)
                let receipts = try await payer.pay(server.url + "/exact", count: 2)
                #expect(receipts.map(\.charged.units) == [2500, 2500])
                #expect(receipts.allSatisfy { $0.transaction != nil && $0.scheme == "exact" })
                let entries = try await payer.wallet.journal.entries()
                #expect(entries.map(\.charged.units) == [2500, 2500])
                #expect(try await server.chain.dump()["balances"]?.text.contains("995000") == true)
            }
        }
    }
}
