// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A browser's question before its request", .timeLimit(.minutes(5)))
struct PreflightAttackTests {
    @Test(arguments: ["GET", "POST", "OPTIONS", "get", "?"])
    func `brings nothing of what is sold, though the upstream answers with it`(method: String) async throws {
        let desk = ScriptedDesk()
        try await House.serve { _, _ in
            Stall.response(
                "the whole report", .accepted,
                [.accessControlAllowOrigin: "https://a.example", .vary: "Origin", .eTag: "\"secret\""])
        } _: { upstream in
            try await House.tollgate(to: upstream, desk: desk) { port in
                let asking = ["Origin: https://a.example", "Access-Control-Request-Method: \(method)"]
                let reply = try await RawConnection.ask(port, "OPTIONS /weather", asking)
                #expect(reply.status == 200)
                #expect(reply.body.isEmpty)
                #expect(reply.values("access-control-allow-origin") == ["https://a.example"])
                #expect(reply.values("vary") == ["Origin"])
                #expect(reply.values("etag").isEmpty)
                // What is free is answered as ever.
                let free = try await RawConnection.ask(port, "OPTIONS /about", asking)
                #expect(free.status == 202 && free.body == "the whole report")
            }
        }
        #expect(await desk.events.isEmpty)
    }

    @Test func `is answered without a handler that waits for nothing`() async throws {
        let gate = Gate(prices: try Shop.prices(), desk: ScriptedDesk())
        let question = Shop.request("/weather", method: .options, [.accessControlRequestMethod: "GET"])
        let answer = await gate.answer(question) { _ in .text("the whole report") }
        #expect(answer.status == .ok && answer.body.isEmpty)
    }
}
