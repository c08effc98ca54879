// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Testing

@testable import FarthingAssembly

@Suite("A facilitator's port")
struct FacilitatorServerTests {
    private struct Answer {
        let status: Int
        let body: JSON
        let type: String
    }

    /// Runs the closure with a facilitator that listens.
    ///
    /// - Parameters:
    ///   - metrics: What it answers to `/metrics`.
    ///   - unreadTimeout: How long nothing of an answer may leave.
    private func serve(
        metrics: String = "metrics", unreadTimeout: TimeAmount = .seconds(75),
        _ body: (NodeConfiguration.Endpoint) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "farthing-port-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let stage = try await FacilitatorStage()
        var asked = FacilitatorConfiguration(
            network: Network(evm: 84_532), token: stage.token, ledgerPath: folder.appending(path: "ledger").path())
        asked.listen.port = 0
        let (addresses, told) = AsyncStream<NodeConfiguration.Endpoint>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var server = try await FacilitatorServer(
            asked, logger: logger, metrics: { metrics }, onListening: { told.yield($0) })
        server.unreadTimeout = unreadTimeout
        try await withThrowingTaskGroup(of: Void.self) { [server] group in
            group.addTask { try await server.run() }
            var iterator = addresses.makeAsyncIterator()
            let endpoint = try #require(await iterator.next())
            defer { group.cancelAll() }
            try await body(endpoint)
        }
    }

    /// The same; the way of asking it takes a method, a path and a body.
    private func run(
        _ body: ((_ method: HTTPMethod, _ path: String, _ body: String?) async throws -> Answer) async throws -> Void
    ) async throws {
        try await serve { endpoint in
            try await body { method, path, text in
                var request = HTTPClientRequest(url: "http://\(endpoint)\(path)")
                request.method = method
                if let text { request.body = .bytes(ByteBuffer(string: text)) }
                let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
                let bytes = Array(try await answer.body.collect(upTo: 1 << 20).readableBytesView)
                return Answer(
                    status: Int(answer.status.code), body: (try? JSON.parse(bytes)) ?? .null,
                    type: answer.headers.first(name: "Content-Type") ?? "")
            }
        }
    }

    @Test func `answers what is no request of the API with problem details, and goes on`() async throws {
        try await run { ask in
            let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
            let cases: [(HTTPMethod, String, String?, Int, String)] = [
                (.POST, "/verify", "", 400, "api.not-json"), (.POST, "/settle", "{", 400, "api.not-json"),
                (.POST, "/verify", deep, 400, "api.not-json"), (.POST, "/verify", "[]", 400, "invalid_payload"),
                (.POST, "/verify", "{}", 400, "invalid_payload"),
                (.POST, "/settle", #"{"paymentPayload":{},"paymentRequirements":7}"#, 400, "invalid_payload"),
                (
                    .POST, "/verify",
                    #"{"x402Version":1,"paymentPayload":{},"paymentRequirements":{}}"#, 400, "invalid_x402_version"
                ),
                (
                    .POST, "/verify",
                    #"{"paymentPayload":{"x402Version":2,"accepted":[],"payload":{}},"paymentRequirements":{}}"#, 400,
                    "invalid_payload"
                ),
                (.POST, "/verify", String(repeating: " ", count: 300_000), 413, "api.too-long"),
                (.GET, "/verify", nil, 405, "api.method"), (.GET, "/", nil, 404, "api.no-such-path"),
                (.POST, "/supported", "{}", 404, "api.no-such-path"),
            ]
            for (method, path, body, status, code) in cases {
                let answer = try await ask(method, path, body)
                #expect(answer.status == status, "\(path) \(body?.prefix(60) ?? "")")
                #expect(answer.type == "application/problem+json")
                #expect(answer.body["code"]?.stringValue == code, "\(answer.body)")
            }
            #expect(try await ask(.GET, "/healthz", nil).status == 200)
        }
    }

    @Test func `answers a bad payment with 200 and a code`() async throws {
        try await run { ask in
            let request = #"""
                {"x402Version":2,"paymentPayload":{"x402Version":2,"payload":{"type":"voucher"},
                "accepted":{"scheme":"batch-settlement","network":"eip155:84532"}},
                "paymentRequirements":{"scheme":"batch-settlement","network":"eip155:84532"}}
                """#
            let verified = try await ask(.POST, "/verify", request)
            #expect(verified.status == 200)
            #expect(verified.body["isValid"]?.boolValue == false)
            #expect(verified.body["invalidReason"]?.stringValue == "invalid_payment_requirements")
            let settled = try await ask(.POST, "/settle", request)
            #expect(settled.status == 200)
            #expect(settled.body["success"]?.boolValue == false)
            #expect(settled.body["network"]?.stringValue == "eip155:84532")
        }
    }

    @Test func `tells what it supports and how it is`() async throws {
        try await run { ask in
            let supported = try await ask(.GET, "/supported", nil).body
            let kind = supported["kinds"]?.arrayValue?.first
            #expect(kind?["scheme"]?.stringValue == "batch-settlement")
            #expect(kind?["network"]?.stringValue == "eip155:84532")
            #expect(kind?["extra"] == nil, "it holds no key")
            let ready = try await ask(.GET, "/readyz", nil)
            #expect(ready.status == 200 && ready.body["simulated"]?.boolValue == true)
            #expect(try await ask(.GET, "/metrics", nil).status == 200)
        }
    }

    @Test func `hangs up on a client that asks and asks and reads nothing`() async throws {
        let long = String(repeating: "a", count: 1 << 20)
        try await serve(metrics: long, unreadTimeout: .milliseconds(200)) { endpoint in
            try await RawClient.open(endpoint.port) { client in
                // More than both systems keep for a client.
                let ask = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
                try await client.send(String(repeating: ask, count: 64))
                // Whoever was hung up on learns it when it says something.
                var wasHungUp = false
                for _ in 0..<1000 where !wasHungUp {
                    try await Task.sleep(for: .milliseconds(20))
                    do { try await client.send("G") } catch { wasHungUp = true }
                }
                #expect(wasHungUp)
            }
        }
    }
}
