// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A gate before Hummingbird's routes", .timeLimit(.minutes(5)))
struct PaymentMiddlewareTests {
    @Test(arguments: Customer.Way.allCases)
    func `charges after the handler succeeded, and not before`(way: Customer.Way) async throws {
        let desk = ScriptedDesk()
        let router = try Stall.router(desk) { _, _ in
            #expect(await desk.outcomes.isEmpty)
            return Stall.response("sunny", .ok, [.contentType: "text/plain"])
        }
        try await Customer.visit(router, way) { client in
            let response = try await client.execute(uri: "/weather", method: .get, headers: Stall.paying)
            #expect(response.status == .ok)
            #expect(String(buffer: response.body) == "sunny")
            #expect(response.headers[.paymentResponse] == Shop.settled().header)
            #expect(response.headers[.contentType] == "text/plain")
            #expect(response.headers[.contentLength] == "5")
            #expect(await desk.outcomes == [.charged(Amount(units: 1000))])
        }
    }

    @Test(arguments: Customer.Way.allCases)
    func `says what it costs, and the handler never hears of it`(way: Customer.Way) async throws {
        let router = try Stall.router(ScriptedDesk()) { _, _ in
            Issue.record("the handler was asked")
            return Stall.response("sunny")
        }
        try await Customer.visit(router, way) { client in
            for _ in 0..<2 {
                let response = try await client.execute(uri: "/weather", method: .get)
                #expect(response.status.code == 402)
                #expect(response.headers[.paymentRequired] != nil)
                #expect(response.headers[.contentType] == "application/problem+json")
                #expect(try JSON.parse(Array(response.body.readableBytesView))["code"] == "payment_required")
            }
        }
    }

    @Test(arguments: Customer.Way.allCases)
    func `gives the payment free when the handler throws`(way: Customer.Way) async throws {
        let desk = ScriptedDesk()
        let router = try Stall.router(desk) { _, _ in throw HTTPError(.notFound) }
        try await Customer.visit(router, way) { client in
            let response = try await client.execute(uri: "/weather", method: .get, headers: Stall.paying)
            #expect(response.status == .notFound)
            #expect(response.headers[.paymentResponse] == nil)
            #expect(await desk.outcomes == [.released])
        }
    }

    @Test(arguments: Customer.Way.allCases)
    func `delivers a failure as it is, and charges nothing`(way: Customer.Way) async throws {
        let desk = ScriptedDesk()
        let router = try Stall.router(desk) { _, _ in Stall.response("no such city", .notFound) }
        try await Customer.visit(router, way) { client in
            let response = try await client.execute(uri: "/weather", method: .get, headers: Stall.paying)
            #expect(response.status == .notFound)
            #expect(String(buffer: response.body) == "no such city")
            #expect(response.headers[.paymentResponse] == nil)
            #expect(await desk.outcomes == [.released])
        }
    }

    @Test(arguments: Customer.Way.allCases)
    func `is out of service when its desk is`(way: Customer.Way) async throws {
        let router = try Stall.router(ScriptedDesk(.outOfOrder)) { _, _ in Stall.response("sunny") }
        try await Customer.visit(router, way) { client in
            let paid = try await client.execute(uri: "/weather", method: .get, headers: Stall.paying)
            #expect(paid.status == .serviceUnavailable)
            #expect(try JSON.parse(Array(paid.body.readableBytesView))["code"] == "gate.out-of-order")
            let free = try await client.execute(uri: "/about", method: .get)
            #expect(String(buffer: free.body) == "sunny")
        }
    }

    @Test(arguments: Customer.Way.allCases)
    func `keeps from the handler what only concerns the gate`(way: Customer.Way) async throws {
        let router = try Stall.router(ScriptedDesk()) { request, _ in
            let kept = request.headers.filter { $0.name.canonicalName.hasPrefix("x-kept") }
            #expect(kept.map(\.value) == ["1", "2"])
            let body = try await request.body.collect(upTo: 100)
            let stripped = [.paymentSignature, .settlementOverrides, .paymentV1] as [HTTPField.Name]
            #expect(stripped.allSatisfy { request.headers[$0] == nil })
            return Stall.response(String(buffer: body))
        }
        var headers = Stall.paying
        headers[.paymentV1] = "old"
        headers[.settlementOverrides] = #"{"amount":"0"}"#
        for value in ["1", "2"] {
            headers.append(HTTPField(name: try #require(HTTPField.Name("X-Kept")), value: value))
        }
        try await Customer.visit(router, way) { [headers] client in
            for path in ["/weather", "/about"] {
                let response = try await client.execute(
                    uri: path, method: .post, headers: headers, body: ByteBuffer(string: "question"))
                #expect(String(buffer: response.body) == "question")
            }
        }
    }

    @Test(arguments: Customer.Way.allCases)
    func `keeps from the client what the handler asked for`(way: Customer.Way) async throws {
        for (path, status, override) in [
            ("/weather", HTTPResponse.Status.ok, #"{"amount":"10%"}"#), ("/weather", .notFound, "1"),
            ("/weather", .ok, "unreadable"), ("/about", .ok, "1"),
        ] {
            let router = try Stall.router(ScriptedDesk()) { _, _ in
                Stall.response("sunny", status, [.settlementOverrides: override])
            }
            try await Customer.visit(router, way) { client in
                let response = try await client.execute(uri: path, method: .get, headers: Stall.paying)
                #expect(response.headers[.settlementOverrides] == nil, "\(path) \(status) \(override)")
                #expect(response.status == (override == "unreadable" ? .badGateway : status))
            }
        }
    }

    @Test(arguments: Customer.Way.allCases)
    func `gives the same answer to the same payment`(way: Customer.Way) async throws {
        let desk = ScriptedDesk()
        let router = try Stall.router(desk) { _, _ in Stall.response("sunny", .ok, [.contentType: "text/plain"]) }
        let payment = Shop.payment(identifier: "pay_0123456789abcdef")
        try await Customer.visit(router, way) { client in
            var answers: [Customer.Answer] = []
            for _ in 0..<3 {
                answers.append(
                    try await client.execute(
                        uri: "/weather", method: .get, headers: [.paymentSignature: payment.header]))
            }
            for answer in answers.dropFirst() {
                #expect(answer.body == answers[0].body)
                #expect(answer.headers[.paymentResponse] == answers[0].headers[.paymentResponse])
                #expect(answer.headers[.contentType] == "text/plain")
            }
            #expect(await desk.outcomes == [.charged(Amount(units: 1000))])
        }
    }

    @Test func `sends no body to who asked for none, so that the next answer is understood`() async throws {
        let router = try Stall.router(ScriptedDesk(.outOfOrder)) { _, _ in Stall.response("sunny") }
        try await House.serve(router.buildResponder()) { port in
            try await RawConnection.open(port: port) { client in
                let payment = "PAYMENT-SIGNATURE: \(Shop.payment().header)\r\n"
                for (path, status) in [("/weather", "402"), ("//", "400")] {
                    try await client.send("HEAD \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(await client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 \(status)"))
                }
                try await client.send("HEAD /weather HTTP/1.1\r\nHost: a\r\n\(payment)\r\n")
                #expect(await client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 503"))
                try await client.send("GET /about HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(await client.read(through: "sunny").hasPrefix("HTTP/1.1 200"))
            }
        }
    }
}
