// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("The payment headers of official peers")
struct RecordedHeaderTests {
    @Test func `are read as payments`() throws {
        let recorded = try Recording.headers("PAYMENT-SIGNATURE")
        #expect(recorded.count == 35)
        for header in recorded {
            let payment = try PaymentPayload(header: header.text)
            #expect(payment.accepted == header.json["accepted"], "\(header.place)")
            #expect(payment.payload == header.json["payload"], "\(header.place)")
            #expect(payment.extensions == nil, "\(header.place)")
        }
    }

    @Test func `are what we would have sent as a 402`() throws {
        let recorded = try Recording.headers("PAYMENT-REQUIRED")
        #expect(recorded.count == 31)
        for header in recorded {
            let resource = try #require(header.json["resource"])
            let ours = PaymentRequired(
                error: header.json["error"]?.stringValue,
                resource: PaymentRequired.Resource(
                    url: try #require(resource["url"]?.stringValue),
                    description: try #require(resource["description"]?.stringValue),
                    mimeType: try #require(resource["mimeType"]?.stringValue)),
                accepts: try #require(header.json["accepts"]?.arrayValue).map {
                    try #require(PaymentRequirements(recorded: $0))
                })
            #expect(ours.json == header.json, "\(header.place)")
        }
    }

    @Test func `have the members of what we say came of a payment`() throws {
        var compared = 0
        for header in try Recording.headers("PAYMENT-RESPONSE") where header.json["extra"] != nil {
            let amount = try #require(header.json["amount"]?.stringValue)
            let transaction = try #require(header.json["transaction"]?.stringValue)
            let payer = try #require(header.json["payer"]?.stringValue)
            let ours = SettleResponse(
                success: true, payer: Address(hex: payer),
                transaction: Hash32(hex: transaction).map { TransactionID($0) }, network: Shop.network,
                amount: Amount(wire: amount), extra: header.json["extra"])
            // The peers write a payer's address in either case.
            let theirs = header.json.adding("payer", .string(try #require(Address(hex: payer)).checksummed))
            #expect(ours.json == theirs, "\(header.place)")
            compared += 1
        }
        #expect(compared == 29)
    }

    @Test func `have the members of what we say of a payment that failed`() throws {
        let header = try #require(try Recording.headers("PAYMENT-RESPONSE").first { $0.place.hasSuffix("failure") })
        let payer = try #require(header.json["payer"]?.stringValue)
        let ours = SettleResponse(
            success: false, errorReason: "insufficient_funds", payer: Address(hex: payer), network: Shop.network)
        #expect(ours.json == header.json)
    }

    @Test(arguments: Recording.exchanges)
    func `accept the offers that were made to them`(exchange: String) throws {
        let first = try #require(try Recording.headers("PAYMENT-REQUIRED", in: exchange).first)
        let offers = try #require(first.json["accepts"]?.arrayValue).map {
            try #require(PaymentRequirements(recorded: $0))
        }
        let payments = try Recording.headers("PAYMENT-SIGNATURE", in: exchange)
        #expect(!payments.isEmpty)
        for payment in payments {
            let accepted = try #require(payment.json["accepted"])
            #expect(offers.contains { $0.difference(from: accepted) == nil }, "\(payment.place)")
        }
    }
}
