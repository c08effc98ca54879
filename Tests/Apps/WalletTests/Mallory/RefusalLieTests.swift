// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import FarthingX402
import Testing

@Suite("A server that refuses what it keeps", .timeLimit(.minutes(2)))
struct RefusalLieTests {
    /// A transfer from account to account.
    private static func exact(_ mallory: Mallory, _ price: UInt64) -> PaymentRequirements {
        let token = Market.token.domain
        return PaymentRequirements(
            scheme: "exact", network: Market.network, amount: Amount(units: UInt128(price)), asset: token.address,
            payTo: mallory.receiver.address, maxTimeoutSeconds: 60,
            extra: ["name": .string(token.name), "version": .string(token.version)])
    }

    @Test func `gets no second transfer for a request by changing its offer`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            switch visit.number {
            case 1: mallory.demand(Self.exact(mallory, 1000))
            // It keeps what was signed for the third, and asks for something else.
            case 3: mallory.demand(Self.exact(mallory, 1100))
            default: mallory.serve(visit)
            }
        }
        try await Attack.run(most: 0, by: trick) { attack async throws in
            #expect(try await attack.pay() == "200")
            #expect(try await attack.pay() == "payment.refused")
            #expect(attack.mallory.visits == 3, "nothing was signed again")
            #expect(try await attack.pay() == "200", "the next request goes by the new offer")
            let entries = try await attack.wallet.journal.entries()
            #expect(entries.map(\.state) == [.paid, .unknown, .paid])
            #expect(entries.map(\.price) == [1100, 1000, 1000])
        }
    }

    @Test func `uses up its budget with vouchers that it says it did not take`() async throws {
        var limits = SpendingLimits.standard
        limits.perHostPerDay = 3000
        let trick: Mallory.Trick = { mallory, _ in
            mallory.demand(mallory.offer(), error: "not_today")
        }
        try await Attack.run(policy: SpendingPolicy(dollarLimits: limits), by: trick) { attack async throws in
            for _ in 1...3 { #expect(try await attack.pay() == "payment.refused") }
            #expect(try await attack.pay() == "policy.per-host-per-day")
        }
    }

    @Test func `gets no other channel by changing its terms, once it cheated`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            if visit.payments == 1 { return mallory.serve(visit, charged: "1001") }
            return mallory.demand(
                mallory.offer(extra: ["withdrawDelay": .integer(visit.number == 1 ? 900 : 900 + visit.number)]))
        }
        try await Attack.run(by: trick) { attack async throws in
            #expect(try await attack.pay() == "payer.overcharged")
            for _ in 1...3 { #expect(try await attack.pay() == "payer.suspended") }
            #expect(attack.mallory.payments == 1)
        }
    }

    @Test func `gives no orders to a terminal`() async throws {
        let orders = "Not\u{1B}[2J\u{9B}31m \u{202E}TODAY\u{7}\r\n\u{2066}"
        let trick: Mallory.Trick = { mallory, visit in
            guard visit.payments == 2 else { return mallory.demand(mallory.offer(), error: orders) }
            let response = SettleResponse(
                success: false, errorReason: orders, errorMessage: orders, payer: visit.payload?.terms.payer,
                network: Market.network)
            return Mallory.Answer(status: 402, headers: [("PAYMENT-RESPONSE", response.header)])
        }
        try await Attack.run(most: 2000, by: trick) { attack async throws in
            for _ in 1...2 {
                let error = await #expect(throws: PayingError.self) {
                    try await attack.client.execute(PayingRequest(url: attack.mallory.url + "/gold"))
                }
                let text = try #require(error?.description)
                #expect(text == text.withoutControls())
            }
            let codes = try await attack.wallet.journal.entries().compactMap(\.code)
            #expect(codes == Array(repeating: "not__2j_31m__today____", count: 2))
        }
        #expect("a\tb\nc\u{1B}".withoutControls(but: ["\n", "\t"]) == "a\tb\nc\u{FFFD}")
    }

    @Test(arguments: ["long", "endless", "slow", "of another kind"])
    func `is quoted with a few words, and not waited for`(body: String) async throws {
        let words = "Pay\u{1B}[2J\r\nme" + String(repeating: "e\u{301}", count: 1000)
        let problem = JSON.object(["detail": .string(words)]).text
        let trick: Mallory.Trick = { mallory, visit in
            var answer = mallory.demand(mallory.offer(), error: "not_today")
            guard visit.payments > 0 else { return answer }
            let type = body == "of another kind" ? "text/html" : "application/problem+json"
            answer.headers.append(("Content-Type", type))
            answer.body = problem
            if body == "endless" { answer.isEndless = true }
            // The head comes at once, and its body never does.
            if body == "slow" { answer.announced = 10_000 }
            return answer
        }
        try await Attack.run(by: trick) { attack async throws in
            let error = await #expect(throws: PayingError.self) {
                try await attack.client.execute(PayingRequest(url: attack.mallory.url + "/gold"))
            }
            guard case .refused("not_today", let detail) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            guard body == "long" else {
                #expect(detail == nil)
                return
            }
            #expect(
                detail?.hasPrefix("Pay\u{FFFD}[2J\u{FFFD}\u{FFFD}mee\u{301}") == true && detail?.hasSuffix("…") == true)
            #expect(detail?.unicodeScalars.count == 257)
        }
    }
}
