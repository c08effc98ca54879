// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingHTTP402Client
import FarthingNode
import FarthingPeerPayments
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import FarthingX402
import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import Testing

@Suite("A payer that hangs up", .timeLimit(.minutes(3)))
struct HangUpTests {
    /// How it lets the payee know.
    enum Way: CaseIterable {
        case cancel, reset

        func hangUp(_ payer: FramePayer, on id: UInt32) async throws {
            switch self {
            case .cancel: try await payer.say(.cancel(id: id))
            case .reset: await payer.stream.reset()
            }
        }
    }

    /// A payment for a target that its wallet has signed, and that nobody has seen yet.
    private static func signed(
        for target: String, at market: Market, over road: any RequestCarrier, _ url: String,
        stream: StreamPlan? = nil
    ) async throws -> [UInt8] {
        let wallet = try await market.wallet(schemes: [try #require(PaymentSchemeName.wire(of: "voucher"))])
        let tap = TappedCarrier(road)
        tap.keepBack(true)
        let client = wallet.client(options: PayingClient.Options(timeout: .seconds(20), repeats: 0), carrier: tap)
        await #expect(throws: (any Error).self) {
            try await client.execute(PayingRequest(url: url.replacing("/weather", with: target), stream: stream))
        }
        return try #require(try tap.last).json.bytes
    }

    /// A payer that has asked for a target with the number 1, and paid.
    ///
    /// - Parameter prices: `nil` for the market's own.
    private static func asking(
        for target: String, over road: PeerRoad, prices: PriceList? = nil, stream: StreamPlan? = nil,
        _ body: @escaping @Sendable (_ market: Market, _ payer: FramePayer, _ payment: [UInt8]) async throws -> Void
    ) async throws {
        try await PeerPayingTests.open(over: road, prices: prices) { market, carrier, url in
            let payment = try await signed(for: target, at: market, over: carrier, url, stream: stream)
            try await FramePayer.open(to: market) { payer in
                try await payer.ask(1, target, payment)
                try await body(market, payer, payment)
            }
        }
    }

    /// The books of the only channel that the market has.
    private static func books(of market: Market) async throws -> VoucherChannel? {
        try await market.node.books.engine.channels(after: nil, limit: 1).first?.state
    }

    /// Waits until the market has charged something, for a while.
    private static func charged(at market: Market) async throws -> Amount? {
        for _ in 0..<400 {
            if let charged = try await books(of: market)?.charged, !charged.isZero { return charged }
            try await Task.sleep(for: .milliseconds(25))
        }
        return nil
    }

    @Test(arguments: PeerRoad.allCases, Way.allCases)
    func `has paid for the long answer that it leaves half-way`(road: PeerRoad, way: Way) async throws {
        try await Self.asking(for: "/parts?count=1000&size=500&pause=50", over: road) { market, payer, _ in
            var payer = payer
            for _ in 1...4 {
                let part = try await payer.part(of: 1)
                #expect(part?.isEmpty == false)
            }
            try await way.hangUp(payer, on: 1)
            if way == .cancel { while try await payer.part(of: 1) != nil {} }
            // If anything were to be booked for it, it would be by now.
            try await Task.sleep(for: .seconds(1))
            let books = try await Self.books(of: market)
            #expect(books?.charged == Market.price && books?.credit == .zero)
        }
    }

    @Test(arguments: PeerRoad.allCases)
    func `is not mistaken for an upstream that breaks off`(road: PeerRoad) async throws {
        try await Self.asking(for: "/broken?count=3&size=500&pause=50", over: road) { market, payer, _ in
            var payer = payer
            while try await payer.part(of: 1) != nil {}
            let books = try await Self.books(of: market)
            #expect(books?.charged == Market.price && books?.credit == Market.price)
        }
    }

    private static func metered() throws -> PriceList {
        let tariff = try #require(StreamTariff(stretch: "KiB", price: 100))
        return PriceList([PriceList.Route(pattern: .all, price: .metered(tariff))])
    }

    @Test(arguments: PeerRoad.allCases, Way.allCases)
    func `pays for what came of a metered stream of which nothing more comes`(
        road: PeerRoad, way: Way
    ) async throws {
        let target = "/parts?count=2&size=512&pause=60000"
        try await Self.asking(
            for: target, over: road, prices: try Self.metered(), stream: StreamPlan()
        ) { market, payer, payment in
            var payer = payer
            let name = try #require(HTTPField.Name("Payment-Stream"))
            let answer = try await payer.answer(to: 1)
            let stream = try #require(answer?.headers[name])
            let part = try await payer.part(of: 1)
            #expect(part?.count == 512)
            // It asks as well what becomes of the payment.
            try await payer.ask(2, target, payment, headers: [name: stream])
            try await way.hangUp(payer, on: 1)
            let charged = try await Self.charged(at: market)
            #expect(charged == 50)
            guard way == .cancel else { return }
            let outcome = try await payer.answer(to: 2)
            #expect(outcome?.status == 200)
            try await payer.stream.closeWrite()
            while try await payer.next() != nil {}
        }
    }

    @Test(arguments: PeerRoad.allCases)
    func `is charged for what came, though it has paid ahead and nothing more comes`(road: PeerRoad) async throws {
        try await PeerPayingTests.open(over: road, prices: try Self.metered()) { market, carrier, url in
            let wallet = try await market.wallet(schemes: [try #require(PaymentSchemeName.wire(of: "voucher"))])
            let answer = try await wallet.client(carrier: carrier).execute(
                PayingRequest(
                    url: url.replacing("/weather", with: "/parts?count=2&size=512&pause=60000"),
                    stream: StreamPlan(ahead: 2)))
            let stream = try #require(answer.stream)
            var parts = answer.response.body.makeAsyncIterator()
            let part = try await parts.next()
            #expect(part?.readableBytes == 512)
            stream.stop()
            await stream.finish(within: .seconds(30))
            #expect(stream.receipt?.charged == 50 && stream.doubts == 0)
            let faults = try await market.faults(with: wallet)
            #expect(faults == [])
        }
    }

    @Test(arguments: PeerRoad.allCases)
    func `cannot tell the upstream which host it asks, nor who it is`(road: PeerRoad) async throws {
        let prices = PriceList([PriceList.Route(pattern: .all, price: .free)])
        try await PeerPayingTests.open(over: road, prices: prices) { market, carrier, url in
            var request = HTTPClientRequest(url: url.replacing("weather", with: "seen"))
            for name in ["Host", "X-Forwarded-For", "X-Forwarded-Host", "x-forwarded-proto", "Forwarded", "X-Real-IP"] {
                request.headers.add(name: name, value: "forged.example")
            }
            request.headers.add(name: "X-Kept", value: "kept")
            let answer = try await carrier.carry(request, timeout: .seconds(20))
            let seen = String(buffer: try await answer.body.collect(upTo: 10_000))
            let upstream = try await market.upstream.address.value
            #expect(seen.hasPrefix("host: \(upstream.dropFirst("http://".count))\n"), "\(seen)")
            #expect(seen.contains("x-kept: kept\n") && !seen.contains("forged"), "\(seen)")
            #expect(seen.contains("x-forwarded-for: 127.0.0.1\n") == (road == .libp2p), "\(seen)")
        }
    }
}
