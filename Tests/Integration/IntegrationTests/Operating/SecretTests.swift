// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingVoucherScheme
import Testing

@Suite("A node that tells all it does", .timeLimit(.minutes(3)))
struct SecretTests {
    @Test(arguments: ["text", "json"])
    func `tells no secret`(format: String) async throws {
        let shop = try await Shop(["--log-level", "trace", "--log-format", format])
        var payer = try await shop.payer()
        var payments: [JSON] = []
        for path in ["/good", "/slow/10", "/half-long", "/good"] {
            payments.append(try payer.pay())
            try payer.settle(await shop.get(path, paying: try #require(payments.last)))
        }
        // What fails is logged with more care for detail than for discretion.
        payments.append(payer.voucher())
        for path in ["/dead", "/half", "/status/500", "/garbled-charge"] {
            _ = try await shop.get(path, paying: try #require(payments.last))
        }
        payments.append(payer.voucher(adding: 7))
        payments.append(payer.voucher().changing("payload.voucher.signature", to: "0x00"))
        payments.append(payer.refund())
        for payment in payments { _ = try await shop.get("/refused", paying: payment) }
        try await shop.close()
        let log = shop.serve.child.output + shop.serve.child.errors
        #expect(log.split(separator: "\n").count > 10, "it was to tell all")
        try shop.expectDiscreet(log)
        for payment in payments {
            #expect(!log.contains(payment.header))
            let signature = try #require(payment[path: "payload.voucher.signature"]?.stringValue)
            if signature.count > 4 { #expect(!log.contains(signature.dropFirst(2))) }
        }
        guard format == "json" else { return }
        for line in shop.serve.child.errors.split(separator: "\n") {
            let entry = try JSON.parse(String(line))
            #expect(entry["level"]?.stringValue != nil && entry["message"]?.stringValue != nil)
        }
    }
}
