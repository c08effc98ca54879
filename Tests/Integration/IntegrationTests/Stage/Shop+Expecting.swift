// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

/// What a gate must answer to a payment that it does not take.
struct ExpectedRefusal: Sendable {
    var status = 402
    /// The code in the problem details.
    var code: String
    /// What PAYMENT-REQUIRED names as the error; the code when it is `nil`.
    var error: String?
    /// Whether the offer shows the payee's books.
    var corrects = false

    static func invalid(_ rule: String, corrects: Bool = false) -> ExpectedRefusal {
        ExpectedRefusal(code: "invalid_batch_settlement_evm_\(rule)", corrects: corrects)
    }

    static let invalidPayload = ExpectedRefusal(code: "invalid_payload")
}

extension Shop {
    /// Sends this payment, and sees that it is refused as it should be and that it changes nothing at all.
    func expectRefusal(
        _ expected: ExpectedRefusal, of header: String, at path: String = "/refused",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await expectNothing(sourceLocation: sourceLocation) {
            let reply = try await client.get(path, [("PAYMENT-SIGNATURE", header)])
            expect(expected, from: reply, sourceLocation: sourceLocation)
            return reply
        }
    }

    func expectRefusal(
        _ expected: ExpectedRefusal, of payment: JSON, at path: String = "/refused",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await expectRefusal(expected, of: payment.header, at: path, sourceLocation: sourceLocation)
    }

    /// The status, the code, and which of the two headers must be there and which must not.
    func expect(
        _ expected: ExpectedRefusal, from reply: HTTPReply, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(reply.status == expected.status, "\(reply.text)", sourceLocation: sourceLocation)
        #expect(reply.code == expected.code, "\(reply.text)", sourceLocation: sourceLocation)
        #expect(reply.head["Cache-Control"] == "no-store", sourceLocation: sourceLocation)
        #expect(reply.head["PAYMENT-RESPONSE"] == nil, sourceLocation: sourceLocation)
        guard expected.status == 402 else {
            #expect(reply.head["PAYMENT-REQUIRED"] == nil, sourceLocation: sourceLocation)
            return
        }
        #expect(
            reply.required?["error"]?.stringValue == expected.error ?? expected.code, sourceLocation: sourceLocation)
        #expect(reply.offer?["scheme"] == "batch-settlement", sourceLocation: sourceLocation)
        let extra = reply.offer?["extra"]
        #expect((extra?["channelState"] != nil) == expected.corrects, sourceLocation: sourceLocation)
    }

    /// Whatever is done, no book changes, the upstream hears nothing, and payers are served as before.
    func expectNothing(
        sourceLocation: SourceLocation = #_sourceLocation, of act: () async throws -> HTTPReply?
    ) async throws {
        let before = try await books()
        let calls = upstream.calls
        let reply = try await act()
        #expect(upstream.calls == calls, "the upstream was asked", sourceLocation: sourceLocation)
        #expect(try await books() == before, "the books changed", sourceLocation: sourceLocation)
        if let reply { try expectDiscreet(reply.text, sourceLocation: sourceLocation) }
        try await expectService(sourceLocation: sourceLocation)
    }

    /// A new payer gets what it pays for.
    func expectService(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var payer = try await payer()
        let reply = try await get("/good", paying: payer.pay())
        try payer.settle(reply)
        #expect(reply.status == 200, sourceLocation: sourceLocation)
        #expect(reply.text == "This is /good.", sourceLocation: sourceLocation)
        #expect(reply.head["PAYMENT-REQUIRED"] == nil, sourceLocation: sourceLocation)
        #expect(try await books(of: payer).charged == payer.price, sourceLocation: sourceLocation)
    }
}
