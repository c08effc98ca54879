// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A payment in its header")
struct PaymentPayloadTests {
    @Test func `comes back as it was written`() throws {
        for identifier in [nil, "pay_0123456789abcdef"] {
            let payment = Shop.payment(payload: ["type": "voucher", "n": [1, 2]], identifier: identifier)
            #expect(try PaymentPayload(header: payment.header) == payment)
        }
    }

    @Test func `may hold members that nobody knows`() throws {
        let json = Shop.payment().json.adding("resource", ["url": "http://a/"]).adding("memo", [1, 2, .null])
        #expect(try PaymentPayload(header: Base64.encode(json.bytes)) == Shop.payment())
    }

    @Test func `is read up to its limit and no further`() throws {
        let empty = Shop.payment(payload: ["fill": ""]).json.bytes.count
        let longest = PaymentPayload.maximumHeaderBytes / 4 * 3
        let fill = String(repeating: "a", count: longest - empty)
        let header = Shop.payment(payload: ["fill": .string(fill)]).header
        #expect(header.utf8.count == PaymentPayload.maximumHeaderBytes)
        #expect(throws: Never.self) { try PaymentPayload(header: header) }
        #expect(throws: PaymentFault.headerTooLong(PaymentPayload.maximumHeaderBytes + 4)) {
            try PaymentPayload(header: Shop.payment(payload: ["fill": .string(fill + "a")]).header)
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `is read or refused, whatever happens to it on the way`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let header = Array(Shop.payment(identifier: "pay_0123456789abcdef").header.utf8)
        for _ in 0..<500 {
            var bytes = header
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 33...126, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...2, using: &random))
            _ = try? PaymentPayload(header: String(decoding: bytes, as: UTF8.self))
        }
    }
}
