// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import FarthingX402
import NIOCore
import NIOHTTP1
import Testing

@Suite("An answer that says it costs nothing", .timeLimit(.minutes(3)))
struct NotChargedTests {
    /// A payee that takes payments and says that it did not.
    private struct Liar: RequestCarrier {
        let road: any RequestCarrier
        /// Whether it says so in a receipt of a settlement that failed.
        var showsReceipt = false

        func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
            var answer = try await road.carry(request, timeout: timeout)
            guard request.headers.contains(name: "PAYMENT-SIGNATURE") else { return answer }
            _ = try await answer.body.collect(upTo: 1 << 20)
            answer.status = .internalServerError
            answer.headers.remove(name: "PAYMENT-RESPONSE")
            answer.headers.replaceOrAdd(name: UnchargedAnswer.header, value: UnchargedAnswer.value)
            if showsReceipt {
                let receipt = SettleResponse(
                    success: false, errorReason: "not_today", payer: nil, network: Market.network)
                answer.headers.replaceOrAdd(name: "PAYMENT-RESPONSE", value: receipt.header)
            }
            return answer
        }
    }

    private func open(
        _ scheme: String, _ test: @escaping @Sendable (Market, Wallet) async throws -> Void
    ) async throws {
        try await Market.open(paidBy: [scheme]) { market in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(policy: Market.lucky, schemes: [wire])
            _ = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            try await test(market, wallet)
        }
    }

    /// Without those that were refused, as luck may have it after a ticket that won; another was signed in their place.
    private static func kept(_ entries: [JournalEntry]) -> [JournalEntry.State] {
        entries.map(\.state).filter { $0 != .refused }
    }

    @Test(arguments: PeerPayingTests.schemes)
    func `gives the payment back`(scheme: String) async throws {
        try await open(scheme) { market, wallet in
            for path in ["/fail", "/fail"] {
                let failed = try await wallet.client().execute(PayingRequest(url: market.url + path))
                #expect(failed.response.status == .internalServerError)
                #expect(failed.isUncharged && !failed.isInDoubt && failed.receipt == nil)
            }
            let entries = try await wallet.journal.entries()
            #expect(Self.kept(entries).prefix(2) == [.notTaken, .notTaken])
            #expect(entries.first?.code == "payment.not-charged")
            let channel = try #require(try await wallet.journal.overviews().first)
            #expect(channel.status == "open" && channel.charged == Market.price)
            let next = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(next.receipt?.charged == Market.price && next.receipt?.channel == channel.id)
            #expect(Self.kept(try await wallet.journal.entries()).prefix(3) == [.paid, .notTaken, .notTaken])
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    /// A wallet that pays with tickets, and may spend so much at a host.
    private func lucky(perHost most: Amount, at market: Market) async throws -> Wallet {
        var limits = SpendingLimits()
        limits.depositTarget = 500_000
        limits.perHostPerDay = most
        return try await market.wallet(policy: SpendingPolicy(dollarLimits: limits), schemes: ["lottery"])
    }

    @Test(arguments: [false, true])
    func `counts the ticket that came with it, for it can win`(showsReceipt: Bool) async throws {
        try await Market.open(paidBy: ["lottery"]) { market in
            let wallet = try await lucky(perHost: 3000, at: market)
            let request = PayingRequest(url: market.url + "/weather")
            #expect(try await wallet.client().execute(request).receipt?.charged == Market.price)
            let liar = wallet.client(
                carrier: Liar(road: PayingClient.standardHTTPClient, showsReceipt: showsReceipt))
            for _ in 1...2 { _ = try? await liar.execute(request) }
            let refusal = await #expect(throws: PolicyRefusal.self) { try await liar.execute(request) }
            #expect(refusal?.code == "policy.per-host-per-day")
            let fund = try #require(try await wallet.journal.prepaid(LotteryFund.self).first)
            #expect(fund.books.authorised == 3000, "no ticket beyond the budget")
        }
    }

    @Test func `counts no ticket any more that the payee owns up to, as it pays for what comes next`() async throws {
        try await Market.open(paidBy: ["lottery"]) { market in
            // Luck may have one ticket refused, after one that won: it counts as well.
            let wallet = try await lucky(perHost: 6000, at: market)
            for path in ["/weather", "/fail", "/fail", "/fail", "/weather", "/weather", "/weather"] {
                _ = try await wallet.client().execute(PayingRequest(url: market.url + path))
            }
            let charged = try await wallet.journal.overviews().map(\.charged.units).reduce(0, +)
            #expect(charged == 4000)
        }
    }

    @Test(arguments: PeerPayingTests.schemes)
    func `costs no more than was signed when it is a lie`(scheme: String) async throws {
        try await open(scheme) { market, wallet in
            let liar = wallet.client(carrier: Liar(road: PayingClient.standardHTTPClient))
            let told = try await liar.execute(PayingRequest(url: market.url + "/weather?lie"))
            #expect(told.isUncharged)
            #expect(try await wallet.journal.entries().first?.state == .notTaken)
            // What it took after all shows at once, and is counted.
            let next = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(next.receipt?.charged == Market.price)
            let entries = try await wallet.journal.entries()
            let lie = try #require(entries.first { $0.url.hasSuffix("?lie") })
            #expect(lie.state == .paid && lie.charged == Market.price)
            let charged = try await wallet.journal.overviews().map(\.charged.units).reduce(0, +)
            #expect(charged == 3000, "no more than was signed for")
            #expect(try await market.faults(with: wallet) == [])
        }
    }
}
