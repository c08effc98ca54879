// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingWallet
import FarthingX402
import NIOCore
import Testing

@Suite("Reconciling a channel that was paid ahead", .timeLimit(.minutes(4)))
struct ReconcilingPrepaidTests {
    private static let schemes = PeerPayingTests.schemes.filter { $0 != "voucher" }

    /// A wallet that has paid once, and a road on which payments and answers get lost.
    private struct Scene: Sendable {
        let market: Market
        let wallet: Wallet
        let road: TappedCarrier

        func client(patience: TimeAmount = .seconds(20)) -> PayingClient {
            wallet.client(options: PayingClient.Options(timeout: patience, repeats: 0), carrier: road)
        }

        /// Pays, and is told nothing of it.
        func lose(_ path: String, patience: TimeAmount = .seconds(20)) async throws {
            let error = await #expect(throws: PayingError.self) {
                try await client(patience: patience).execute(PayingRequest(url: market.url + path))
            }
            #expect(error?.code == "payment.outcome-unknown")
            #expect(try await state() == .unknown)
            #expect(try await channel().status == "in doubt")
        }

        func state() async throws -> JournalEntry.State? { try await wallet.journal.entries().first?.state }

        func channel() async throws -> ChannelOverview {
            let channels = try await wallet.journal.overviews()
            #expect(channels.count == 1)
            return try #require(channels.first)
        }

        func reconcile() async throws -> Wallet.PrepaidReconciliation {
            let (calls, entries) = (market.upstream.calls, try await wallet.journal.entries().count)
            let result = try await wallet.reconcilePrepaid(try await channel().id, through: client())
            #expect(market.upstream.calls == calls, "a question is no request")
            #expect(try await wallet.journal.entries().count == entries)
            #expect(try await market.faults(with: wallet) == [])
            return result
        }

        /// Pays as before, out of the same channel.
        func goesOn() async throws {
            let id = try await channel().id
            let next = try await client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(next.receipt?.charged == Market.price && next.receipt?.channel == id)
            #expect(try await channel().status == "open")
            #expect(try await market.faults(with: wallet) == [])
        }
    }

    private func open(_ scheme: String, _ test: @escaping @Sendable (Scene) async throws -> Void) async throws {
        try await Market.open(paidBy: [scheme]) { market in
            let wire = try #require(PaymentSchemeName.wire(of: scheme))
            let wallet = try await market.wallet(policy: Market.lucky, schemes: [wire])
            let scene = Scene(market: market, wallet: wallet, road: TappedCarrier(PayingClient.standardHTTPClient))
            for path in ["/weather", "/slow"] {
                _ = try await scene.client().execute(PayingRequest(url: market.url + path))
            }
            try await test(scene)
        }
    }

    @Test(arguments: schemes)
    func `finds a payment that was charged`(scheme: String) async throws {
        try await open(scheme) { scene in
            scene.road.loseAnswers(true)
            try await scene.lose("/weather")
            scene.road.loseAnswers(false)
            let charged = try await scene.channel().charged
            let found = try await scene.reconcile()
            #expect(found.payeesWhoTold == 1 && found.settlementWasRead && found.remarks == [])
            #expect(found.before.doubtful == Market.price && found.after.doubtful == 0)
            #expect(found.after.charged == charged.adding(Market.price))
            let entry = try #require(try await scene.wallet.journal.entries().first)
            #expect(entry.state == .paid && entry.charged == Market.price && entry.code == "payment.answer-lost")
            try await scene.goesOn()
        }
    }

    @Test(arguments: schemes)
    func `finds that one never came, and reckons with a late copy`(scheme: String) async throws {
        try await open(scheme) { scene in
            scene.road.keepBack(true)
            try await scene.lose("/weather")
            scene.road.keepBack(false)
            let found = try await scene.reconcile()
            #expect(found.payeesWhoTold == 1 && found.remarks == [])
            #expect(found.after.status == "open" && found.after.doubtful == 0)
            let entry = try #require(try await scene.wallet.journal.entries().first)
            #expect(entry.state == .notTaken && entry.charged == 0 && entry.isInDoubt)
            try await scene.goesOn()
        }
    }

    @Test(arguments: schemes)
    func `waits for one that is being answered`(scheme: String) async throws {
        try await open(scheme) { scene in
            try await scene.lose("/slow?pause=4000", patience: .milliseconds(500))
            let meanwhile = try await scene.reconcile()
            #expect(meanwhile.payeesWhoTold == 0 && meanwhile.remarks.count == 1)
            #expect(meanwhile.remarks.first?.contains("1000 units") == true, "\(meanwhile.remarks)")
            #expect(try await scene.state() == .unknown)
            try await Task.sleep(for: .seconds(5))
            let found = try await scene.reconcile()
            #expect(found.payeesWhoTold == 1 && found.after.doubtful == 0, "\(found.remarks)")
            let state = try await scene.state()
            #expect(state == .paid || state == .notTaken)
            try await scene.goesOn()
        }
    }

    @Test func `says why it cannot ask`() async throws {
        try await open("hash-chain") { scene in
            scene.road.loseAnswers(true)
            try await scene.lose("/weather")
            scene.road.lead(to: "http://127.0.0.1:1/")
            scene.road.loseAnswers(false)
            let found = try await scene.reconcile()
            #expect(found.payeesWhoTold == 0)
            #expect(found.remarks.first?.contains("cannot be reached") == true, "\(found.remarks)")
            #expect(try await scene.state() == .unknown)
        }
    }

    private func believesNoLie<Scheme: PrepaidWire, Books: PayerBooks>(
        _: Scheme.Type, _: Books.Type, _ name: String
    ) async throws {
        try await Market.open { market in
            try await Stall<Scheme>.open(on: market) { stall in
                let wallet = try await market.wallet(policy: Market.lucky, schemes: [name])
                let road = TappedCarrier(PayingClient.standardHTTPClient)
                let client = wallet.client(options: PayingClient.Options(repeats: 0), carrier: road)
                let url = await stall.address
                _ = try await client.execute(PayingRequest(url: url))
                road.keepBack(true)
                await #expect(throws: PayingError.self) { try await client.execute(PayingRequest(url: url)) }
                road.keepBack(false)
                let id = try #require(try await wallet.journal.overviews().first?.id)
                let most = try #require(try await wallet.journal.overviews().first?.authorised)
                await stall.lies { $0.withState("charged", .string("\(Amount(units: most.units + 5000))")) }
                let found = try await wallet.reconcilePrepaid(id, through: client)
                #expect(found.payeesWhoTold == 0 && found.remarks.count == 1, "\(found.remarks)")
                #expect(found.after.status == "suspended" && found.after.charged == found.before.charged)
                let fault = await #expect(throws: PrepaidPayerFault.self) {
                    try await client.execute(PayingRequest(url: url))
                }
                #expect(fault?.code == "payer.suspended")
            }
        }
    }

    @Test func `believes no payee that says it charged more than it was given`() async throws {
        try await believesNoLie(HashChainChannel.self, HashChainPayer.self, "hash-chain")
        try await believesNoLie(MerkleTokenChannel.self, MerkleTokenPayer.self, "merkle-token")
        try await believesNoLie(LotteryChannel.self, LotteryFund.self, "lottery")
        try await believesNoLie(TwoWayChannel.self, TwoWayPayer.self, "two-way")
    }
}
