// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingHTTP402
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

/// The upstream's answer to CONNECT has a body, which it sends when somebody else has asked for something.
@Suite("A batch that asks for a tunnel", .timeLimit(.minutes(5)))
struct TunnelAttackTests {
    private static let forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"

    @Test func `does not make an answer for the next payer`() async throws {
        try await RawServer.run { upstream in
            var rest = ""
            while true {
                let head = await upstream.read(through: "\r\n\r\n")
                guard !head.isEmpty else { return }
                if head.hasPrefix("CONNECT") {
                    rest = Self.forged
                    try await upstream.send("HTTP/1.1 200 OK\r\nContent-Length: \(rest.utf8.count)\r\n\r\n")
                } else {
                    try await upstream.send(rest + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue")
                }
            }
        } _: { upstream in
            try await serve(to: upstream) { port in
                let batch = #"{"requests":[{"method":"CONNECT","path":"/echo?x"}]}"#
                let answer = try await RawConnection.ask(
                    port, "POST \(PaymentBatch.path)", ["Content-Length: \(batch.utf8.count)"], body: batch)
                #expect(answer.json?["answers"]?.arrayValue?.first?["status"] == 501)
                #expect(try await RawConnection.ask(port, "GET /anything").body == "true")
            }
        }
    }

    /// What a node does: a gate and a gateway, for requests by themselves and in batches.
    private func serve(to upstream: Int, _ body: @Sendable (Int) async throws -> Void) async throws {
        let gate = Gate(prices: try Shop.prices(), desk: ScriptedDesk())
        let middleware = PaymentMiddleware<BasicRequestContext>(gate: gate)
        try await House.withGateway(to: upstream) { gateway in
            let one: House.Handler = { request, context in
                try await middleware.handle(request, context: context) { request, context in
                    try await gateway.respond(to: request, logger: context.logger)
                }
            }
            try await House.serve(
                { request, context in
                    guard request.uri.path == PaymentBatch.path else { return try await one(request, context) }
                    let batches = BatchResponder { batch in
                        await batch.answers(at: gate) { item in
                            do {
                                let item = Request(head: item, body: RequestBody(buffer: ByteBuffer()))
                                return try await GateAnswer(try await one(item, context))
                            } catch {
                                return GateAnswer(status: .badGateway, headers: [:], body: [])
                            }
                        }
                    }
                    return try await batches.respond(to: request)
                }, body)
        }
    }
}
