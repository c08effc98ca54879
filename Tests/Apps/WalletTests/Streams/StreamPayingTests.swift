// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import FarthingX402
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// Streams behind a real gate, paid by a real wallet: 100 units for each KiB, or for each 200 ms.
@Suite("A client that pays for a stream", .timeLimit(.minutes(3)))
struct StreamPayingTests {
    private static func open(
        _ stretch: String = "KiB", _ test: @escaping @Sendable (Market) async throws -> Void
    ) async throws {
        let tariff = try #require(StreamTariff(stretch: stretch, price: 100))
        try await Market.open(
            configure: { configuration in
                configuration.schemes = [.voucher, .hashChain]
                configuration.prices = PriceList([PriceList.Route(pattern: .all, price: .metered(tariff))])
            }, test)
    }

    private static func read(_ answer: PaidResponse) async throws -> String {
        String(buffer: try await answer.response.body.collect(upTo: 1 << 20))
    }

    @Test(arguments: ["voucher", "hash-chain"])
    func `pays for each stretch and for the part of the last`(scheme: String) async throws {
        try await Self.open { market in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(schemes: [wire])
            let client = wallet.client()
            for round in 1...2 {
                let answer = try await client.execute(
                    PayingRequest(url: market.url + "/parts?count=11&size=512", stream: StreamPlan()))
                #expect(answer.response.status == .ok && answer.receipt == nil)
                let body = try await Self.read(answer)
                #expect(body == String(repeating: "x", count: 11 * 512))
                let stream = try #require(answer.stream)
                #expect(stream.receipt?.charged == 550, "round \(round)")
                #expect(stream.receipt?.scheme == wire)
                #expect(stream.payments == 6 && stream.doubts == 0)
                #expect(stream.status?.end == .finished && stream.status?.used == 5632)
            }
            let entries = try await wallet.journal.entries(limit: 100)
            #expect(entries.allSatisfy { $0.state == .paid }, "\(entries.map(\.state))")
            if scheme == "voucher" {
                #expect(try await wallet.journal.channels().map(\.books.charged) == [1100])
            } else {
                let chains = try await wallet.journal.prepaid(HashChainPayer.self)
                let charged = chains.map(\.books.charged.units)
                #expect(charged.reduce(0, +) == 1100)
            }
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test(arguments: ["voucher", "hash-chain"])
    func `pays for events, and gets each of them whole`(scheme: String) async throws {
        try await Self.open { market in
            let wallet = try await market.wallet(schemes: [try #require(PaymentSchemeName.wire(of: scheme))])
            let answer = try await wallet.client().execute(
                PayingRequest(url: market.url + "/events?count=12&size=300", stream: StreamPlan(ahead: 3)))
            let body = try await Self.read(answer)
            let events = body.components(separatedBy: "\n\n")
            let ours = events.filter { !$0.hasPrefix("event: payment-") && !$0.isEmpty }
            #expect(ours == (1...12).map { "data: \($0) " + String(repeating: "x", count: 300) })
            #expect(events.contains { $0.hasPrefix("event: payment-receipt\ndata: {") })
            let charged = try #require(answer.stream?.receipt?.charged)
            #expect(charged <= 370 && charged >= 340, "\(charged)")
            #expect(answer.stream?.status?.end == .finished)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test(arguments: [201, 203, 206, 300])
    func `pays for all of it, whatever its status`(status: UInt) async throws {
        try await Self.open { market in
            let wallet = try await market.wallet()
            let answer = try await wallet.client().execute(
                PayingRequest(url: market.url + "/parts?count=3&size=1024&status=\(status)", stream: StreamPlan()))
            #expect(answer.response.status.code == status && !answer.isInDoubt)
            #expect(try await Self.read(answer).utf8.count == 3 * 1024)
            #expect(answer.stream?.receipt?.charged == 300 && answer.stream?.doubts == 0)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `pays nothing for an answer without a body, and knows it`() async throws {
        try await Self.open { market in
            let wallet = try await market.wallet()
            let answer = try await wallet.client().execute(
                PayingRequest(url: market.url + "/nothing", stream: StreamPlan()))
            #expect(answer.response.status == .noContent && !answer.isInDoubt && answer.stream == nil)
            #expect(answer.receipt?.charged == 0)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `pays by the second`() async throws {
        try await Self.open("s") { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            // A deposit takes its time, and the upstream's clock does not wait for it.
            _ = try await Self.read(
                try await client.execute(
                    PayingRequest(url: market.url + "/parts?count=1&size=1", stream: StreamPlan())))
            // It takes two seconds, of which the first moments may pass before the stream begins.
            let answer = try await client.execute(
                PayingRequest(url: market.url + "/parts?count=21&size=10&pause=100", stream: StreamPlan()))
            let body = try await Self.read(answer)
            #expect(body.utf8.count == 210)
            let stream = try #require(answer.stream)
            let (charged, used) = (try #require(stream.receipt?.charged), try #require(stream.status?.used))
            #expect(used >= 1000 && charged >= 95 && charged.units <= UInt128(used) / 10, "\(charged) for \(used) ms")
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `pays for one stretch and no more where it did not ask for a stream`() async throws {
        try await Self.open { market in
            let wallet = try await market.wallet()
            let answer = try await wallet.client().execute(
                PayingRequest(url: market.url + "/parts?count=100&size=512"))
            #expect(try await Self.read(answer).utf8.count == 1024)
            #expect(answer.stream?.receipt?.charged == 100)
            #expect(try await wallet.journal.entries().map(\.state) == [.paid])
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `stops at the limit of its plan, with all that it paid for`() async throws {
        try await Self.open { market in
            let wallet = try await market.wallet()
            let answer = try await wallet.client().execute(
                PayingRequest(url: market.url + "/parts?count=100&size=512", stream: StreamPlan(ahead: 2, most: 350)))
            #expect(try await Self.read(answer).utf8.count == 3 * 1024)
            #expect(answer.stream?.receipt?.charged == 300)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `pays nothing for a stream of which one stretch costs more than all may`() async throws {
        try await Self.open { market in
            let wallet = try await market.wallet()
            let url = market.url + "/parts?count=100&size=512"
            for _ in 1...2 {
                await #expect(throws: PayingError.streamTooDear(stretch: 100, most: 99)) {
                    try await wallet.client().execute(PayingRequest(url: url, stream: StreamPlan(most: 99)))
                }
                #expect(try await wallet.journal.entries().isEmpty)
            }
            let answer = try await wallet.client().execute(PayingRequest(url: url, stream: StreamPlan(most: 100)))
            #expect(try await Self.read(answer).utf8.count == 1024)
            #expect(answer.stream?.receipt?.charged == 100)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `stops where the budget ends, and says so`() async throws {
        try await Self.open { market in
            let policy = try SpendingPolicy(file: Array(#"{"limits": {"perDay": "450"}}"#.utf8))
            let wallet = try await market.wallet(policy: policy)
            let answer = try await wallet.client().execute(
                PayingRequest(url: market.url + "/parts?count=100&size=512", stream: StreamPlan()))
            await #expect(throws: PolicyRefusal.self) { try await Self.read(answer) }
            #expect(answer.stream?.receipt?.charged == 400 && answer.stream?.received == 4096)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test(arguments: ["voucher", "hash-chain"])
    func `pays only for what came when the body breaks off`(scheme: String) async throws {
        try await Self.open { market in
            let wallet = try await market.wallet(schemes: [try #require(PaymentSchemeName.wire(of: scheme))])
            let answer = try await wallet.client().execute(
                PayingRequest(url: market.url + "/broken?count=5&size=512&pause=20", stream: StreamPlan()))
            await #expect(throws: (any Error).self) { try await Self.read(answer) }
            // What was on its way when it broke off may be lost, and is paid for as far as it was sent.
            let stream = try #require(answer.stream)
            let (used, charged) = (try #require(stream.status?.used), try #require(stream.receipt?.charged))
            #expect(used <= 2560 && charged >= 50 && charged.units <= UInt128(used) * 100 / 1024, "\(charged) \(used)")
            #expect(stream.doubts == 0)
            let end = stream.status?.end
            #expect(end == nil || end == .upstreamFailed)
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test func `is charged for what was sent when it reads no more, and can go on paying`() async throws {
        try await Self.open { market in
            let wallet = try await market.wallet()
            let client = wallet.client()
            let answer = try await client.execute(
                PayingRequest(url: market.url + "/parts?count=1000&size=512&pause=20", stream: StreamPlan()))
            let stream = try #require(answer.stream)
            var seen = 0
            for try await part in answer.response.body {
                seen += part.readableBytes
                if seen >= 3000 { break }
            }
            stream.stop()
            await stream.finish()
            #expect(stream.doubts == 0)
            // Where it was paused just then, no answer says why it is over.
            let end = stream.status?.end
            #expect(end == nil || end == .clientGone)
            let (used, charged) = (try #require(stream.status?.used), try #require(stream.receipt?.charged))
            #expect(used >= 3000 && charged.units <= UInt128(used) * 100 / 1024)
            let next = try await client.execute(
                PayingRequest(url: market.url + "/parts?count=2&size=512", stream: StreamPlan()))
            #expect(try await Self.read(next).utf8.count == 1024)
            #expect(try await market.faults(with: wallet) == [])
        }
    }
}
