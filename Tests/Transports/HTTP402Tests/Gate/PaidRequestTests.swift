// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A request that was paid for")
struct PaidRequestTests {
    @Test func `is charged once it was served, and says so`() async throws {
        let (paid, desk) = try await admitted()
        #expect(await desk.outcomes.isEmpty)
        guard case .deliver(let head) = await paid.served(HTTPResponse(status: .ok)) else {
            Issue.record("it is not delivered")
            return
        }
        #expect(await desk.outcomes == [.charged(Amount(units: 1000))])
        #expect(head.headerFields[.paymentResponse] == Shop.settled().header)
        #expect(head.headerFields[.paymentRequired] == nil)
        #expect(head.headerFields[.cacheControl] == "private")
        #expect(head.headerFields[.accessControlExposeHeaders] == "PAYMENT-REQUIRED, PAYMENT-RESPONSE")
    }

    @Test(arguments: [200, 201, 204, 302, 304, 399])
    func `costs something when it succeeded`(status: Int) async throws {
        let (paid, desk) = try await admitted()
        _ = await paid.served(HTTPResponse(status: .init(code: status)))
        #expect(await desk.outcomes == [.charged(Amount(units: 1000))])
    }

    @Test(arguments: [400, 401, 402, 404, 499, 500, 503, 599])
    func `costs nothing when it failed, and is delivered all the same`(status: Int) async throws {
        let (paid, desk) = try await admitted()
        let failed = HTTPResponse(
            status: .init(code: status),
            headerFields: [
                .contentType: "text/plain", .settlementOverrides: #"{"amount":"1"}"#, .paymentResponse: "forged",
                .paymentRequired: "forged", .paymentCharged: "forged",
            ])
        guard case .deliverUncharged(let head) = await paid.served(failed) else {
            Issue.record("it is not delivered uncharged")
            return
        }
        #expect(head.status.code == status)
        #expect(head.headerFields == [.contentType: "text/plain", .paymentCharged: "0"])
        #expect(await desk.outcomes == [.released])
    }

    @Test func `costs what the handler says, and keeps that between them`() async throws {
        let (paid, desk) = try await admitted()
        let cheap = HTTPResponse(status: .ok, headerFields: [.settlementOverrides: #"{"amount":"25%"}"#])
        guard case .deliver(let head) = await paid.served(cheap) else {
            Issue.record("it is not delivered")
            return
        }
        #expect(head.headerFields[.settlementOverrides] == nil)
        #expect(await desk.outcomes == [.charged(Amount(units: 250))])
    }

    @Test(arguments: ["free", #"{"amount":"100.01%"}"#])
    func `is kept back, uncharged, when the handler's price cannot be read`(price: String) async throws {
        let (paid, desk) = try await admitted()
        let unreadable = HTTPResponse(status: .ok, headerFields: [.settlementOverrides: price])
        let answer = try await withheld(paid.served(unreadable))
        #expect(answer.status == .badGateway)
        #expect(answer.code == "upstream.bad-override")
        #expect(answer.headers[.settlementOverrides] == nil)
        #expect(await desk.outcomes == [.released])
    }

    @Test func `is kept back when nothing could be taken for it`() async throws {
        let (paid, desk) = try await admitted(till: .takeNothing)
        let answer = try await withheld(paid.served(HTTPResponse(status: .ok)))
        #expect(answer.status.code == 402)
        #expect(answer.settled?["success"] == false)
        #expect(answer.headers[.paymentRequired] == nil)
        #expect(await desk.outcomes == [.charged(Amount(units: 1000))])
    }

    @Test func `is kept back, and given free, when the desk cannot work`() async throws {
        let (paid, desk) = try await admitted(till: .outOfOrder)
        let answer = try await withheld(paid.served(HTTPResponse(status: .ok)))
        #expect(answer.status == .serviceUnavailable)
        #expect(answer.code == "gate.out-of-order")
        #expect(answer.headers[.paymentRequired] == nil)
        #expect(await desk.outcomes == [.released])
    }

    @Test(arguments: [
        (nil, "private"), ("", "private"), ("public", "private"), ("public, max-age=60", "private, max-age=60"),
        ("PRIVATE,max-age=1", "private, max-age=1"), ("s-maxage=10,  no-cache", "private, no-cache"),
        ("no-store", "private, no-store"), ("No-Store, Public", "private, No-Store"),
        (#"private="set-cookie, x", max-age=5"#, "no-store"),
    ])
    func `is nothing for a cache that others use`(rules: String?, marked: String) async throws {
        let (paid, _) = try await admitted()
        var response = HTTPResponse(status: .ok)
        response.headerFields[.cacheControl] = rules
        guard case .deliver(let head) = await paid.served(response) else {
            Issue.record("it is not delivered")
            return
        }
        #expect(head.headerFields[values: .cacheControl] == [marked])
    }

    @Test func `keeps what the handler lets pages of other origins see`() async throws {
        let (paid, _) = try await admitted()
        let response = HTTPResponse(status: .ok, headerFields: [.accessControlExposeHeaders: "X-Total"])
        guard case .deliver(let head) = await paid.served(response) else {
            Issue.record("it is not delivered")
            return
        }
        #expect(
            head.headerFields[.accessControlExposeHeaders] == "X-Total, PAYMENT-REQUIRED, PAYMENT-RESPONSE")
    }

    private func admitted(till: ScriptedDesk.Till = .take) async throws -> (PaidRequest, ScriptedDesk) {
        let desk = ScriptedDesk(till: till)
        let request = Shop.request("/weather", [.paymentSignature: Shop.payment().header])
        let decision = try await Gate(prices: try Shop.prices(), desk: desk).decide(request)
        return (try #require(decision.paid), desk)
    }

    private func withheld(_ outcome: PaidRequest.Outcome) throws -> GateAnswer {
        guard case .withhold(let answer) = outcome else { throw Shop.BadSample(text: "\(outcome)") }
        return answer
    }
}
