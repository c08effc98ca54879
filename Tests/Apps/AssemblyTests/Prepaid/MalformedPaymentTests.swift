// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A payment that cannot be read", .timeLimit(.minutes(1)))
struct MalformedPaymentTests {
    private static let zero = JSON.string(Hash32.zero.hex)

    /// What stands where a payment should.
    private static let values: [JSON] = [
        7, "", "0x", .null, [], [:], [[:]], ["index": 1], ["step": "0x12"], ["state": [:], "signature": "0x"],
        ["tokens": [7]], ["ticket": ["nonce": "-1"]], .string(String(repeating: "f", count: 10_000)),
        (0..<50).reduce([:]) { inner, _ in ["payment": inner] },
    ]

    private static let payloads: [JSON] =
        [[:], ["type": 7], ["type": "gift"], ["type": "payment"], ["type": "open"], ["type": "close"]]
        + values.flatMap { value -> [JSON] in
            [
                ["type": "payment", "channelId": zero, "payment": value],
                ["type": "payment", "channelId": value, "payment": [:]],
                ["type": "close", "channelId": zero, "payment": value],
                ["type": "open", "terms": value, "payment": value],
                ["type": "open", "terms": ["payer": value], "funding": value, "payment": value],
            ]
        }

    @Test(arguments: [PaymentScheme.twoWay, .hashChain, .merkleToken, .lottery])
    func `is refused with a code, and nothing is taken or locked`(scheme: PaymentScheme) async throws {
        try await PrepaidShop.open(scheme) { shop, _ in
            for payload in Self.payloads {
                let answer = try await shop.send(payload)
                #expect(answer.code?.hasPrefix("invalid_") == true, "\(answer) to \(payload.text.prefix(200))")
            }
            let stored = try await shop.node.store.channels(after: nil, limit: 10)
            #expect(stored.isEmpty)
            let (audit, left) = (
                try await shop.ledger.audit(),
                try await shop.ledger.balance(of: shop.buyer.address, token: PrepaidShop.token.address)
            )
            #expect(audit.faults == [] && left == Amount(units: 1_000_000))
        }
    }
}
