// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingPeerPayments
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("Payments that come in one frame")
struct PaymentsTogetherTests {
    /// A step in a frame, and whether it must be taken at once.
    private struct Sent {
        let step: HashChainStep
        var channel: ChannelID?
        let isTaken: Bool
    }

    @Test func `share a commit where one channel pays for them`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let payer = try await known(shop, salt: "one")
            let before = shop.node.store.statistics.commits
            let outcomes = try await take(
                try (5...12).map { Sent(step: try payer.step($0 * 2), isTaken: true) }, of: payer, at: shop)
            #expect(outcomes.allSatisfy { if case .paid = $0 { true } else { false } })
            #expect(shop.node.store.statistics.commits == before + 1)
            #expect(await shop.node.redeemAll().first?.report.captured == Amount(units: 12_000))
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `are taken or not each by itself, whatever stands next to them`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let payer = try await known(shop, salt: "one")
            let other = try await known(shop, salt: "two")
            let outcomes = try await take(
                [
                    Sent(step: try payer.step(10), isTaken: true),
                    // Not on the chain, the last one again, another channel's, and one's own on another channel.
                    Sent(step: HashChainStep(index: 12, value: .zero), isTaken: false),
                    Sent(step: try payer.step(10), isTaken: false),
                    Sent(step: try other.step(12), isTaken: false),
                    Sent(step: try payer.step(12), channel: other.id, isTaken: false),
                    Sent(step: try other.step(10), channel: other.id, isTaken: true),
                    Sent(step: try payer.step(12), isTaken: true),
                ], of: payer, at: shop)
            #expect(outcomes.count == 7)
            #expect(await shop.node.redeemAll().first?.report.captured == Amount(units: 11_000))
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `are left to the full way where their answer does not go into one part`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let payer = try await known(shop, salt: "one")
            let fitting = String(repeating: "x", count: PeerLimits.bodyPart)
            _ = try await take([Sent(step: try payer.step(10), isTaken: true)], answering: fitting, of: payer, at: shop)
            let long = fitting + "x"
            _ = try await take([Sent(step: try payer.step(12), isTaken: false)], answering: long, of: payer, at: shop)
            #expect(await shop.node.redeemAll().first?.report.captured == Amount(units: 5_000))
        }
    }

    /// A payer of thirty steps of half the price, of which eight are spent, so that it is no stranger any more.
    private func known(_ shop: PrepaidShop, salt: String) async throws -> HashChainPayer {
        var payer = try shop.channel(steps: 30, salt: salt)
        _ = try await shop.open(&payer)
        for request in 1...3 as ClosedRange<UInt64> {
            let total = Amount(units: 1000 * UInt128(request))
            _ = try payer.apply(.served(ReservationID(request - 1), charged: PrepaidShop.price, total: total))
            _ = try await shop.pay(&payer, request: request)
        }
        return payer
    }

    private func take(
        _ sent: [Sent], answering text: String = "here", of payer: HashChainPayer, at shop: PrepaidShop
    ) async throws -> [PromptOutcome] {
        let counter = PromptPeerCounter(gate: shop.node.gate) { _ in .text(text) }
        let accepted = try shop.offer.json
        let payments = sent.map { sent in
            let payload = PrepaidPayload<HashChainChannel>.payment(
                sent.channel ?? payer.id, UnverifiedHashChainStep(sent.step))
            return PeerPayment(
                PeerRequest(
                    target: "/thing", payment: PaymentPayload(accepted: accepted, payload: payload.json).json.bytes))
        }
        let (answers, answer) = AsyncStream.makeStream(of: (place: Int, outcome: PromptOutcome).self)
        counter.take(payments) { answer.yield(($0, $1)) }
        var outcomes: [Int: PromptOutcome] = [:]
        for await (place, outcome) in answers.prefix(payments.count) {
            #expect(outcomes.updateValue(outcome, forKey: place) == nil)
            #expect((outcome != .declined) == sent[place].isTaken, "payment \(place)")
        }
        return payments.indices.compactMap { outcomes[$0] }
    }
}

extension HashChainPayer {
    /// Any step of the chain.
    fileprivate func step(_ index: Int) throws -> HashChainStep {
        var chain = traversal
        let step = chain.advance(by: UInt32(index) - chain.current.index)
        return try #require(step)
    }
}
