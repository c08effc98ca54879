// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("An accepted offer")
struct OfferMatchingTests {
    @Test func `is ours when it is echoed, whatever the order of its members`() throws {
        let offer = Shop.offer()
        #expect(offer.difference(from: offer.json) == nil)
        let turned = JSON.object(try #require(offer.json.members).reversed())
        #expect(offer.difference(from: turned) == nil)
    }

    @Test func `may hold more than ours, within extra and beside it`() {
        let offer = Shop.offer()
        let more = offer.adding(["channelState": ["balance": "10000"], "voucherState": ["signature": "0x"]])
        #expect(offer.difference(from: more.json) == nil)
        #expect(offer.difference(from: offer.json.adding("outputSchema", [:])) == nil)
    }

    @Test func `may not hold less than ours within extra`() {
        let corrected = Shop.offer().adding(["channelState": ["balance": "10000"]])
        #expect(corrected.difference(from: Shop.offer().json) == "extra")
    }

    @Test(
        arguments: [
            ("scheme", "exact"), ("scheme", "Batch-Settlement"), ("scheme", .null), ("network", "eip155:8453"),
            ("amount", "999"), ("amount", "01000"), ("amount", 1000), ("asset", .string(Shop.payee.checksummed)),
            ("asset", .string(Shop.token.hex)), ("asset", .string(Shop.token.checksummed.uppercased())),
            ("payTo", .string(Shop.token.checksummed)), ("payTo", .string(Shop.payee.hex)), ("maxTimeoutSeconds", 3601),
            ("maxTimeoutSeconds", "3600"), ("extra", [:]), ("extra", .null),
            ("extra", ["name": "USDC", "version": "2"]),
            ("extra", ["name": "USDC", "version": "2", "withdrawDelay": "900"]),
            ("extra", ["name": "USDT", "version": "2", "withdrawDelay": 900]),
        ] as [(String, JSON)])
    func `is not ours when a member is another`(member: String, value: JSON) {
        #expect(Shop.offer().difference(from: Shop.offer().json.adding(member, value)) == member)
    }

    @Test(arguments: ["scheme", "network", "amount", "asset", "payTo", "maxTimeoutSeconds", "extra"])
    func `is not ours when a member is missing`(member: String) throws {
        let members = try #require(Shop.offer().json.members)
        #expect(Shop.offer().difference(from: .object(members.filter { $0.name != member })) == member)
    }

    @Test func `tells addresses apart by their case, as they were sent`() {
        // The case of these addresses is mixed, so that lower case is another text.
        #expect(Shop.token.checksummed != Shop.token.hex)
        #expect(Shop.payee.checksummed != Shop.payee.hex)
    }
}
