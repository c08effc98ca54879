// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import FarthingX402
import Testing

@Suite("A server that changes its offers", .timeLimit(.minutes(2)))
struct OfferLieTests {
    @Test func `cannot raise the price after it was agreed`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            mallory.demand(visit.payload == nil ? mallory.offer(1000) : mallory.offer(9000))
        }
        try await Attack.run(by: trick) { attack async throws in
            #expect(try await attack.pay() == "payment.price-raised")
            #expect(attack.mallory.payments == 1)
        }
    }

    @Test func `cannot change the receiver after the offer`() async throws {
        let other = PrivateKey.random().address
        let trick: Mallory.Trick = { mallory, visit in
            mallory.demand(visit.payload == nil ? mallory.offer() : mallory.offer(payTo: other))
        }
        try await Attack.run(by: trick) { attack async throws in
            #expect(try await attack.pay() == "payment.receiver-changed")
            #expect(attack.mallory.payments == 1)
        }
    }

    @Test func `cannot change the receiver that was paid before`() async throws {
        let other = PrivateKey.random().address
        let trick: Mallory.Trick = { mallory, visit in
            guard visit.payload != nil else { return mallory.demand(mallory.offer()) }
            return visit.payments == 1 ? mallory.serve(visit) : mallory.demand(mallory.offer(payTo: other))
        }
        try await Attack.run(most: 2000, by: trick) { attack async throws in
            #expect(try await attack.pay() == "200")
            #expect(try await attack.pay() == "payment.receiver-changed")
            #expect(attack.mallory.payments == 2)
        }
    }

    @Test(arguments: [true, false])
    func `gets no larger deposits by asking`(readsLedger: Bool) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            let minimum = UInt64(10_000 << min(visit.number, 30))
            guard let payload = visit.payload else { return mallory.demand(mallory.offer(minimum: minimum)) }
            // She locks it, and says that she did not.
            if case .deposit(let terms, _, let deposit) = payload { try? await mallory.lock(deposit, under: terms) }
            return mallory.demand(
                mallory.offer(
                    minimum: minimum,
                    extra: [
                        "channelState": [
                            "channelId": .string("\(payload.voucher.channel)"), "balance": "0", "totalClaimed": "0",
                            "chargedCumulativeAmount": "0",
                        ]
                    ]), error: "invalid_batch_settlement_evm_cumulative_exceeds_balance")
        }
        try await Attack.run(readsLedger: readsLedger, by: trick) { attack async throws in
            for _ in 0..<12 { try await attack.pay() }
            // No more than the policy lets lie in one channel, however often she asks.
            #expect(attack.mallory.authorisedDeposits <= 1_000_000)
            let held = try await attack.market.ledger.snapshot(of: try await attack.channel().id)?.balance ?? .zero
            #expect(held <= 1_000_000)
        }
    }

    @Test func `cannot go on with ever new offers`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            mallory.demand(mallory.offer(UInt64(500 + visit.number)))
        }
        try await Attack.run(by: trick) { attack async throws in
            #expect(try await attack.pay() == "payment.price-raised")
            #expect(attack.mallory.visits == 2)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: String
        let offer: @Sendable (Mallory) -> PaymentRequirements
    }

    static let unpayable: [Case] = [
        Case(testDescription: "no delay at all", code: "payment.offer-incomplete") {
            $0.offer(extra: ["withdrawDelay": 0])
        },
        Case(testDescription: "ten years of delay", code: "payment.offer-incomplete") {
            $0.offer(extra: ["withdrawDelay": 315_360_000])
        },
        Case(testDescription: "a negative delay", code: "payment.offer-incomplete") {
            $0.offer(extra: ["withdrawDelay": -900])
        },
        Case(testDescription: "no authorizer", code: "payment.offer-incomplete") {
            $0.offer(extra: ["receiverAuthorizer": .string(Address.zero.checksummed)])
        },
        Case(testDescription: "an unknown way to deposit", code: "payment.offer-incomplete") {
            $0.offer(extra: ["assetTransferMethod": "barter"])
        },
        Case(testDescription: "another token", code: "policy.token") { $0.offer(asset: $0.receiver.address) },
        Case(testDescription: "a network that is denied", code: "policy.network") {
            $0.offer(network: Network(evm: 1))
        },
        Case(testDescription: "a price above the limit", code: "policy.per-request") { $0.offer(100_001) },
    ]

    @Test(arguments: unpayable)
    func `is not paid for what cannot or must not be paid`(offer: Case) async throws {
        var policy = SpendingPolicy.standard
        policy.networks.denied = [Network(evm: 1)]
        let trick: Mallory.Trick = { mallory, _ in
            mallory.demand(offer.offer(mallory))
        }
        try await Attack.run(most: 0, policy: policy, by: trick) { attack async throws in
            #expect(try await attack.pay() == offer.code)
            #expect(attack.mallory.payments == 0)
        }
    }

    @Test func `gets nothing for a token that it calls by another name`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            visit.payload == nil ? mallory.demand(mallory.offer(extra: ["name": "Gold"])) : mallory.serve(visit)
        }
        try await Attack.run(most: 0, by: trick) { attack async throws in
            // The deposit is signed for a token that does not exist.
            let code = try await attack.pay()
            #expect(code == "200")
        }
    }

    @Test func `is not paid in the clear, unless it is on this machine`() async throws {
        let trick: Mallory.Trick = { mallory, _ in
            mallory.demand(mallory.offer())
        }
        try await Attack.run(most: 0, by: trick) { attack async throws in
            let json = attack.mallory.offer().json
            let offer = try #require(Offer(json: json))
            let resource = try RequestedResource(method: "GET", url: "http://api.example.com/gold")
            for desk in attack.wallet.desks {
                switch desk.appraise(offer, for: resource) {
                case .objection(let objection): #expect(objection.code == "policy.not-encrypted")
                case .unknown: break
                case .payable: Issue.record("it would be paid in the clear")
                }
            }
        }
    }
}
