// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A gate")
struct GateTests {
    @Test(arguments: ["/", "/about", "/weather/tomorrow", "/cities/oslo", "/about?weather", "/files.txt"])
    func `lets pass what is free`(path: String) async throws {
        #expect(try await gate().decide(Shop.request(path)).isPass)
    }

    @Test(arguments: [
        ("/weather", "1000"), ("/weather/", "1000"), ("/weather?city=oslo", "1000"), ("/cities/oslo/weather", "700"),
        ("/files", "5000"), ("/files/a/b/c", "5000"),
    ])
    func `says what the rest costs`(path: String, amount: String) async throws {
        let answer = try #require(try await gate().decide(Shop.request(path)).answer)
        #expect(answer.status.code == 402)
        #expect(answer.status.reasonPhrase == "Payment Required")
        #expect(answer.code == "payment_required")
        #expect(answer.headers[.paymentResponse] == nil)
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.headers[.accessControlAllowOrigin] == "*")
        #expect(answer.headers[.accessControlExposeHeaders] == "PAYMENT-REQUIRED, PAYMENT-RESPONSE")

        let required = try #require(answer.required)
        #expect(required["x402Version"] == 2)
        #expect(required["error"] == "Payment required")
        #expect(required["resource"]?["url"] == .string("http://shop.test\(path)"))
        #expect(required["accepts"]?.arrayValue?.map { $0["amount"] } == [.string(amount)])
        #expect(required["extensions"]?["payment-identifier"]?["info"] == ["required": false])
    }

    @Test func `names what is sold by its public address`() async throws {
        let gate = Gate(prices: try Shop.prices(), desk: ScriptedDesk(), publicURL: "https://api.example.com")
        let answer = try #require(try await gate.decide(Shop.request("/weather?a=b", host: "10.0.0.1")).answer)
        #expect(
            answer.required?["resource"] == [
                "url": "https://api.example.com/weather?a=b", "description": "The weather",
                "mimeType": "application/json",
            ])
    }

    @Test func `says the same price each time, so that an offer can be kept`() async throws {
        let first = try await gate().decide(Shop.request("/weather")).answer
        #expect(try await gate().decide(Shop.request("/weather")).answer == first)
    }

    @Test func `serves nothing that is not on its list`() async throws {
        let gate = Gate(prices: PriceList([try Shop.route("/weather", 1000)]), desk: ScriptedDesk())
        for path in ["/", "/weather/tomorrow", "/Weather", "/about"] {
            let answer = try #require(try await gate.decide(Shop.request(path)).answer)
            #expect(answer.status == .notFound)
            #expect(answer.code == "path.not-sold")
            #expect(answer.required == nil)
        }
    }

    @Test func `lets a browser ask what it may ask`() async throws {
        let asking: HTTPFields = [.accessControlRequestMethod: "GET"]
        let preflight = Shop.request("/weather", method: .options, asking)
        #expect(try await gate().decide(preflight).isPreflight)
        #expect(try await gate().decide(Shop.request("/about", method: .options, asking)).isPass)
        let other = Shop.request("/weather", method: .options)
        #expect(try await gate().decide(other).answer?.status.code == 402)
    }

    @Test func `lets a browser ask nothing where nothing is sold`() async throws {
        let prices = PriceList([try Shop.route("/weather", 1000, methods: ["GET"])])
        let gate = Gate(prices: prices, desk: ScriptedDesk())
        for (path, method, status) in [("/weather", "POST", 404), ("/about", "GET", 404), ("//weather", "GET", 400)] {
            let preflight = Shop.request(path, method: .options, [.accessControlRequestMethod: method])
            let answer = try await gate.decide(preflight).answer
            #expect(answer?.status.code == status, "\(method) \(path)")
        }
        let sold = Shop.request("/weather", method: .options, [.accessControlRequestMethod: "GET"])
        #expect(try await gate.decide(sold).isPreflight)
    }

    @Test func `serves what was paid for, and tells the desk`() async throws {
        let desk = ScriptedDesk()
        let payment = Shop.payment()
        let request = Shop.request("/weather", [.paymentSignature: payment.header])
        let paid = try #require(try await Gate(prices: try Shop.prices(), desk: desk).decide(request).paid)
        #expect(paid.offer == Shop.offer())
        #expect(await desk.events == [.admitted(payment)])
    }

    @Test func `mends a payer's books in the offer that was taken, and in no other`() async throws {
        let state: JSON = ["channelState": ["chargedCumulativeAmount": "3000"]]
        let desk = ScriptedDesk(
            .refuse(code: "cumulative_amount_mismatch", correction: state), schemes: ["exact", "batch-settlement"])
        let request = Shop.request("/weather", [.paymentSignature: Shop.payment().header])
        let answer = try #require(
            try await Gate(prices: try Shop.prices(), desk: desk).decide(request).answer)
        #expect(answer.status.code == 402)
        #expect(answer.code == "cumulative_amount_mismatch")
        #expect(answer.settled == nil)
        #expect(answer.required?["error"] == "cumulative_amount_mismatch")
        #expect(
            answer.required?["accepts"] == [Shop.offer(scheme: "exact").json, Shop.offer().adding(state).json])
    }

    @Test func `answers an order that was carried out`() async throws {
        let desk = ScriptedDesk(.settle(Shop.settled(0), body: ["refunded": "4000"]))
        let request = Shop.request("/weather", [.paymentSignature: Shop.payment().header])
        let answer = try #require(try await Gate(prices: try Shop.prices(), desk: desk).decide(request).answer)
        #expect(answer.status == .ok)
        #expect(answer.settled == Shop.settled(0).json)
        #expect(answer.headers[.paymentRequired] == nil)
        #expect(answer.headers[.contentType] == "application/json")
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.text == #"{"refunded":"4000"}"#)
    }

    @Test func `answers an order that failed without inviting another try`() async throws {
        let desk = ScriptedDesk(.settle(Shop.unsettled, body: [:]))
        let request = Shop.request("/weather", [.paymentSignature: Shop.payment().header])
        let answer = try #require(try await Gate(prices: try Shop.prices(), desk: desk).decide(request).answer)
        #expect(answer.status.code == 402)
        #expect(answer.settled?["success"] == false)
        #expect(answer.headers[.paymentRequired] == nil)
        #expect(answer.code == "insufficient_funds")
    }

    @Test func `puts off a good payment as any server does, so that no client looks for a fault in it`() async throws {
        let gate = Gate(prices: try Shop.prices(), desk: ScriptedDesk(.putOff))
        let payment = Shop.payment(identifier: "pay_0123456789abcdef")
        for _ in 0..<2 {
            let request = Shop.request("/weather", [.paymentSignature: payment.header])
            let answer = try #require(try await gate.decide(request).answer)
            #expect(answer.status == .serviceUnavailable)
            #expect(answer.headers[.retryAfter] == "7")
            #expect(answer.code == "not.now")
            #expect(answer.headers[.contentType] == "application/problem+json")
            #expect(answer.headers[.paymentRequired] == nil && answer.headers[.paymentResponse] == nil)
        }
    }

    @Test func `has nothing to say when its desk cannot work`() async throws {
        let gate = Gate(prices: try Shop.prices(), desk: ScriptedDesk(.outOfOrder))
        let request = Shop.request("/weather", [.paymentSignature: Shop.payment().header])
        await #expect(throws: ScriptedDesk.OutOfOrder.self) { try await gate.decide(request) }
    }

    private func gate() throws -> Gate { Gate(prices: try Shop.prices(), desk: ScriptedDesk()) }
}
