// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A gateway before an upstream", .timeLimit(.minutes(5)))
struct GatewayForwardingTests {
    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
    func `hands on the method, the target and the headers`(method: String) async throws {
        let response = try await ask(
            "\(method) /a%20b/c;d?x=%20y&x=%2F+z&q", ["Accept: a/b", "X-Odd: \u{E9}", "X-Odd: 2"])
        let report = try #require(response.json)
        #expect(report["method"] == .string(method))
        #expect(report["target"] == "/a%20b/c;d?x=%20y&x=%2F+z&q")
        #expect(header("accept", in: report) == ["a/b"])
        #expect(header("x-odd", in: report) == ["\u{E9}", "2"])
        #expect(header("x-forwarded-host", in: report) == ["gate.test"])
        #expect(header("x-forwarded-proto", in: report) == ["http"])
        #expect(report["host"]?.stringValue?.hasPrefix("127.0.0.1:") == true)
    }

    @Test(arguments: ["/?", "/?a=b?c", "/a?b=%zz", "/a?b={\"c\":[1]}", "/a|b?c^d", "/:80/@x"])
    func `changes no target that is out of the ordinary into one that means something else`(target: String) async throws
    {
        let report = try #require(try await ask("GET \(target)").json)
        let reached = try #require(report["target"]?.stringValue)
        #expect(undone(reached) == undone(target))
    }

    @Test func `puts the path of the upstream before all others`() async throws {
        try await House.serve(Backend.answer) { upstream in
            try await House.gateway(to: upstream, path: "/api/v1/") { port in
                let report = try await RawConnection.ask(port, "GET /weather?a=b").json
                #expect(report?["target"] == "/api/v1/weather?a=b")
            }
        }
    }

    @Test(
        arguments: [
            (["Content-Length: 5"], "hello"), (["Transfer-Encoding: chunked"], "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
            (["Content-Length: 0"], ""), ([], ""),
        ] as [([String], String)])
    func `hands on a body, however it is framed`(headers: [String], body: String) async throws {
        for path in ["/", "/mirror"] {
            let response = try await ask("POST \(path)", headers, body: body)
            let expected = body.isEmpty ? "" : "hello"
            #expect(path == "/" ? response.json?["body"]?.stringValue == expected : response.body == expected)
        }
    }

    @Test func `keeps back what is meant for the next hop alone, on the way there`() async throws {
        let head = [
            "GET / HTTP/1.1", "Host: a", "Connection: X-Secret , keep-alive", "X-Secret: 1", "Keep-Alive: 5",
            "TE: trailers", "Trailer: X", "Upgrade: h2c", "Proxy-Authorization: Basic x", "Proxy-Connection: close",
            "Expect: nothing", "X-Kept: 1",
        ]
        let text = try await House.serve(Backend.answer) { upstream in
            try await House.gateway(to: upstream) { port in
                try await RawConnection.open(port: port) { client in
                    try await client.send(head.joined(separator: "\r\n") + "\r\n\r\n")
                    return await client.read(through: "}")
                }
            }
        }
        let report = try #require(try RawResponse(text).json)
        for name in [
            "connection", "x-secret", "keep-alive", "te", "trailer", "upgrade", "proxy-authorization",
            "proxy-connection", "expect", "transfer-encoding",
        ] {
            #expect(header(name, in: report).isEmpty, "\(name)")
        }
        #expect(header("x-kept", in: report) == ["1"])
    }

    @Test func `keeps back what is meant for the next hop alone, on the way back`() async throws {
        let response = try await ask("GET /hops")
        for name in [
            "x-secret", "proxy-authenticate", "keep-alive", "payment-required", "payment-response",
            "x-payment-response",
        ] {
            #expect(response.values(name).isEmpty, "\(name)")
        }
        #expect(response.values("x-kept") == ["1"])
        #expect(response.body == "hop")
    }

    @Test func `keeps payments from the upstream, and the upstream's price from the client`() async throws {
        let desk = ScriptedDesk()
        try await RawServer.run { upstream in
            let head = await upstream.read(through: "\r\n\r\n").lowercased()
            #expect(head.hasPrefix("get /weather http/1.1"))
            #expect(!head.contains("payment") && !head.contains("settlement"))
            try await upstream.send(
                "HTTP/1.1 200 OK\r\nSettlement-Overrides: {\"amount\":\"5\"}\r\nContent-Length: 5\r\n\r\nsunny")
        } _: { upstream in
            try await House.tollgate(to: upstream, desk: desk) { port in
                let response = try await RawConnection.ask(
                    port, "GET /weather", ["PAYMENT-SIGNATURE: \(Shop.payment().header)", "X-PAYMENT: old"])
                #expect(response.status == 200)
                #expect(response.body == "sunny")
                #expect(response.values("settlement-overrides").isEmpty)
                #expect(response.values("payment-response") == [Shop.settled(5).header])
            }
        }
    }

    @Test(arguments: [("/cookies", "6"), ("/chunked", "0"), ("/teapot", "15")])
    func `answers HEAD with a head alone`(path: String, length: String) async throws {
        try await House.serve(Backend.answer) { upstream in
            try await House.gateway(to: upstream) { port in
                try await RawConnection.open(port: port) { client in
                    try await client.send("HEAD \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                    let head = try RawResponse(await client.read(through: "\r\n\r\n"))
                    #expect(head.values("content-length") == [length])
                    #expect(head.values("transfer-encoding").isEmpty)
                    try await client.send("GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(await client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
                }
            }
        }
    }

    @Test(arguments: [("/empty", 204), ("/unchanged", 304)])
    func `brings back an answer that has no body`(path: String, status: Int) async throws {
        let response = try await ask("GET \(path)")
        #expect(response.status == status)
        #expect(response.body == "")
        #expect(response.values("etag") == (status == 304 ? ["\"7\""] : []))
    }

    @Test func `brings back a redirect, and does not follow it`() async throws {
        let response = try await ask("GET /moved")
        #expect(response.status == 302)
        #expect(response.values("location") == ["http://127.0.0.1:1/elsewhere"])
        #expect(response.body == "elsewhere")
    }

    @Test func `brings back every cookie`() async throws {
        let response = try await ask("GET /cookies")
        #expect(response.values("set-cookie") == ["a=1; Path=/", "b=2"])
        #expect(response.values("content-length") == ["6"])
        #expect(response.values("date").count == 1)
    }

    @Test func `brings back a body of unknown length in chunks`() async throws {
        let response = try await ask("GET /chunked")
        #expect(response.values("transfer-encoding") == ["chunked"])
        #expect(response.body == "one two three")
    }

    private func ask(_ line: String, _ headers: [String] = [], body: String = "") async throws -> RawResponse {
        try await House.serve(Backend.answer) { upstream in
            try await House.gateway(to: upstream) { port in
                try await RawConnection.ask(port, line, headers, body: body)
            }
        }
    }

    private func header(_ name: String, in report: JSON) -> [String] {
        (report["headers"]?.arrayValue ?? []).compactMap { field in
            field.arrayValue?.first?.stringValue == name ? field.arrayValue?.last?.stringValue : nil
        }
    }

    /// A target without the percent-encoding that a careful sender may add.
    private func undone(_ target: String) -> String {
        let signs = [("%22", "\""), ("%7B", "{"), ("%7D", "}"), ("%5B", "["), ("%5D", "]"), ("%7C", "|"), ("%5E", "^")]
        return signs.reduce(target) { $0.replacing($1.0, with: $1.1) }
            .replacing("%25", with: "%")
    }
}
