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

@Suite("A server that lets payers sign ahead and lies", .timeLimit(.minutes(2)))
struct BurstLieTests {
    /// A 402 that lets payers sign ahead.
    private static func demand(
        by mallory: Mallory, maximum: JSON = 8, window: JSON = "100000", error: String = "payment required",
        extra: JSON = [:]
    ) -> Mallory.Answer {
        let required = PaymentRequired(
            error: error, resource: .init(url: mallory.url), accepts: [mallory.offer(minimum: 100_000, extra: extra)],
            extensions: ["sign-ahead": ["info": ["maximum": maximum, "window": window]]])
        return Mallory.Answer(status: 402, headers: [("PAYMENT-REQUIRED", Base64.encode(required.json.bytes))])
    }

    /// Serves the first payment, as an honest payee would, and does something else to all others.
    private static func afterTheFirst(_ trick: @escaping Mallory.Trick) -> Mallory.Trick {
        { mallory, visit in
            guard let payload = visit.payload else { return demand(by: mallory) }
            if case .deposit(let terms, _, let deposit) = payload {
                try await mallory.lock(deposit, under: terms)
                return mallory.serve(visit)
            }
            return try await trick(mallory, visit)
        }
    }

    private static func burst(_ attack: Attack, _ count: Int = 12) async throws -> [String] {
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<count { group.addTask { try await attack.pay() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// What eight in flight come to, and the first.
    private static let most: Amount = 9000

    @Test func `takes what was in flight by saying nothing, and no more however often`() async throws {
        let trick = Self.afterTheFirst { _, _ in Mallory.Answer() }
        try await Attack.run(most: Self.most, by: trick) { attack async throws in
            #expect(try await attack.pay() == "200")
            for _ in 0..<3 { _ = try await Self.burst(attack) }
            #expect(try await attack.channel().books.authorised <= Self.most)
            #expect(try await attack.channel().books.charged == 1000)
        }
    }

    @Test func `is not paid again after it overcharged one of many`() async throws {
        let trick = Self.afterTheFirst { mallory, visit in
            mallory.serve(visit, charged: visit.payments == 4 ? "1001" : "1000")
        }
        try await Attack.run(most: 13_000, by: trick) { attack async throws in
            #expect(try await attack.pay() == "200")
            let codes = try await Self.burst(attack)
            #expect(codes.filter { $0 == "payer.overcharged" }.count == 1)
            #expect(try await attack.pay() == "payer.suspended")
            let books = try await attack.channel().books
            #expect(books.misconduct == .overcharged(charged: 1001, price: 1000))
            #expect(books.phase == .idle)
        }
    }

    @Test func `gains nothing by books that it shows while others are in flight`() async throws {
        let trick = Self.afterTheFirst { mallory, visit in
            guard let payload = visit.payload else { return Mallory.Answer() }
            let extra: JSON = [
                "channelState": [
                    "channelId": .string("\(payload.voucher.channel)"), "balance": "100000", "totalClaimed": "0",
                    "withdrawRequestedAt": 0, "refundNonce": "0", "chargedCumulativeAmount": "90000",
                ],
                "voucherState": [
                    "signedMaxClaimable": .string("\(payload.voucher.ceiling)"),
                    "signature": .string(Hex.encode(payload.voucher.signature)),
                ],
            ]
            return Self.demand(by: mallory, error: "cumulative_amount_mismatch", extra: extra)
        }
        try await Attack.run(most: Self.most, by: trick) { attack async throws in
            #expect(try await attack.pay() == "200")
            let codes = try await Self.burst(attack)
            #expect(codes.allSatisfy { $0 != "200" }, "\(codes)")
            #expect(try await attack.channel().books.charged == 1000)
        }
    }

    @Test(arguments: [(8, "0"), (8, "-1"), (8, 5), (0, "100000"), (257, "100000"), ("8", "100000")] as [(JSON, JSON)])
    func `gets one after the other signed where it offers nonsense`(maximum: JSON, window: JSON) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            guard let payload = visit.payload else {
                return Self.demand(by: mallory, maximum: maximum, window: window)
            }
            guard case .deposit(let terms, _, let deposit) = payload else { return Mallory.Answer() }
            try await mallory.lock(deposit, under: terms)
            return mallory.serve(visit)
        }
        try await Attack.run(most: 2000, by: trick) { attack async throws in
            #expect(try await attack.pay() == "200")
            _ = try await Self.burst(attack)
        }
    }
}
