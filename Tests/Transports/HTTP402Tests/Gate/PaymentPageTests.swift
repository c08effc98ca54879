// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("The page that a browser gets")
struct PaymentPageTests {
    @Test func `says the price, and carries the offers for programs`() async throws {
        let answer = try await page(Shop.request("/weather?city=oslo&day=1", browser))
        #expect(answer.status.code == 402)
        #expect(answer.headers[.contentType] == "text/html; charset=utf-8")
        #expect(answer.headers[.contentSecurityPolicy] == "default-src 'none'; style-src 'unsafe-inline'")
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.required?["accepts"] == [Shop.offer().json])
        #expect(answer.text.contains("This costs up to 0.001 USDC a request"))
        #expect(answer.text.contains("<p>The weather</p>"))
        #expect(answer.text.contains("Simulated money"))
        #expect(answer.text.contains("http://shop.test/weather?city=oslo&amp;day=1"))
    }

    @Test(arguments: [
        (accept: "*/*", agent: "Mozilla/5.0"), (accept: "application/json", agent: "Mozilla/5.0"),
        (accept: "text/html", agent: "curl/8"),
    ])
    func `is for browsers only`(accept: String, agent: String) async throws {
        let answer = try await page(Shop.request("/weather", [.accept: accept, .userAgent: agent]))
        #expect(answer.headers[.contentType] == "application/problem+json")
    }

    @Test func `is not what a browser gets for a payment that is no good`() async throws {
        var headers = browser
        headers[.paymentSignature] = "!"
        #expect(try await page(Shop.request("/weather", headers)).code == "invalid_payload")
    }

    @Test(arguments: [
        (path: "/weather?\"><script>alert(1)</script>", host: "shop.test"),
        (path: "/weather?'&<img/src=x>", host: "shop.test"),
        (path: "/weather", host: "\"><script>alert(1)</script>"),
        (path: "/weather;<script>alert(1)", host: "a'b"),
    ])
    func `repeats nothing that could be taken for markup`(path: String, host: String) async throws {
        let answer = try await page(Shop.request(path, host: host, browser))
        #expect(answer.status.code == 402)
        #expect(!answer.text.contains("<script"))
        #expect(!answer.text.contains("<img"))
        let code = try #require(answer.text.firstRange(of: "The address <code>"))
        let shown = answer.text[code.upperBound...].prefix { $0 != "<" }
        #expect(!shown.contains { "\"'>".contains($0) })
    }

    private let browser: HTTPFields = [.accept: "text/html,*/*;q=0.8", .userAgent: "Mozilla/5.0 (X11)"]

    private func page(_ request: HTTPRequest) async throws -> GateAnswer {
        let gate = Gate(prices: try Shop.prices(), desk: ScriptedDesk())
        return try #require(try await gate.decide(request).answer)
    }
}
