// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import NIOCore
import Testing

@Suite("A payment that is under way", .timeLimit(.minutes(4)))
struct UnderWayTests {
    private static let hasty = PayingClient.Options(timeout: .milliseconds(500), repeats: 0)

    private func open(
        _ scheme: String, _ test: @escaping @Sendable (Market, Wallet) async throws -> Void
    ) async throws {
        try await Market.open(paidBy: PeerPayingTests.schemes) { market in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(policy: Market.lucky, schemes: [wire])
            let first = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(first.receipt?.charged == Market.price)
            // So that it is paid at once, and the time-out cuts off its answer.
            let known = try await wallet.client().execute(PayingRequest(url: market.url + "/slow"))
            #expect(known.receipt?.charged == Market.price)
            try await test(market, wallet)
        }
    }

    @Test(arguments: PeerPayingTests.schemes)
    func `is named to whoever asks meanwhile, and is the one that was lost`(scheme: String) async throws {
        try await open(scheme) { market, wallet in
            let hasty = wallet.client(options: Self.hasty)
            let lost = await #expect(throws: PayingError.self) {
                try await hasty.execute(PayingRequest(url: market.url + "/slow?pause=3000"))
            }
            #expect(lost?.code == "payment.outcome-unknown")
            let states = try await wallet.journal.entries().map(\.state)
            #expect(states.first == .unknown)
            // Each lottery ticket pays for itself.
            if scheme != "lottery" {
                let meanwhile = await #expect(throws: PayingError.self) {
                    try await wallet.client(options: PayingClient.Options(timeout: .seconds(1), repeats: 0))
                        .execute(PayingRequest(url: market.url + "/weather"))
                }
                // The gate has a payment of vouchers wait for its turn, longer than this one does.
                if scheme == "voucher" {
                    #expect(meanwhile?.code == "payment.outcome-unknown")
                } else {
                    #expect(meanwhile?.code == "payment.under-way")
                    #expect(meanwhile?.message.contains("1000") == true)
                    #expect(meanwhile?.remedy?.contains("farthing wallet reconcile") == true)
                }
            }
            try await Task.sleep(for: .seconds(4))
            let next = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(next.receipt?.charged == Market.price)
            let entries = try await wallet.journal.entries()
            #expect(entries.first?.state == .paid)
            let slow = try #require(entries.first { $0.url.hasSuffix("pause=3000") })
            let (paid, gate) = (entries.filter { $0.state == .paid }, market.upstream.calls)
            #expect(!entries.contains { $0.state == .unknown || $0.state == .pending }, "\(entries.map(\.state))")
            // Whether the gate charges for what nobody waited for is its affair; what it charged is what is known here.
            #expect(paid.count <= gate)
            let told = try await wallet.journal.overviews().map(\.charged.units).reduce(0, +)
            #expect(told == UInt128(paid.count) * 1000)
            #expect([.paid, .notTaken].contains(slow.state))
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    @Test(arguments: PeerPayingTests.schemes)
    func `is told from the one that was never taken, once it is known`(scheme: String) async throws {
        try await open(scheme) { market, wallet in
            let road = TappedCarrier(PayingClient.standardHTTPClient)
            let client = wallet.client(options: PayingClient.Options(repeats: 0), carrier: road)
            func lose(_ path: String) async throws {
                let error = await #expect(throws: PayingError.self) {
                    try await client.execute(PayingRequest(url: market.url + path))
                }
                #expect(error?.code == "payment.outcome-unknown")
            }
            road.loseAnswers(true)
            try await lose("/weather?charged")
            road.loseAnswers(false)
            road.keepBack(true)
            try await lose("/weather?never")
            road.keepBack(false)
            #expect(try await wallet.journal.entries().prefix(2).map(\.state) == [.unknown, .unknown])
            let next = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(next.receipt?.charged == Market.price)
            let entries = try await wallet.journal.entries()
            let charged = try #require(entries.first { $0.url.hasSuffix("?charged") })
            #expect(charged.state == .paid && charged.charged == Market.price && charged.code == "payment.answer-lost")
            let never = try #require(entries.first { $0.url.hasSuffix("?never") })
            #expect(never.state == .notTaken && never.charged == .zero, "\(scheme)")
            #expect(try await market.faults(with: wallet) == [])
        }
    }
}
