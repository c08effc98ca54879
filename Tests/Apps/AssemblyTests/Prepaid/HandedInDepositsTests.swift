// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("Deposits that a payee hands in at its own cost")
struct HandedInDepositsTests {
    private func opening(
        _ payer: HashChainPayer, _ step: HashChainStep, at shop: PrepaidShop
    ) throws -> PrepaidPayload<HashChainChannel> {
        .open(payer.terms, try shop.funding(payer.id, with: payer.terms.deposit), UnverifiedHashChainStep(step))
    }

    private func asked(_ payer: inout HashChainPayer) throws -> HashChainStep {
        try #require(try payer.apply(.paymentAsked(ReservationID(0), price: PrepaidShop.price, longest: 100)))
    }

    @Test func `are not handed in for a payment that is none`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counter = try CountedDesk<HashChainChannel>(shop)
            var payer = try shop.channel()
            let anchor = payer.revealed
            #expect(try await counter.pay(opening(payer, anchor, at: shop)) == "invalid_hash_chain_insufficient")
            let forged = HashChainStep(index: 2, value: .zero)
            #expect(try await counter.pay(opening(payer, forged, at: shop)) == "invalid_hash_chain_foreign_step")
            #expect(counter.slow.funded == 0)
            let step = try asked(&payer)
            #expect(try await counter.pay(opening(payer, step, at: shop)) == nil)
            #expect(counter.slow.funded == 1)
            // The answer was lost: the payer sends the same again, and learns that it was charged.
            #expect(try await counter.pay(opening(payer, step, at: shop)) == "invalid_hash_chain_insufficient")
            #expect(counter.slow.funded == 1)
        }
    }

    @Test func `are not handed in for a seat that the payer did not sign`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            let counter = try CountedDesk<LotteryChannel>(shop)
            var payer = try shop.lottery()
            let funding = try shop.funding(payer.id, with: payer.terms.opening)
            let forged = UnverifiedLotteryPayment.seat(shop.buyer.signNow(.zero))
            #expect(try await counter.pay(.open(payer.terms, funding, forged)) == "invalid_lottery_seat_signature")
            #expect(counter.slow.funded == 0)
            let seat = try shop.asked(&payer, 0)
            #expect(try await counter.pay(.open(payer.terms, funding, seat)) == "invalid_lottery_commitment")
            #expect(counter.slow.funded == 1)
            // Nor is one unit after the other, which brings nothing to pay with.
            let drop = try shop.funding(payer.id, with: Amount(units: 1))
            #expect(try await counter.pay(.open(payer.terms, drop, seat)) == "invalid_lottery_commitment")
            #expect(counter.slow.funded == 1)
        }
    }

    @Test func `have a least amount, which the offer tells`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counter = try CountedDesk<HashChainChannel>(shop, DepositRules())
            let offer = try #require(counter.desk.offers(for: PrepaidShop.price).first)
            #expect(offer.extra["minDeposit"] == "10000")
            let told = PrepaidOffer(offer, token: PrepaidShop.token)
            #expect(told?.minimumDeposit == Amount(units: 10_000))
            var small = try shop.channel(steps: 19)
            let code = try await counter.pay(opening(small, asked(&small), at: shop))
            #expect(code == "invalid_prepaid_deposit_below_minimum")
            #expect(counter.slow.funded == 0)
            var large = try shop.channel(steps: 20)
            #expect(try await counter.pay(opening(large, asked(&large), at: shop)) == nil)
            // Where nothing is asked, nothing is told.
            #expect(try shop.offer.extra["minDeposit"] == nil)
        }
    }

    @Test func `are handed in for one payer so often, and for tokens without a payment too`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counter = try CountedDesk<HashChainChannel>(shop, DepositRules(minimum: Amount(units: 1), perHour: 3))
            func connect(_ number: Int) async throws -> String? {
                try await Self.connect(counter, number, deposit: number)
            }
            for number in 1...3 { #expect(try await connect(number) == nil) }
            #expect(try await connect(4) == "invalid_prepaid_deposits_too_often")
            #expect(try await connect(1) == nil, "the same once more is not another one")
            shop.clock.pass(3600)
            #expect(try await connect(4) == nil)
        }
    }

    @Test func `are told apart by more than their salts`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counter = try CountedDesk<HashChainChannel>(shop, DepositRules(minimum: Amount(units: 1), perHour: 1))
            #expect(try await Self.connect(counter, 1, deposit: 0) == nil)
            // A payer that gives all of them one salt has them handed in no more often.
            let code = try await Self.connect(counter, 2, deposit: 0)
            #expect(code == "invalid_prepaid_deposits_too_often")
            #expect(counter.slow.funded == 1)
        }
    }

    /// Asks for a channel of its own to be opened, with a deposit's salt.
    private static func connect(
        _ counter: CountedDesk<HashChainChannel>, _ number: Int, deposit: Int
    ) async throws -> String? {
        let shop = counter.shop
        let payer = try shop.channel(steps: 20, salt: "salt \(number)")
        var funding = try shop.funding(payer.id, with: payer.terms.deposit)
        // Each deposit of a wallet has a salt of its own.
        funding.authorization.salt = Keccak256.hash(utf8: "deposit \(deposit)")
        let digest = try shop.domain.depositDigest(funding, of: payer.id, token: PrepaidShop.token.domain)
        funding.authorization.signature = shop.buyer.signNow(digest)
        do {
            _ = try await counter.desk.connect(
                terms: HashChainChannel.json(of: payer.terms), funding: funding.json, price: PrepaidShop.price)
        } catch let fault as PrepaidFault { return fault.code }
        return nil
    }

    @Test func `count for nobody in whose name somebody else tries`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counter = try CountedDesk<HashChainChannel>(shop, DepositRules(minimum: Amount(units: 1), perHour: 1))
            guard let key = PrivateKey([UInt8](repeating: 0x66, count: 32)) else { return }
            let thief = KeySigner(key)
            var payer = try shop.channel(steps: 20)
            let step = try asked(&payer)
            let stolen = try shop.funding(payer.id, with: payer.terms.deposit, by: thief)
            for _ in 0..<3 {
                let code = try await counter.pay(.open(payer.terms, stolen, UnverifiedHashChainStep(step)))
                #expect(code == "invalid_prepaid_deposit")
            }
            #expect(try await counter.pay(opening(payer, step, at: shop)) == nil)
        }
    }

    @Test func `count again when the contract would not have them, since to try costs again`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let payer = try shop.channel(steps: 20)
            let funding = try shop.funding(payer.id, with: payer.terms.deposit)
            let deposits = HandedInDeposits(DepositRules(perHour: 2))
            func begin() throws -> Bool { try deposits.begin(funding, price: PrepaidShop.price, at: shop.clock.now) }
            #expect(try begin())
            #expect(try !begin(), "it may be on its way")
            deposits.failed(funding)
            #expect(try begin())
            deposits.failed(funding)
            #expect(throws: PrepaidFault.depositsTooOften(payer: shop.buyer.address, perHour: 2)) { try begin() }
        }
    }
}
