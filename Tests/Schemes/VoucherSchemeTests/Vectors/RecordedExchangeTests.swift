// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("Exchanges that were recorded between other programs")
struct RecordedExchangeTests {
    @Test(arguments: ["basic", "corrective", "refund_full", "refund_partial", "topup"])
    func `are answered by our channel as they were answered then`(_ name: String) throws {
        var payee = RecordedPayee()
        var payments = 0
        for exchange in try #require(try VectorFile.json("http_exchange_\(name)").arrayValue) {
            guard let payment = try exchange.at("request.decoded")["payment-signature"] else { continue }
            payments += 1
            let recorded = try exchange.at("response.decoded")
            let answer = try payee.answer(payment, recorded: recorded)
            #expect(try answer == Self.answer(on: recorded, to: try payment.text("payload.type")))
        }
        #expect(payments >= 3)
    }

    /// The decoded parts of the recordings are what their headers say.
    @Test(arguments: ["basic", "corrective", "refund_full", "refund_partial", "topup"])
    func `have the headers that they were decoded from`(_ name: String) throws {
        for exchange in try #require(try VectorFile.json("http_exchange_\(name)").arrayValue) {
            guard let payment = try exchange.at("request.decoded")["payment-signature"] else { continue }
            let headers = try #require(try exchange.at("request.headers").members)
            let header = headers.first { $0.name.lowercased() == "payment-signature" }?.value.stringValue
            let bytes = try Base64.decode(try #require(header), maximumBytes: 16_384)
            #expect(try JSON.parse(bytes) == payment)
            #expect(try VoucherPayload(try payment.at("payload")).json == (try payment.at("payload")))
        }
    }

    /// What the recording holds of all that this room decides.
    private static func answer(on recorded: JSON, to type: String) throws -> RecordedPayee.Answer {
        guard let settled = recorded["payment-response"] else {
            let required = try recorded.at("payment-required")
            let extra = try required.at("accepts.0.extra")
            return RecordedPayee.Answer(
                error: try required.text("error"), channelState: extra["channelState"],
                voucherState: extra["voucherState"])
        }
        #expect(try settled.at("success") == true)
        return RecordedPayee.Answer(
            channelState: try settled.at("extra.channelState"),
            charged: type == "refund" ? nil : try settled.amount("extra.chargedAmount"),
            settled: type == "voucher" ? nil : try settled.amount("amount"))
    }
}
