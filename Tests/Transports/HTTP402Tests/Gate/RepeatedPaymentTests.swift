// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A payment with an identifier")
struct RepeatedPaymentTests {
    private let desk = ScriptedDesk()
    private let identifier = "pay_0123456789abcdef"

    @Test func `is charged once and answered again, byte for byte`() async throws {
        let gate = try gate()
        let head = try await serve(gate, "the weather")
        let again = try #require(try await gate.decide(request()).answer)
        #expect(again == GateAnswer(status: .ok, headers: head.headerFields, body: Array("the weather".utf8)))
        #expect(again.settled == Shop.settled().json)
        #expect(await desk.events.count == 2)
    }

    @Test func `is not served twice at once`() async throws {
        let gate = try gate()
        #expect(try await gate.decide(request()).paid != nil)
        let second = try #require(try await gate.decide(request()).answer)
        #expect(second.status == .conflict)
        #expect(second.code == "payment_identifier_in_progress")
    }

    @Test func `conflicts with another payment under the same identifier`() async throws {
        let gate = try gate()
        _ = try await serve(gate, "the weather")
        for other in [
            request(payload: ["type": "voucher", "n": 2]), request(path: "/weather?city=oslo"),
            request(path: "/weather", method: .post),
        ] {
            let answer = try #require(try await gate.decide(other).answer)
            #expect(answer.status == .conflict)
            #expect(answer.code == "payment_identifier_conflict")
            #expect(answer.required == nil)
        }
        #expect(await desk.events.count == 2)
    }

    @Test func `may be sent again when it was not charged`() async throws {
        let gate = try gate()
        try await #require(gate.decide(request()).paid).failed()
        let paid = try #require(try await gate.decide(request()).paid)
        _ = await paid.served(HTTPResponse(status: .internalServerError))
        #expect(try await gate.decide(request()).paid != nil)
    }

    @Test func `may be sent again when its answer broke off, because that was credited`() async throws {
        let gate = try gate()
        let paid = try #require(try await gate.decide(request()).paid)
        guard case .deliver(let head) = await paid.served(HTTPResponse(status: .ok)) else { return }
        paid.finished(head, body: nil)
        await paid.brokenOff()
        #expect(await desk.outcomes == [.charged(Amount(units: 1000)), .deliveryFailed])
        #expect(try await gate.decide(request()).paid != nil)
    }

    @Test func `may be sent again when the desk refused it, or could not work`() async throws {
        for script in [.refuse(code: "stale", correction: nil), .outOfOrder] as [ScriptedDesk.Script] {
            let desk = ScriptedDesk(script)
            let gate = Gate(prices: try Shop.prices(), desk: desk)
            for _ in 0..<2 {
                let decision = try? await gate.decide(request())
                #expect(decision?.answer?.code ?? "stale" == "stale")
            }
        }
    }

    @Test func `is remembered even when its answer was too long to keep`() async throws {
        let gate = try gate()
        _ = try await serve(gate, nil)
        let answer = try #require(try await gate.decide(request()).answer)
        #expect(answer.status == .conflict)
        #expect(answer.code == "payment_identifier_answer_not_kept")
        #expect(await desk.events.count == 2)
    }

    @Test func `is refused when the identifier is malformed`() async throws {
        let answer = try #require(try await gate().decide(request(identifier: "short")).answer)
        #expect(answer.status == .badRequest)
        #expect(answer.code == "payment_identifier_malformed")
        #expect(await desk.events.isEmpty)
    }

    @Test func `is refused without one where one is asked for`() async throws {
        let gate = Gate(prices: try Shop.prices(), desk: desk, requiresIdentifier: true)
        let required = try await gate.decide(Shop.request("/weather")).answer?.required
        #expect(required?["extensions"]?["payment-identifier"]?["info"] == ["required": true])
        let answer = try #require(
            try await gate.decide(Shop.request("/weather", [.paymentSignature: Shop.payment().header])).answer)
        #expect(answer.status == .badRequest)
        #expect(answer.code == "payment_identifier_required")
        #expect(await desk.events.isEmpty)
    }

    private func gate() throws -> Gate { Gate(prices: try Shop.prices(), desk: desk) }

    private func request(
        path: String = "/weather", method: HTTPRequest.Method = .get, payload: JSON = ["type": "voucher"],
        identifier: String? = nil
    ) -> HTTPRequest {
        let payment = Shop.payment(payload: payload, identifier: identifier ?? self.identifier)
        return Shop.request(path, method: method, [.paymentSignature: payment.header])
    }

    /// - Parameter body: `nil` is one that is too long to keep.
    private func serve(_ gate: Gate, _ body: String?) async throws -> HTTPResponse {
        let paid = try #require(try await gate.decide(request()).paid)
        let outcome = await paid.served(HTTPResponse(status: .ok, headerFields: [.contentType: "text/plain"]))
        guard case .deliver(let head) = outcome else { throw Shop.BadSample(text: "\(outcome)") }
        paid.finished(head, body: body.map { Array($0.utf8) })
        return head
    }
}
