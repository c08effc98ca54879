// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Logging
import Testing

@testable import FarthingAssembly

@Suite("A cap on what is unclaimed in hash chains", .timeLimit(.minutes(1)))
struct PrepaidCapTests {
    private typealias Counted = CountedDesk<HashChainChannel>

    private func asked(_ payer: inout HashChainPayer, _ request: UInt64) throws -> UnverifiedHashChainStep {
        let step = try payer.apply(.paymentAsked(ReservationID(request), price: PrepaidShop.price, longest: 100))
        _ = try payer.apply(
            .served(ReservationID(request), charged: PrepaidShop.price, total: units(1000 * UInt128(request + 1))))
        return UnverifiedHashChainStep(try #require(step))
    }

    /// What pays for the first request on a channel, which opens it.
    private func opening(
        _ payer: inout HashChainPayer, at counted: Counted
    ) throws -> PrepaidPayload<HashChainChannel> {
        let funding = try counted.shop.funding(payer.id, with: payer.terms.deposit)
        return .open(payer.terms, funding, try asked(&payer, 0))
    }

    @Test func `redeems first when the next payment would go over a channel's`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try Counted(shop, caps: UnclaimedCaps(perChannel: units(2500)))
            var payer = try shop.channel()
            #expect(try await counted.pay(opening(&payer, at: counted)) == nil)
            for request in 1..<5 as Range<UInt64> {
                #expect(try await counted.pay(.payment(payer.id, asked(&payer, request))) == nil)
                #expect(counted.unclaimed <= units(2500))
                #expect(counted.slow.ordered.count == Int(request) / 2)
            }
            #expect(counted.reserved == .zero)
            #expect(try await counted.books.engine.state(of: payer.id)?.purse.charged == units(5000))
        }
    }

    @Test(arguments: [UnclaimedCaps(perChannel: units(1500)), UnclaimedCaps(inAll: units(1500))])
    func `puts off a payment while nothing can be redeemed, and charges nothing for it`(
        caps: UnclaimedCaps
    ) async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try Counted(shop, caps: caps)
            var payer = try shop.channel()
            #expect(try await counted.pay(opening(&payer, at: counted)) == nil)
            counted.slow.setDown(true)
            let payload = PrepaidPayload<HashChainChannel>.payment(payer.id, try asked(&payer, 1))
            for _ in 0..<3 {
                #expect(
                    try await counted.admit(payload).deferral
                        == (caps.inAll == nil ? "unclaimed.exceeds-channel-cap" : "unclaimed.exceeds-total-cap"))
            }
            let purse = try await counted.books.engine.state(of: payer.id)?.purse
            #expect(purse?.charged == units(1000) && purse?.reservations == [])
            #expect(counted.reserved == .zero)
            // The same payment is good later.
            counted.slow.setDown(false)
            shop.clock.pass(VoucherCashier.pause)
            #expect(try await counted.pay(payload) == nil)
            #expect(try await counted.books.engine.state(of: payer.id)?.purse.charged == units(2000))
            #expect(counted.unclaimed == units(1000))
        }
    }

    @Test func `holds for a crowd that pays at once on different channels`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try Counted(shop, caps: UnclaimedCaps(inAll: units(3500)))
            var payloads: [PrepaidPayload<HashChainChannel>] = []
            for number in 0..<10 {
                var payer = try shop.channel(salt: "\(number)")
                payloads.append(try opening(&payer, at: counted))
            }
            let admissions = try await withThrowingTaskGroup(of: Admission.self) { group in
                for payload in payloads { group.addTask { try await counted.admit(payload) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // None is charged before all are let in: what is set aside must count.
            let admitted = admissions.compactMap(\.payment)
            #expect(admitted.count == 3)
            #expect(admissions.compactMap(\.deferral) == Array(repeating: "unclaimed.exceeds-total-cap", count: 7))
            #expect(counted.reserved == units(3000))
            for payment in admitted.dropFirst() { #expect(try await payment.charge(PrepaidShop.price).success) }
            await admitted.first?.release()
            #expect(counted.reserved == .zero && counted.unclaimed == units(2000))
        }
    }

    @Test(arguments: [UnclaimedCaps(), UnclaimedCaps(perChannel: units(1500))])
    func `is that of the node, and no payment goes past it on the quick way`(caps: UnclaimedCaps) async throws {
        try await PrepaidShop.open(.hashChain, caps: caps) { shop, _ in
            var payer = try shop.channel()
            guard case .served = try await shop.open(&payer) else {
                Issue.record("not served")
                return
            }
            _ = try payer.apply(.served(ReservationID(0), charged: PrepaidShop.price, total: units(1000)))
            let step = UnverifiedHashChainStep(
                try #require(
                    try payer.apply(.paymentAsked(ReservationID(1), price: PrepaidShop.price, longest: 100))))
            let payload = PrepaidPayload<HashChainChannel>.payment(payer.id, step)
            let bytes = PaymentPayload(accepted: try shop.offer.json, payload: payload.json).json.bytes
            let familiar = FamiliarTexts()
            familiar.learn(bytes)
            let desk = try #require(shop.node.offices.first?.desk)
            let isQuick = desk.check(bytes, familiar: familiar, for: try shop.offer) != nil
            #expect(isQuick == (caps.perChannel == nil))
            guard case .served = try await shop.send(payload) else {
                Issue.record("not served")
                return
            }
            // It was redeemed for, so that there was room.
            let redeemed = try await shop.ledger.contract(HashChainContract.self, of: payer.id)?.state.redeemed.index
            #expect(redeemed == (caps.perChannel == nil ? 0 : 2))
        }
    }

    @Test(arguments: [(PaymentScheme.hashChain, 0), (.merkleToken, 1), (.twoWay, 1), (.lottery, 1)])
    func `is said not to hold where nothing can be redeemed to make room`(
        scheme: PaymentScheme, warnings: Int
    ) async throws {
        let log = LogBook()
        try await PrepaidShop.open(scheme, caps: UnclaimedCaps(inAll: units(1500)), logger: log.logger) { _, _ in }
        #expect(log.count(of: "Caps on what is unclaimed do not hold for all schemes") == warnings)
    }
}
