// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite(
    "A price list", .serialized, .timeLimit(.minutes(3)),
    .shop(
        "--route", "/weather 1000 Today's weather", "--route", "GET|HEAD /free/* free", "--route", "/free/** 700",
        "--route", "/dear/** $0.005 All that is dear", "--route", "POST /orders 2000", "--route",
        "/users/*/mail 300", "--route", "ANY /open free", "--public-url", "https://api.example.com"))
struct RouteTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    @Test(arguments: [
        ("GET", "/weather", "1000"), ("POST", "/weather", "1000"), ("DELETE", "/weather", "1000"),
        ("GET", "/weather?city=oslo", "1000"), ("GET", "/weather/", "1000"), ("GET", "/weather;v=1", "1000"),
        ("GET", "/%77eather", "1000"), ("GET", "/w%65%61ther", "1000"), ("GET", "/weathe%72", "1000"),
        ("POST", "/orders", "2000"), ("PUT", "/free/thing", "700"), ("GET", "/free/a/b", "700"),
        ("GET", "/dear", "5000"), ("GET", "/dear/a", "5000"), ("GET", "/dear/a/b/c/d", "5000"),
        ("GET", "/users/7/mail", "300"), ("GET", "/users/%2A/mail", "300"), ("GET", "/weather?/free/x", "1000"),
    ])
    func `asks for what the first route that matches says`(method: String, path: String, price: String) async throws {
        let calls = shop.upstream.calls
        let reply = try await shop.client.send(method, path, body: method == "POST" ? Array("hello".utf8) : nil)
        #expect(reply.status == 402)
        #expect(reply.offer?["amount"]?.stringValue == price)
        #expect(reply.required?[path: "resource.url"]?.stringValue?.hasPrefix("https://api.example.com/") == true)
        #expect(shop.upstream.calls == calls)
    }

    @Test(arguments: [
        ("GET", "/free/a"), ("HEAD", "/free/a"), ("GET", "/open"), ("POST", "/open"), ("GET", "/free/%61"),
    ])
    func `lets pass what is free, untouched`(method: String, path: String) async throws {
        let calls = shop.upstream.calls
        let reply = try await shop.client.send(method, path, [("PAYMENT-SIGNATURE", "of no interest")])
        #expect(reply.status == 200)
        #expect(shop.upstream.calls == calls + 1)
        let seen = try #require(shop.upstream.requests.last)
        #expect(seen.method == method)
        #expect(seen.target == path)
        #expect(seen.head["PAYMENT-SIGNATURE"] == nil)
        for name in ["PAYMENT-REQUIRED", "PAYMENT-RESPONSE", "Settlement-Overrides"] {
            #expect(reply.head[name] == nil)
        }
    }

    @Test(arguments: [
        ("GET", "/"), ("GET", "/Weather"), ("GET", "/WEATHER"), ("GET", "/orders"), ("DELETE", "/orders"),
        ("GET", "/users/7"), ("GET", "/users/7/8/mail"), ("GET", "/weather/oslo"), ("GET", "/ope"),
        ("GET", "/weather%20"),
    ])
    func `serves nothing else`(method: String, path: String) async throws {
        let calls = shop.upstream.calls
        let reply = try await shop.client.send(method, path)
        #expect(reply.status == 404)
        #expect(reply.code == "path.not-sold")
        #expect(shop.upstream.calls == calls)
    }

    @Test(arguments: [
        "//weather", "/free//weather", "/free/../weather", "/free/./weather", "/free/..", "/..", "/free/%2e%2e/weather",
        "/free/%2E./weather", "/free/..%2fweather", "/free/..%2Fweather", "/free/a%2f..%2f..%2fweather",
        "/free/%5c..%5cweather", "/free/..\\weather", "/free/%252e%252e/weather", "/free/%00", "/free/%0d%0aX:y",
        "/free/%zz", "/free/%2", "/free/%", "/free/%ff", "/free/..;/weather", "/free/;/weather", "/free/%3b..",
        "/weather//", "*", "weather", "?x",
    ])
    func `takes no path that servers read differently`(path: String) async throws {
        let calls = shop.upstream.calls
        let reply = try await shop.client.get(path)
        #expect(reply.status == 400, "\(reply.text)")
        #expect(shop.upstream.calls == calls)
    }

    @Test(arguments: [
        ("GET http://127.0.0.1/free/a", 200), ("GET http://elsewhere.example/free/a", 200),
        ("GET http://elsewhere.example/weather", 402), ("GET http://elsewhere.example/free/../weather", 400),
        ("GET http://elsewhere.example//weather", 400), ("GET http://elsewhere.example", 404),
        ("CONNECT 127.0.0.1:80", 400),
    ])
    func `is no open proxy`(line: String, status: Int) async throws {
        let calls = shop.upstream.calls
        let words = line.split(separator: " ").map(String.init)
        let reply = try await shop.client.send(words[0], words[1])
        #expect(reply.status == status, "\(reply.text)")
        #expect(shop.upstream.calls == calls + (status == 200 ? 1 : 0))
        if status == 200 { #expect(shop.upstream.requests.last?.target == "/free/a") }
    }

    @Test func `does not take one offer for another`() async throws {
        let cheap = try await shop.regular(at: "/users/7/mail")
        #expect(cheap.price == Amount(units: 300))
        try await expectMismatch(cheap.voucher(), at: "/weather")
        try await expectMismatch(cheap.voucher(), at: "/dear/a")
    }

    private func expectMismatch(_ payment: JSON, at path: String) async throws {
        let calls = shop.upstream.calls
        let reply = try await shop.get(path, paying: payment)
        shop.expect(
            ExpectedRefusal(code: "invalid_payment_requirements", error: "No matching payment requirements"),
            from: reply)
        #expect(shop.upstream.calls == calls)
    }

    @Test func `lets one channel pay different prices`() async throws {
        var payer = try await shop.regular(at: "/users/7/mail")
        let dear = try await shop.offer(at: "/dear/a")
        let ceiling = try #require(payer.charged.adding(Amount(units: 5000)))
        let payment = payer.envelope(.voucher(payer.terms, payer.sign(ceiling))).changing("accepted", to: dear)
        let reply = try await shop.get("/dear/a", paying: payment)
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.charged == "5000")
        #expect(try await shop.books(of: payer).charged == ceiling)
        try payer.adopt(charged: ceiling, balance: payer.books.balance)
    }

    @Test func `is told to programs`() async throws {
        let reply = try await shop.client.get("/.well-known/farthing")
        #expect(reply.status == 200)
        #expect(reply.json?["simulated"] == true)
        let routes = try #require(reply.json?["routes"]?.arrayValue)
        #expect(
            routes.compactMap { $0["path"]?.stringValue } == [
                "/weather", "/free/*", "/free/**", "/dear/**", "/orders", "/users/*/mail", "/open",
            ])
        #expect(routes.map { $0["free"] == true } == [false, true, false, false, false, false, true])
        #expect(routes.first?["description"] == "Today's weather")
        #expect(routes.first?["accepts"]?.arrayValue?.first?["amount"] == "1000")
        #expect(routes.dropFirst().first?["methods"]?.arrayValue == ["GET", "HEAD"])
        let pattern = routes.first?["accepts"]?.arrayValue?.first
        #expect(try await shop.offer(at: "/weather") == pattern)
    }

    @Test func `is a page for people`() async throws {
        let browser = [("Accept", "text/html,application/xhtml+xml"), ("User-Agent", "Mozilla/5.0 (X11) Gecko")]
        let reply = try await shop.client.get("/weather?<script>alert(1)</script>", browser)
        #expect([400, 402].contains(reply.status))
        let page = try await shop.client.get("/weather?a=%3Cscript%3E&b='c'&d", browser)
        #expect(page.status == 402)
        #expect(page.head["Content-Type"] == "text/html; charset=utf-8")
        #expect(page.head["Content-Security-Policy"]?.contains("default-src 'none'") == true)
        #expect(page.offer?["amount"] == "1000")
        #expect(page.text.contains("0.001 USDC") && page.text.contains("Today&#39;s weather"))
        #expect(page.text.contains("Simulated money"))
        for reply in [reply, page] { #expect(!reply.text.contains("<script")) }
        // A program gets problem details whatever it accepts.
        let program = try await shop.client.get("/weather", [("Accept", "text/html"), ("User-Agent", "curl/8")])
        #expect(program.code == "payment_required")
    }

    @Test func `lets a browser ask first`() async throws {
        let reply = try await shop.client.send(
            "OPTIONS", "/weather", [("Origin", "https://example.com"), ("Access-Control-Request-Method", "GET")])
        #expect(reply.status == 200)
        #expect(reply.head["PAYMENT-REQUIRED"] == nil)
        #expect(reply.text.isEmpty)
    }

    @Test func `answers a HEAD without a body`() async throws {
        let reply = try await shop.client.send("HEAD", "/weather")
        #expect(reply.status == 402)
        #expect(reply.required?["x402Version"] == 2)
        let connection = try await shop.client.sent("HEAD", "/weather")
        #expect(try await connection.reply(toHead: true).status == 402)
        // Nothing of a body may stand before the next answer.
        try await connection.send(shop.client.request("GET", "/healthz"))
        #expect(try await connection.reply().status == 200)
    }
}
