// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A payment header that is no good")
struct BadPaymentHeaderTests {
    @Test(arguments: BadPaymentHeader.all)
    func `is answered with what it costs, and nobody hears of it`(bad: BadPaymentHeader) async throws {
        let desk = ScriptedDesk()
        let gate = Gate(prices: try Shop.prices(), desk: desk)
        var request = Shop.request("/weather")
        for value in bad.values { request.headerFields.append(HTTPField(name: .paymentSignature, value: value)) }

        let answer = try #require(try await gate.decide(request).answer)
        #expect(answer.status.code == 402)
        #expect(answer.headers[.paymentResponse] == nil)
        #expect(answer.headers[.contentType] == "application/problem+json")
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.code == bad.code)
        #expect(try JSON.parse(answer.body)["status"] == 402)

        let required = try #require(answer.required)
        let isUnmatched = ["unsupported_scheme", "invalid_network", "invalid_payment_requirements"].contains(bad.code)
        #expect(required["error"] == .string(isUnmatched ? "No matching payment requirements" : bad.code))
        #expect(required["accepts"] == [Shop.offer().json])
        #expect(await desk.events.isEmpty)
    }

    @Test func `is told apart by the offer that it comes nearest to`() async throws {
        let gate = Gate(prices: try Shop.prices(), desk: ScriptedDesk(schemes: ["exact", "batch-settlement"]))
        let payment = PaymentPayload(accepted: Shop.offer().json.adding("amount", "1"), payload: [:])
        let request = Shop.request("/weather", [.paymentSignature: payment.header])
        let answer = try #require(try await gate.decide(request).answer)
        #expect(answer.code == "invalid_payment_requirements")
        #expect(answer.text.contains("'amount' differs"))
    }

    @Test func `is good when it holds more than was asked for`() async throws {
        let desk = ScriptedDesk()
        let accepted = Shop.offer().adding(["channelState": ["balance": "1"]]).json.adding("memo", "x")
        let payment = PaymentPayload(
            accepted: accepted, payload: ["type": "voucher"], extensions: ["unknown": ["info": [:]]])
        let request = Shop.request("/weather", [.paymentSignature: payment.header])
        #expect(try await Gate(prices: try Shop.prices(), desk: desk).decide(request).paid != nil)
        #expect(await desk.events == [.admitted(payment)])
    }
}
