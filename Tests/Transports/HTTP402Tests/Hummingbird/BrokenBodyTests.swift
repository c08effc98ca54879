// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A paid answer that breaks off", .timeLimit(.minutes(5)))
struct BrokenBodyTests {
    private let desk = ScriptedDesk()

    @Test(arguments: Customer.Way.allCases)
    func `costs nothing when it was to be short`(way: Customer.Way) async throws {
        let router = try Stall.router(desk) { _, _ in Stall.broken(length: 20) }
        try await Customer.visit(router, way) { client in
            let response = try await client.execute(uri: "/weather", method: .get, headers: Stall.paying)
            #expect(response.status == .internalServerError)
            #expect(response.headers[.paymentResponse] == nil)
        }
        #expect(await desk.outcomes == [.released])
    }

    @Test(arguments: [nil, 2000])
    func `is credited when it was on its way already`(length: Int?) async throws {
        let router = try Stall.router(desk) { _, _ in Stall.broken(length: length) }
        try await Customer.visit(router, .router) { client in
            await #expect(throws: Stall.OutOfOrder.self) {
                _ = try await client.execute(uri: "/weather", method: .get, headers: Stall.paying)
            }
        }
        #expect(await desk.outcomes == [.charged(Amount(units: 1000)), .deliveryFailed])
    }

    @Test(arguments: [nil, 2000])
    func `is not mistaken for a whole one`(length: Int?) async throws {
        let desk = desk
        let router = try Stall.router(desk) { _, _ in Stall.broken(length: length) }
        try await House.serve(router.buildResponder()) { port in
            try await RawConnection.open(port: port) { client in
                try await client.send(paying("GET /weather"))
                let text = await client.readToEnd()
                #expect(text.hasPrefix("HTTP/1.1 200 OK"))
                #expect(text.contains("half of"))
                #expect(!text.hasSuffix("0\r\n\r\n"))
            }
            await desk.waitUntil(.deliveryFailed)
        }
        #expect(await desk.outcomes == [.charged(Amount(units: 1000)), .deliveryFailed])
    }

    @Test func `is credited when it is longer than a batch takes`() async throws {
        let middleware = PaymentMiddleware<BasicRequestContext>(gate: Gate(prices: try Shop.prices(), desk: desk))
        try await House.serve { request, context in
            let response = try await middleware.handle(request, context: context) { _, _ in
                Response(
                    status: .ok,
                    body: ResponseBody { writer in
                        let part = ByteBuffer(repeating: UInt8(ascii: "."), count: 64 * 1024)
                        for _ in 0..<5 { try await writer.write(part) }
                        try await writer.finish(nil)
                    })
            }
            await #expect(throws: BodySink.Full.self) { _ = try await GateAnswer(response) }
            return Stall.response("collected")
        } _: { port in
            let reply = try await RawConnection.ask(port, "GET /weather", [payment])
            #expect(reply.body == "collected")
        }
        #expect(await desk.outcomes == [.charged(Amount(units: 1000)), .deliveryFailed])
    }

    @Test func `is owed to nobody when the client went away`() async throws {
        let bell = Bell()
        let router = try Stall.router(desk, bell: bell) { _, _ in Stall.endless() }
        try await House.serve(router.buildResponder()) { port in
            try await RawConnection.open(port: port) { client in
                try await client.send(paying("GET /weather"))
                _ = await client.read(count: 100_000)
                try await client.reset()
            }
            await bell.wait()
        }
        #expect(await desk.outcomes == [.charged(Amount(units: 1000))])
    }

    @Test func `is owed to nobody when the client broke off its question`() async throws {
        let bell = Bell()
        let router = try Stall.router(desk, bell: bell) { request, _ in
            Response(status: .ok, body: ResponseBody(asyncSequence: request.body))
        }
        try await House.serve(router.buildResponder()) { port in
            try await RawConnection.open(port: port) { client in
                try await client.send(paying("POST /weather", "Transfer-Encoding: chunked") + "5\r\nhello\r\n")
                #expect(await client.read(through: "hello").hasPrefix("HTTP/1.1 200"))
                try await client.reset()
            }
            await bell.wait()
        }
        #expect(await desk.outcomes == [.charged(Amount(units: 1000))])
    }

    @Test(arguments: Customer.Way.allCases)
    func `is something else than one that was long and came through`(way: Customer.Way) async throws {
        let text = String(repeating: "sunny ", count: 1_000)
        let router = try Stall.router(desk) { _, _ in Stall.response(text) }
        let payment = Shop.payment(identifier: "pay_0123456789abcdef")
        try await Customer.visit(router, way) { client in
            let headers: HTTPFields = [.paymentSignature: payment.header]
            let response = try await client.execute(uri: "/weather", method: .get, headers: headers)
            #expect(String(buffer: response.body) == text)
            let again = try await client.execute(uri: "/weather", method: .get, headers: headers)
            #expect(again.status == .conflict)
        }
        #expect(await desk.outcomes == [.charged(Amount(units: 1000))])
    }

    private var payment: String { "PAYMENT-SIGNATURE: \(Shop.payment().header)" }

    private func paying(_ line: String, _ header: String = "Accept: */*") -> String {
        "\(line) HTTP/1.1\r\nHost: a\r\n\(header)\r\n\(payment)\r\n\r\n"
    }
}
