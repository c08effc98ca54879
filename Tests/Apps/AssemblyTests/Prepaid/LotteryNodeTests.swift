// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A node that takes lottery tickets")
struct LotteryNodeTests {
    private func earned(_ shop: PrepaidShop) async throws -> Amount {
        try await shop.ledger.balance(of: shop.node.configuration.payTo, token: PrepaidShop.token.address)
    }

    /// Waits until what tickets have won was paid.
    private func settled(_ shop: PrepaidShop, _ payer: LotteryPayer) async throws {
        // Winners are redeemed beside the requests, one after the other; until all are, both sums move.
        for _ in 0..<500 {
            try await shop.node.catchUp()
            if try await shop.node.books.store.pendingEffects(after: nil, limit: 1).isEmpty { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        let office = try #require(shop.node.offices.first)
        #expect(try await office.sums().captured == shop.paid(payer))
    }

    @Test func `takes a seat first, then tickets, and is paid for those that win when they come`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            var payer = try shop.lottery()
            #expect(try await shop.open(&payer).code == "invalid_lottery_commitment", "now the payer knows it")
            for request in 1...64 as ClosedRange<UInt64> {
                let answer = try await shop.pay(&payer, request: request)
                #expect(answer.state?["charged"]?.stringValue == "\(1000 * request)")
            }
            try await settled(shop, payer)
            let paid = try await shop.paid(payer)
            // Each wins 2,000 or nothing; all the same but once in 2^63 series.
            #expect(paid > .zero && paid < Amount(units: 128_000) && paid.units.isMultiple(of: 2000))
            #expect(try await earned(shop) == paid)
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `charges nothing for a request that failed, and takes its ticket for the next`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            var payer = try shop.lottery()
            _ = try await shop.open(&payer)
            _ = try await shop.pay(&payer, request: 1)
            _ = try await shop.pay(&payer, request: 2, fails: true)
            _ = try payer.apply(.notServed(ReservationID(2)))
            // The ticket was taken, and what it was worth lies ahead.
            let answer = try await shop.pay(&payer, request: 3)
            #expect(answer.state?["charged"] == "2000" || answer.code != nil)
            let next = answer.state == nil ? try await shop.pay(&payer, request: 4) : answer
            #expect(next.state?["charged"] == "2000")
        }
    }

    @Test func `goes on after a restart with the secret that it promised`() async throws {
        try await PrepaidShop.open(.lottery) { shop, reopen in
            var payer = try shop.lottery()
            _ = try await shop.open(&payer)
            for request in 1...8 as ClosedRange<UInt64> { _ = try await shop.pay(&payer, request: request) }
            let next = try await reopen()
            for request in 9...16 as ClosedRange<UInt64> {
                let answer = try await next.pay(&payer, request: request)
                #expect(answer.state?["charged"]?.stringValue == "\(1000 * request)")
            }
            try await settled(next, payer)
            #expect(try await earned(next) == next.paid(payer))
            #expect(try await next.ledger.audit().faults == [])
        }
    }

    @Test func `gives nothing back before the end, and the payer has the rest after it`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            var payer = try shop.lottery()
            _ = try await shop.open(&payer)
            for request in 1...8 as ClosedRange<UInt64> { _ = try await shop.pay(&payer, request: request) }
            let last = try shop.asked(&payer, 9)
            try shop.told(&payer, 9, try await shop.send(PrepaidPayload<LotteryChannel>.payment(payer.id, last)))
            let ticket = try shop.asked(&payer, 10)
            // The last ticket pays for nothing any more, but a better one would not help.
            for shown in [last, ticket] {
                #expect(
                    try await shop.send(PrepaidPayload<LotteryChannel>.close(payer.id, shown)).code
                        == "invalid_lottery_no_close")
            }
            try await settled(shop, payer)
            shop.clock.pass(86_401)
            let receipt = try await shop.ledger.carryOut(.reclaim, on: payer.id, under: LotteryContract.self)
            let paid = try await earned(shop)
            #expect(receipt.payouts.map(\.amount.units) == [800_000 - paid.units])
            try await shop.node.catchUp()
            #expect(
                try await shop.send(PrepaidPayload<LotteryChannel>.payment(payer.id, ticket)).code
                    == "invalid_lottery_channel_not_open")
        }
    }

    @Test func `tells nobody of a former payee's books, and has its winners paid`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            var payer = try shop.lottery()
            let opening = PrepaidPayload<LotteryChannel>.open(
                payer.terms, try shop.funding(payer.id, with: payer.terms.opening), try shop.asked(&payer, 0))
            try shop.told(&payer, 0, try await shop.send(opening))
            for request in 1...8 as ClosedRange<UInt64> { _ = try await shop.pay(&payer, request: request) }
            let next = Address(Keccak256.hash(utf8: "next").bytes.suffix(20)) ?? .zero
            let made = PrepaidBooks<LotteryChannel>(
                store: shop.node.books.store, settlement: try shop.ledger, payee: next,
                authorizer: shop.node.books.signer, logger: shop.node.logger,
                clock: { [clock = shop.clock] in clock.now })
            let books = try #require(made)
            let authorizer = shop.node.books.authorizer
            let desk = PrepaidDesk(
                books: books,
                offer: PrepaidOffer(
                    receiver: next, receiverAuthorizer: authorizer, token: PrepaidShop.token, domain: books.domain))
            let wanted = try #require(desk.offers(for: PrepaidShop.price).first)
            let seat = UnverifiedLotteryPayment.seat(
                shop.buyer.signNow(
                    LotterySeat.digest(for: next, authorizer: authorizer, of: payer.id, in: books.domain)))
            let payloads: [PrepaidPayload<LotteryChannel>] = [
                opening, .payment(payer.id, seat), .state(payer.id, seat), .close(payer.id, seat),
            ]
            for payload in payloads {
                let payment = PaymentPayload(accepted: wanted.json, payload: payload.json)
                guard case .refused(let refusal) = try await desk.admit(payment, for: wanted) else {
                    Issue.record("It was not refused: \(payload.json)")
                    continue
                }
                #expect(refusal.code == "invalid_prepaid_terms")
                #expect(refusal.correction == nil)
            }
            // The books of before go on with what has won.
            try await settled(shop, payer)
            #expect(try await earned(shop) == shop.paid(payer))
        }
    }

    // MARK: - Attacks and bad input

    @Test func `serves fifty copies of a ticket once`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            var payer = try shop.lottery()
            _ = try await shop.open(&payer)
            let payload = PrepaidPayload<LotteryChannel>.payment(payer.id, try shop.asked(&payer, 1))
            let count = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<50 { group.addTask { try await shop.send(payload).state != nil } }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(count == 1)
            try await settled(shop, payer)
            #expect(try await shop.paid(payer).units <= 2000)
        }
    }

    @Test func `takes no ticket that was drawn with another secret, is forged, or pays more than the seat has`()
        async throws
    {
        try await PrepaidShop.open(.lottery) { shop, _ in
            var payer = try shop.lottery()
            _ = try await shop.open(&payer)
            guard case .ticket(let good, _) = try shop.asked(&payer, 1) else {
                Issue.record("no ticket")
                return
            }
            func sent(_ change: (inout LotteryTicket) -> Void, forged: Bool = false) async throws -> String? {
                var ticket = good
                change(&ticket)
                let digest = forged ? Hash32.zero : ticket.digest(for: payer.id, in: try shop.domain)
                return try await shop.send(
                    PrepaidPayload<LotteryChannel>.payment(payer.id, .ticket(ticket, shop.buyer.signNow(digest)))
                ).code
            }
            #expect(try await sent { $0.commitment = .zero } == "invalid_lottery_commitment")
            #expect(try await sent { $0.payee = shop.buyer.address } == "invalid_lottery_foreign_payee")
            #expect(try await sent { $0.faceValue = Amount(units: 100_001) } == "invalid_lottery_face_value")
            #expect(try await sent { $0.threshold = 1 } == "invalid_lottery_worthless")
            #expect(try await sent { $0.expiry = .max } == "invalid_lottery_outlives_channel")
            #expect(try await sent({ _ in }, forged: true) == "invalid_lottery_ticket_signature")
            #expect(try await sent { _ in } == nil, "nothing of it changed a thing")
        }
    }

    @Test func `takes no seat that somebody else signed, or that names another authorizer`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            var payer = try shop.lottery()
            _ = try await shop.open(&payer)
            let other = try shop.lottery { $0.salt = .zero }
            let stolen = LotterySeat.digest(
                for: other.payee, authorizer: shop.buyer.address, of: other.id, in: try shop.domain)
            let answer = try await shop.send(
                PrepaidPayload<LotteryChannel>.open(
                    other.terms, try shop.funding(other.id, with: Amount(units: 1)), .seat(shop.buyer.signNow(stolen))))
            #expect(answer.code == "invalid_prepaid_deposit")
        }
    }
}
