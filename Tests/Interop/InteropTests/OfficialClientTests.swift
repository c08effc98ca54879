// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

extension Interop {
    @Suite("The official x402 client", .timeLimit(.minutes(3)))
    struct OfficialClient {}
}

extension Interop.OfficialClient {
    @Test func `pays a hundred requests, is charged for no failure, and gets the rest back`() async throws {
        try await Shop.open(minimumDeposit: 60_000) { shop in
            let alice = try OfficialPayer(key: 0x11, at: shop)
            try await shop.mint(1_000_000, for: alice)

            let hundred = try await alice.pay("/weather", count: 100)
            #expect(hundred.count == 100)
            #expect(hundred.allSatisfy { $0.status == 200 && $0.charged == Shop.price })
            #expect(hundred.allSatisfy { $0.body?["high"]?.integerValue == 28 })
            let deposits = hundred.indices.filter { hundred[$0].payload == "deposit" }
            #expect(deposits == [0, 60], "it opens the channel, and tops it up when that is used up")

            let failures = try await alice.pay("/fail") + alice.pay("/hang")
            #expect(failures.map(\.status) == [500, 504])
            for failure in failures {
                #expect(failure.payload == "voucher" && failure.charged == nil)
                #expect(failure.booksCharged == 100_000 && failure.booksBalance == 120_000)
            }
            let next = try await alice.pay("/weather")
            #expect(next.map(\.booksCharged) == [101_000], "the same voucher is good for the next request")

            #expect(try await alice.refund(5000).refunded == 5000)
            let tooMuch = try await alice.refund(14_001)
            #expect(tooMuch.error?.contains("refund_no_balance") == true, "\(tooMuch)")
            #expect(try await alice.pay("/weather").map(\.booksBalance) == [115_000])
            let rest = try await alice.refund()
            #expect(rest.refunded == 13_000 && rest.booksCharged == nil)

            #expect(alice.charged == 102_000)
            #expect(shop.calls(of: "/weather") == 102)
            #expect(["/fail", "/hang"].map(shop.calls) == [1, 1])
            try await shop.expectAgreement(with: alice)
        }
    }

    @Test func `pays what the upstream metered`() async throws {
        try await Shop.open(minimumDeposit: 10_000) { shop in
            let alice = try OfficialPayer(key: 0x11, at: shop)
            try await shop.mint(10_000, for: alice)
            var charged: [Int?] = []
            for amount in ["700", "12.5%25", "$0.0003", "0", "1000", "1001"] {
                charged += try await alice.pay("/metered?amount=\(amount)").map(\.charged)
            }
            #expect(charged == [700, 125, 300, 0, 1000, 1000], "never more than was offered")
            #expect(shop.calls(of: "/metered") == 6)
            try await shop.expectAgreement(with: alice)
        }
    }

    @Test func `pays over restarts and claims, with either library, with another key for vouchers`() async throws {
        try await Shop.open(minimumDeposit: 5000, claimEvery: 1) { shop in
            let alice = try OfficialPayer(key: 0x11, voucherKey: 0x44, at: shop)
            let bob = try OfficialPayer(key: 0x55, at: shop)
            for payer in [alice, bob] { try await shop.mint(20_000, for: payer) }
            for _ in 0..<2 {
                try await alice.pay("/weather", count: 6)
                try await bob.pay("/weather", count: 7, by: .requests)
                try await shop.stop()
                try await shop.start()
            }
            #expect(try await alice.refund(1000).refunded == 1000)
            #expect((alice.steps + bob.steps).allSatisfy { $0.status ?? 200 == 200 })
            #expect(alice.charged == 12_000 && bob.charged == 14_000)
            #expect(shop.calls(of: "/weather") == 26)
            try await shop.expectAgreement(with: alice, bob)
        }
    }

    /// All sign the same voucher; one is served, and each of the others is corrected when it is its turn.
    ///
    /// The SDK follows a correction when it can read the channel, and then only one. So a request may come to nothing that
    /// is overtaken by another one, which signs for the first time when the first has just been corrected: no payee can
    /// tell their vouchers apart.
    @Test(arguments: [6, 16])
    func `pays for several requests that it sends at once, each in its turn`(count: Int) async throws {
        try await Shop.open(minimumDeposit: 20_000) { shop in
            let alice = try OfficialPayer(key: 0x11, at: shop)
            try await shop.mint(20_000, for: alice)
            try await alice.pay("/weather")
            let several = try await alice.pay("/weather", count: count, by: .atOnce, reading: true)
            let served = several.filter { $0.status == 200 }.count
            #expect(
                served > count / 2, "\(several.map { "\($0.status ?? 0) \($0.json["refused"]?.stringValue ?? "")" })")
            #expect(several.filter { $0.status == 402 && $0.charged == nil }.count == count - served)
            #expect(try await alice.pay("/weather").map(\.status) == [200])
            #expect(shop.calls(of: "/weather") == served + 2)
            try await shop.expectAgreement(with: alice)
        }
    }

    @Test func `pays for one request of several at least, where it cannot follow a correction`() async throws {
        try await Shop.open(minimumDeposit: 20_000) { shop in
            let alice = try OfficialPayer(key: 0x11, at: shop)
            try await shop.mint(20_000, for: alice)
            try await alice.pay("/weather")
            let several = try await alice.pay("/weather", count: 6, by: .atOnce)
            let served = several.filter { $0.status == 200 }.count
            #expect(served >= 1)
            #expect(several.filter { $0.status == 402 && $0.charged == nil }.count == 6 - served)
            #expect(try await alice.pay("/weather").map(\.status) == [200])
            #expect(shop.calls(of: "/weather") == served + 2)
            try await shop.expectAgreement(with: alice)
        }
    }

    @Test func `is charged once when an answer gets lost and it asks again under one identifier`() async throws {
        try await Shop.open(minimumDeposit: 10_000) { shop in
            let alice = try OfficialPayer(key: 0x11, at: shop)
            try await shop.mint(10_000, for: alice)
            for (round, identifier) in ["pay_0000000000000001", "pay_0000000000000002"].enumerated() {
                let again = try await alice.pay("/weather", by: .losingAnswers, identifier: identifier)
                #expect(again.map(\.status) == [200])
                #expect(again.first?.json["isSameAgain"]?.boolValue == true)
                #expect(shop.calls(of: "/weather") == round + 1)
            }
            let reused = try await alice.pay("/weather", identifier: "pay_0000000000000001")
            #expect(reused.map(\.status) == [409], "the identifier belongs to another payment")
            #expect(reused.map(\.charged) == [nil])
            #expect(shop.calls(of: "/weather") == 2)
            try await shop.expectAgreement(with: alice)
        }
    }

    @Test func `gets the answer that is under way when the server is told to stop`() async throws {
        try await Shop.open(minimumDeposit: 10_000) { shop in
            let alice = try OfficialPayer(key: 0x11, at: shop)
            try await shop.mint(10_000, for: alice)
            let request = try alice.begin(["pay", shop.url + "/slow"])
            try await shop.waitForCall(of: "/slow")
            try await shop.stop()
            let answers = try await alice.finish(request)
            #expect(answers.map(\.status) == [200])
            #expect(answers.map(\.charged) == [Shop.price])
            try await shop.expectAgreement(with: alice)
        }
    }

    @Test func `is charged nothing for a short answer that breaks off`() async throws {
        try await Shop.open(minimumDeposit: 10_000) { shop in
            let alice = try OfficialPayer(key: 0x11, at: shop)
            try await shop.mint(10_000, for: alice)
            try await alice.pay("/weather")
            let broken = try await alice.pay("/broken?length=100")
            #expect(broken.map(\.status) == [502])
            #expect(broken.map(\.charged) == [nil])
            #expect(try await alice.pay("/weather").map(\.booksCharged) == [2000])
            try await shop.expectAgreement(with: alice)
        }
    }

    @Test func `is credited for a long answer that breaks off after it was charged`() async throws {
        try await Shop.open(minimumDeposit: 10_000) { shop in
            let alice = try OfficialPayer(key: 0x11, at: shop)
            try await shop.mint(10_000, for: alice)
            let broken = try await alice.pay("/broken?length=1000000")
            #expect(broken.map(\.charged) == [Shop.price] && broken.first?.error != nil, "\(broken)")
            #expect(try await alice.pay("/weather", count: 2).map(\.charged) == [0, Shop.price])
            try await shop.expectAgreement(with: alice)
        }
    }
}
