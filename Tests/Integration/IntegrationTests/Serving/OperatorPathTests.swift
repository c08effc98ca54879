// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@Suite("The operator's paths", .serialized, .timeLimit(.minutes(3)), .shop())
struct OperatorPathTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    @Test(arguments: ["/healthz", "/readyz", "/.well-known/farthing", "/metrics"])
    func `are free, and not the upstream's`(path: String) async throws {
        let calls = shop.upstream.calls
        for method in ["GET", "HEAD"] {
            let reply = try await shop.client.send(method, path)
            #expect(reply.status == 200)
            #expect(reply.head["PAYMENT-REQUIRED"] == nil)
        }
        #expect(shop.upstream.calls == calls)
        #expect(try await shop.client.send("POST", path).status == 402, "only to look at")
    }

    @Test func `tell that it lives`() async throws {
        #expect(try await shop.client.get("/healthz").json == ["status": "ok"])
    }

    @Test func `tell whether it can sell, and that its money is simulated`() async throws {
        let reply = try await shop.client.get("/readyz")
        #expect(reply.json?["ready"] == true)
        #expect(reply.json?["faults"]?.arrayValue?.isEmpty == true)
        #expect(reply.json?["settlement"] == "ledger")
        #expect(reply.json?["simulated"] == true)
    }

    @Test func `tell in numbers what happened`() async throws {
        func count(_ outcome: String) async throws -> Int {
            let text = try await shop.client.get("/metrics").text
            let line = text.split(separator: "\n").first {
                $0.hasPrefix("farthing_requests_total{outcome=\"\(outcome)\"}")
            }
            return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
        }
        var payer = try await shop.regular()
        let paid = try await count("paid")
        let asked = try await count("payment_required")
        let failed = try await count("failed")
        for _ in 0..<3 { try payer.settle(await shop.get("/good", paying: payer.pay())) }
        for _ in 0..<2 { _ = try await shop.client.get("/good") }
        _ = try await shop.get("/dead", paying: payer.voucher())
        #expect(try await count("paid") == paid + 3)
        #expect(try await count("payment_required") == asked + 2)
        #expect(try await count("failed") == failed + 1)
        let reply = try await shop.client.get("/metrics")
        #expect(reply.head["Content-Type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        #expect(reply.text.contains("# TYPE farthing_requests_total counter"))
        try shop.expectDiscreet(reply.text)
    }
}

@Suite("A node without metrics", .timeLimit(.minutes(3)))
struct NoMetricsTests {
    @Test func `sells that path like any other`() async throws {
        let shop = try await Shop(["--metrics", "false"])
        #expect(try await shop.client.get("/metrics").status == 402)
        try await shop.close()
    }
}
