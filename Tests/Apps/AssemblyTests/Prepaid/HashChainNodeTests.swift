// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A node that takes hash chains")
struct HashChainNodeTests {
    private func served(_ payer: inout HashChainPayer, _ request: UInt64, total: UInt128) throws {
        _ = try payer.apply(
            .served(ReservationID(request), charged: PrepaidShop.price, total: Amount(units: total)))
    }

    @Test func `offers both ways to pay, vouchers first`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let offers = shop.offers
            #expect(offers.map(\.scheme) == ["batch-settlement", "hash-chain"])
            let read = PrepaidOffer(offers[1], token: PrepaidShop.token)
            let domain = try shop.domain
            #expect(read?.domain == domain)
            #expect(read?.receiverAuthorizer == shop.node.books.authorizer)
        }
    }

    @Test func `opens a channel with the first payment, is paid by one hash each, and captures what it earned`()
        async throws
    {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            let first = try await shop.open(&payer)
            #expect(first.state?["charged"] == "1000")
            #expect(first.state?["index"] == "2")
            try served(&payer, 0, total: 1000)
            #expect(try await shop.pay(&payer, request: 1).state?["charged"] == "2000")
            try served(&payer, 1, total: 2000)
            let reports = await shop.node.redeemAll()
            #expect(reports.first?.report.captured == Amount(units: 2000))
            #expect(reports.first?.report.failures == [])
            let balance = try await shop.ledger.balance(
                of: shop.node.configuration.payTo, token: PrepaidShop.token.address)
            #expect(balance == Amount(units: 2000))
            #expect(try await shop.pay(&payer, request: 2).state?["redeemed"] == "4")
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `charges nothing for a request that failed, and takes its payment for the next`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            try served(&payer, 0, total: 1000)
            _ = try await shop.pay(&payer, request: 1, fails: true)
            _ = try payer.apply(.notServed(ReservationID(1)))
            let step = payer.revealed
            #expect(try await shop.pay(&payer, request: 2).state?["charged"] == "2000")
            #expect(payer.revealed == step, "no more was revealed for it")
        }
    }

    @Test func `goes on after a restart with what was paid, charged and captured`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, reopen in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            try served(&payer, 0, total: 1000)
            let next = try await reopen()
            #expect(await next.node.redeemAll().first?.report.captured == Amount(units: 1000))
            #expect(try await next.pay(&payer, request: 1).state?["charged"] == "2000")
            #expect(await next.node.redeemAll().first?.report.captured == Amount(units: 1000))
            #expect(try await next.ledger.audit().faults == [])
        }
    }

    @Test func `tells a payer whose books are behind what it charged`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            // The answer is lost, and the payer believes that the step was not used.
            _ = try payer.apply(.unanswered(ReservationID(0)))
            let refused = try await shop.pay(&payer, request: 1)
            #expect(refused.code == "invalid_hash_chain_insufficient")
            guard case .refused(_, let correction?) = refused else { return }
            #expect(correction["charged"] == "1000")
            _ = try payer.apply(.corrected(ReservationID(1), charged: Amount(units: 1000), revealed: 2))
            #expect(try await shop.pay(&payer, request: 2).state?["charged"] == "2000")
        }
    }

    @Test func `gives the rest back when it is asked, and takes nothing more`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            try served(&payer, 0, total: 1000)
            let before = try await shop.ledger.balance(of: shop.buyer.address, token: PrepaidShop.token.address)
            let closed = try await shop.send(
                PrepaidPayload<HashChainChannel>.close(payer.id, UnverifiedHashChainStep(payer.revealed)))
            guard case .other(200, let body?) = closed else {
                Issue.record("\(closed)")
                return
            }
            #expect(body["channelId"]?.stringValue == "\(payer.id)")
            let after = try await shop.ledger.balance(of: shop.buyer.address, token: PrepaidShop.token.address)
            #expect(after.units - before.units == 4000)
            #expect(try await shop.pay(&payer, request: 1).code == "invalid_hash_chain_channel_not_open")
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `captures before the payer may take its money back, whatever the schedule says`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            shop.clock.pass(86_400 - 500)
            #expect(await shop.node.redeemDue().first?.report.captured == Amount(units: 1000))
            shop.clock.pass(1000)
            let receipt = try await shop.ledger.carryOut(.reclaim, on: payer.id, under: HashChainContract.self)
            #expect(receipt.payouts.map(\.amount) == [Amount(units: 4000)])
            try await shop.node.catchUp()
            #expect(try await shop.pay(&payer, request: 1).code == "invalid_hash_chain_channel_not_open")
        }
    }

    // MARK: - Attacks and bad input

    @Test func `serves fifty copies of a payment once`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            try served(&payer, 0, total: 1000)
            let asked = try payer.apply(.paymentAsked(ReservationID(1), price: PrepaidShop.price, longest: 10))
            let step = try #require(asked)
            let payload = PrepaidPayload<HashChainChannel>.payment(payer.id, UnverifiedHashChainStep(step))
            let count = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<50 { group.addTask { try await shop.send(payload).state != nil } }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(count == 1)
            #expect(await shop.node.redeemAll().first?.report.captured == Amount(units: 2000))
        }
    }

    @Test func `serves nothing on a channel that nobody funded, or somebody else's money`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            #expect(try await shop.pay(&payer, request: 1).code == "invalid_prepaid_channel_not_found")
            guard let key = PrivateKey([UInt8](repeating: 0x66, count: 32)) else { return }
            let thief = KeySigner(key)
            let stolen = try shop.funding(payer.id, with: payer.terms.deposit, by: thief)
            let answer = try await shop.send(
                PrepaidPayload<HashChainChannel>.open(payer.terms, stolen, UnverifiedHashChainStep(payer.revealed)))
            #expect(answer.code == "invalid_prepaid_deposit")
        }
    }

    @Test func `closes nothing for a stranger who shows what the ledger knows`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            let anchor = payer.revealed
            _ = try await shop.open(&payer)
            try served(&payer, 0, total: 1000)
            func close(_ step: HashChainStep) async throws -> PrepaidShop.Answer {
                try await shop.send(PrepaidPayload<HashChainChannel>.close(payer.id, UnverifiedHashChainStep(step)))
            }
            #expect(try await close(anchor).code == "invalid_hash_chain_close_unproven")
            _ = await shop.node.redeemAll()
            #expect(try await close(payer.revealed).code == "invalid_hash_chain_close_unproven")
            #expect(try await shop.ledger.contract(HashChainContract.self, of: payer.id)?.state.phase == .open)
            let step = try #require(try payer.apply(.closeAsked))
            guard case .other(200, _) = try await close(step) else {
                Issue.record("the payer itself cannot close")
                return
            }
            #expect(try await shop.ledger.contract(HashChainContract.self, of: payer.id)?.state.phase == .closed)
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `takes no channel on other terms than it offers`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            for change in [
                { $0.receiver = $0.payer }, { $0.receiverAuthorizer = $0.payer }, { $0.token = $0.payer },
                { $0.stepAmount = Amount(units: 0) },
            ] as [(inout HashChainTerms) -> Void] {
                let payer = try shop.channel(change: change)
                let answer = try await shop.send(
                    PrepaidPayload<HashChainChannel>.open(
                        payer.terms, try shop.funding(payer.id, with: payer.terms.deposit),
                        UnverifiedHashChainStep(payer.revealed)))
                #expect(answer.code == "invalid_prepaid_terms")
            }
        }
    }

    @Test(
        arguments: [
            (["type": "payment"], "invalid_prepaid_payload"),
            (["type": "gift"], "invalid_prepaid_payload"),
            (
                ["type": "gift", "payment": ["index": "1", "step": .string(Hash32.zero.hex)]],
                "invalid_prepaid_payload_type"
            ),
            ([:], "invalid_prepaid_payload"),
            ([], "invalid_payload"),
            (
                ["type": "payment", "channelId": "0x12", "payment": ["index": "1", "step": .string(Hash32.zero.hex)]],
                "invalid_prepaid_payload"
            ),
            (
                [
                    "type": "payment", "channelId": .string(Hash32.zero.hex),
                    "payment": ["index": "4294967296", "step": .string(Hash32.zero.hex)],
                ], "invalid_prepaid_payload"
            ),
            (
                [
                    "type": "payment", "channelId": .string(Hash32.zero.hex),
                    "payment": ["index": "-1", "step": .string(Hash32.zero.hex)],
                ], "invalid_prepaid_payload"
            ),
            (
                [
                    "type": "payment", "channelId": .string(Hash32.zero.hex),
                    "payment": ["index": "1", "step": .string(Hash32.zero.hex)],
                ], "invalid_prepaid_channel_not_found"
            ),
            (
                [
                    "type": "open", "terms": ["payer": 7], "payment": ["index": "1", "step": .string(Hash32.zero.hex)],
                ], "invalid_prepaid_payload"
            ),
        ] as [(JSON, String)])
    func `refuses what it cannot read, with a code`(payload: JSON, code: String) async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let answer = try await shop.send(payload)
            #expect(answer.code == code)
        }
    }

    @Test func `refuses steps that are not on the chain, or too far away`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel(steps: 1900)
            _ = try await shop.open(&payer)
            for (index, code) in [
                (3, "invalid_hash_chain_foreign_step"), (1500, "invalid_hash_chain_stride_too_long"),
                (2000, "invalid_hash_chain_step_beyond_end"),
            ] as [(UInt32, String)] {
                let step = HashChainStep(index: index, value: Keccak256.hash(utf8: "anything"))
                let answer = try await shop.send(
                    PrepaidPayload<HashChainChannel>.payment(payer.id, UnverifiedHashChainStep(step)))
                #expect(answer.code == code)
            }
        }
    }
}
