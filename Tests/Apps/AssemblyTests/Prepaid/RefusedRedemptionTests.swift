// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import CoreMetrics
import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingMerkleTokenScheme
import FarthingNode
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A redemption that is refused", .timeLimit(.minutes(1)))
struct RefusedRedemptionTests {
    private typealias Counted = CountedDesk<HashChainChannel>
    private typealias Payload = PrepaidPayload<HashChainChannel>

    private static let everything = ClaimSchedule(age: 0)
    private static let reverted = ContractError.settlement(.refused(code: "reverted", message: "Pausable: paused"))
    private static let line = "A channel could not be redeemed"

    // MARK: - Payments

    @Test(arguments: [
        ContractError.refused(ContractRefusal(SettlementError.overflow)), .unknownChannel(ChannelID(.zero)), reverted,
    ])
    func `ends payments on its channel, though there are no caps, until one succeeds`(
        verdict: ContractError
    ) async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try Counted(shop)
            var payer = try await opened("refused", at: counted)
            var other = try await opened("another", at: counted)
            counted.slow.refuse(payer.id, with: verdict)
            let report = await counted.books.redeemDue(Self.everything, soon: .seconds(60))
            #expect(report.channels == 1 && report.failures.count == 1 && report.outages == 0)

            let ordered = counted.slow.ordered.count
            let payload = Payload.payment(payer.id, try asked(&payer, 1))
            #expect(try !isQuick(payload, at: counted))
            for _ in 0..<3 { #expect(try await counted.admit(payload).deferral == "unclaimed.claim-refused") }
            #expect(counted.slow.ordered.count == ordered, "it was refused just now")
            #expect(try await charged(payer, at: counted) == units(1000))
            // Who pays on another channel loses nothing by it, not even the quick way.
            let next = Payload.payment(other.id, try asked(&other, 1))
            #expect(try isQuick(next, at: counted))
            #expect(try await counted.pay(next) == nil)

            counted.slow.refuse(payer.id, with: nil)
            shop.clock.pass(30)
            #expect(try await counted.pay(payload) == nil, "it was redeemed first")
            #expect(counted.slow.ordered.count == ordered + 1)
            #expect(try await charged(payer, at: counted) == units(2000))
            #expect(try isQuick(.payment(payer.id, asked(&payer, 2)), at: counted))
            #expect(counted.reserved == .zero)
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `is noticed where a peer asked for it`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try Counted(shop)
            var payer = try await opened("refused", at: counted)
            counted.slow.refuse(payer.id, with: Self.reverted)
            await #expect(throws: ContractError.self) { try await counted.desk.redeem(payer.id, fees: nil) }
            let payload = Payload.payment(payer.id, try asked(&payer, 1))
            #expect(try await counted.admit(payload).deferral == "unclaimed.claim-refused")
        }
    }

    @Test func `of Merkle tokens, which keep to no caps, ends payments too`() async throws {
        let shop = try await MerkleTokenShop.open()
        var payer = try shop.channel()
        try shop.served(&payer, 0, try await shop.open(&payer))
        let slow = SlowContracts(shop.ledger)
        let next = try await shop.reopened(through: slow)
        slow.refuse(payer.id, with: Self.reverted)
        #expect(await next.books.redeemDue(Self.everything, soon: .seconds(60)).failures.count == 1)
        var stopped = payer
        #expect(try await next.pay(&stopped, request: 1).state == nil)
        slow.refuse(payer.id, with: nil)
        next.clock.pass(30)
        #expect(try await next.pay(&payer, request: 2).state?["charged"] == "2000")
        #expect(try await next.balance == units(1000))
    }

    @Test func `of a two-way channel is not tried again by a payment, as it would end the channel`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            let counted = try CountedDesk<TwoWayChannel>(shop)
            var payer = try shop.twoWayChannel()
            let opening = try shop.asked(&payer, 0)
            let funding = try shop.funding(payer.id, with: payer.terms.firstDeposit)
            let admission = try await counted.admit(.open(payer.terms, funding, opening))
            let admitted = try #require(admission.payment)
            let response = try await admitted.charge(PrepaidShop.price)
            try shop.served(&payer, 0, .served(response.extra ?? [:]))
            counted.slow.refuse(payer.id, with: Self.reverted)
            #expect(await counted.books.redeemAll(ending: true).failures.count == 1)
            counted.slow.refuse(payer.id, with: nil)
            shop.clock.pass(3600)
            let payload = PrepaidPayload<TwoWayChannel>.payment(payer.id, try shop.asked(&payer, 1))
            #expect(try await counted.admit(payload).deferral == "unclaimed.claim-refused")
            #expect(counted.slow.ordered.count == 1)
        }
    }

    @Test func `keeps no other payer from the room that it needs under a cap`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try Counted(shop, caps: UnclaimedCaps(perChannel: units(1500)))
            var payer = try await opened("refused", at: counted)
            var other = try await opened("another", at: counted)
            counted.slow.refuse(payer.id, with: Self.reverted)
            let payload = Payload.payment(payer.id, try asked(&payer, 1))
            for _ in 0..<3 { #expect(try await counted.admit(payload).deferral != nil) }
            #expect(counted.slow.ordered.count == 1, "that it is refused is known after the first")
            #expect(try await counted.pay(.payment(other.id, asked(&other, 1))) == nil)
            #expect(counted.slow.ordered == [payer.id, other.id])
        }
    }

    // MARK: - Pauses

    @Test func `is tried more and more rarely, and told still more rarely`() async throws {
        let log = LogBook()
        try await PrepaidShop.open(.hashChain, logger: log.logger) { shop, _ in
            let counted = try Counted(shop)
            let payer = try await opened("refused", at: counted)
            counted.slow.refuse(payer.id, with: Self.reverted)
            // Twelve hours, with a look each minute: once in a quarter of an hour at last.
            for _ in 0..<720 {
                _ = await counted.books.redeemDue(Self.everything, soon: .seconds(60))
                shop.clock.pass(60)
            }
            #expect((45...55).contains(counted.slow.ordered.count), "\(counted.slow.ordered.count)")
            #expect((1...7).contains(log.count(of: Self.line)), "\(log.count(of: Self.line))")
        }
    }

    @Test func `is tried at every look before its payer may take the money back, and waits again after that`()
        async throws
    {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try Counted(shop)
            let payer = try await opened("refused", at: counted)
            counted.slow.refuse(payer.id, with: Self.reverted)
            shop.clock.pass(86_400 - 600)
            for _ in 0..<10 {
                _ = await counted.books.redeemExpiring(soon: .seconds(60))
                shop.clock.pass(60)
            }
            #expect(counted.slow.ordered.count == 10)
            for _ in 0..<30 {
                _ = await counted.books.redeemExpiring(soon: .seconds(60))
                shop.clock.pass(60)
            }
            #expect((11...13).contains(counted.slow.ordered.count), "\(counted.slow.ordered.count)")
        }
    }

    @Test func `is not what an outage is: nothing waits for it, and it is told rarely`() async throws {
        let (log, metrics) = (LogBook(), PrometheusMetrics())
        try await withMetricsFactory(metrics) {
            try await PrepaidShop.open(.hashChain, logger: log.logger) { shop, _ in
                let counted = try Counted(shop)
                var payer = try await opened("cut off", at: counted)
                let channels = 3
                for number in 1..<channels { _ = try await opened("cut off \(number)", at: counted) }
                counted.slow.setDown(true)
                for _ in 0..<120 {
                    let report = await counted.books.redeemDue(Self.everything, soon: .seconds(60))
                    #expect(report.outages == channels && report.failures.count == channels)
                    shop.clock.pass(60)
                }
                #expect(log.count(of: Self.line) == 0)
                #expect(log.count(of: "Channels cannot be redeemed for now") == 8, "in two hours")
                #expect(!metrics.text().contains("outcome=\"refused\""))
                let payload = Payload.payment(payer.id, try asked(&payer, 1))
                #expect(try isQuick(payload, at: counted))
                #expect(try await counted.pay(payload) == nil)
                counted.slow.setDown(false)
                let report = await counted.books.redeemDue(Self.everything, soon: .seconds(60))
                #expect(report.captured == units(4000))

                // A verdict is counted.
                counted.slow.refuse(payer.id, with: Self.reverted)
                #expect(try await counted.pay(.payment(payer.id, asked(&payer, 2))) == nil)
                _ = await counted.books.redeemDue(Self.everything, soon: .seconds(60))
                #expect(
                    metrics.text().contains("farthing_claim_rows_total{outcome=\"refused\",scheme=\"hash-chain\"} 1"))
            }
        }
    }

    // MARK: - Buying

    /// A channel that was opened with a payment of 1,000.
    private func opened(_ salt: String, at counted: Counted) async throws -> HashChainPayer {
        var payer = try counted.shop.channel(salt: salt)
        let funding = try counted.shop.funding(payer.id, with: payer.terms.deposit)
        #expect(try await counted.pay(.open(payer.terms, funding, asked(&payer, 0))) == nil)
        return payer
    }

    private func asked(_ payer: inout HashChainPayer, _ request: UInt64) throws -> UnverifiedHashChainStep {
        let step = try payer.apply(.paymentAsked(ReservationID(request), price: PrepaidShop.price, longest: 100))
        _ = try payer.apply(
            .served(ReservationID(request), charged: PrepaidShop.price, total: units(1000 * UInt128(request + 1))))
        return UnverifiedHashChainStep(try #require(step))
    }

    /// Whether a payment is taken on the quick way.
    private func isQuick(_ payload: Payload, at counted: Counted) throws -> Bool {
        let offer = try #require(counted.desk.offers(for: PrepaidShop.price).first)
        let bytes = PaymentPayload(accepted: offer.json, payload: payload.json).json.bytes
        let familiar = FamiliarTexts()
        familiar.learn(bytes)
        return counted.desk.check(bytes, familiar: familiar, for: offer) != nil
    }

    private func charged(_ payer: HashChainPayer, at counted: Counted) async throws -> Amount? {
        try await counted.books.engine.state(of: payer.id)?.purse.charged
    }
}
