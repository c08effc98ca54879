// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Testing

@Suite("A payment server", .timeLimit(.minutes(2)))
struct PaymentServerTests {
    @Test func `asks for money as the middleware does`() async throws {
        try await Stall.open { stall in
            try await RawClient.open(stall.port) { client in
                let reply = try await client.ask(Stall.get("/paid/tea"))
                #expect(reply.status == 402 && reply.code == "payment_required")
                #expect(reply["payment-required"] != nil)
                #expect(try await client.ask(Stall.get("/free/water")).body == "GET /free/water")
                #expect(try await client.ask(Stall.get("/elsewhere")).code == "path.not-sold")
            }
            #expect(stall.asked == Stall.Asked(quickly: 0, slowly: 1))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `takes a deposit the slow way and what follows the quick way, and answers alike`(
        kind: StoreKind
    ) async throws {
        try await kind.withStore { store in
            try await Stall.open(store: store) { stall in
                let till = stall.till
                var customer = Customer(1, of: till.payee, domain: till.ledger.domain)
                try await till.ledger.mint(
                    to: customer.key.address, token: Payee.token.address, amount: units(10_000))
                let deposit = customer.signDeposit(units(10_000), at: till.clock.now)
                let first = try stall.paid(by: &customer, depositing: deposit)
                let next = try (0..<3).map { _ in try stall.paid(by: &customer) }
                try await RawClient.open(stall.port) { client in
                    let slow = try await client.ask(first)
                    #expect(slow.status == 200 && slow.charged == "100" && slow["date"] != nil)
                    for (index, request) in next.enumerated() {
                        let quick = try await client.ask(request)
                        #expect(quick.status == slow.status && quick.body == slow.body)
                        #expect(quick.lasting == slow.lasting)
                        #expect(quick["date"]?.count == slow["date"]?.count)
                        #expect(quick.receipt?["success"] == true && quick.charged == "100")
                        let state = quick.receipt?["extra"]?["channelState"]
                        #expect(state?["chargedCumulativeAmount"]?.stringValue == "\(200 + 100 * index)")
                        #expect(quick.receipt?["network"] == slow.receipt?["network"])
                        #expect(quick.receipt?["payer"] == slow.receipt?["payer"])
                    }
                }
                #expect(stall.asked == Stall.Asked(quickly: 3, slowly: 1))
                #expect(try await stall.charged(customer) == units(400))
                #expect(try await till.recount() == [customer.id: units(400)])
                #expect(till.unclaimed == units(400))
            }
        }
    }

    @Test(arguments: [("/paid/none", 404), ("/paid/failing", 502)])
    func `charges nothing for what the handler does not have`(target: String, status: Int) async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            let known = customer.charged
            let bad = try stall.paid(target, by: &customer)
            customer.adopt(known)
            let good = try stall.paid(by: &customer)
            try await RawClient.open(stall.port) { client in
                let reply = try await client.ask(bad)
                #expect(reply.status == status && reply["payment-response"] == nil)
                #expect(try await client.ask(good).status == 200)
            }
            #expect(try await stall.charged(customer) == units(200))
        }
    }

    @Test func `sends what has no body without one, and charges for it`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            let header = try stall.header(by: &customer)
            let head = "HEAD /paid/tea HTTP/1.1\r\nHost: a\r\n\(header)\r\n\r\n"
            let rest = try ["/paid/empty", "/paid/moved", "/paid/tea"].map { try stall.paid($0, by: &customer) }
            try await RawClient.open(stall.port) { client in
                let reply = try await client.ask(head, hasBody: false)
                #expect(reply.status == 200 && reply["content-length"] == "14" && reply.charged == "100")
                let empty = try await client.ask(rest[0])
                #expect(empty.status == 204 && empty.charged == "100")
                let moved = try await client.ask(rest[1])
                #expect(moved.status == 302 && moved.body == "there" && moved.charged == "100")
                #expect(try await client.ask(rest[2]).body == "GET /paid/tea")
            }
            #expect(try await stall.charged(customer) == units(500))
        }
    }

    @Test func `does not let a content type forge a header`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            let request = try stall.paid("/paid/broken", by: &customer)
            let reply = try await stall.ask(request)
            #expect(reply.status == 200 && reply["x-forged"] == nil && reply.body == "broken")
        }
    }

    @Test(arguments: ["Connection: close", "Expect: 100-continue", "Content-Length: 0", "Connection: keep-alive"])
    func `serves whatever is said about the connection`(field: String) async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            let request = try stall.paid(by: &customer, field)
            try await RawClient.open(stall.port) { client in
                let reply = try await client.ask(request)
                #expect(reply.status == 200 && reply.body == "GET /paid/tea" && reply.charged == "100")
                if field == "Connection: close" { #expect(await client.rest().isEmpty) }
            }
            #expect(try await stall.charged(customer) == units(200))
        }
    }

    @Test func `serves bodies in one piece and in chunks, and HTTP/1.0`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            let whole = try stall.paid(by: &customer, "Content-Length: 5") + "hello"
            let chunked = try stall.paid(by: &customer, "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n"
            let quick = try stall.paid(by: &customer)
            let old = "GET /paid/tea HTTP/1.0\r\n\(try stall.header(by: &customer))\r\n\r\n"
            try await RawClient.open(stall.port) { client in
                try await client.send(whole + chunked + quick)
                for _ in 0..<3 { #expect(try await client.reply().charged == "100") }
                #expect(try await client.ask(old).charged == "100")
            }
            #expect(try await stall.charged(customer) == units(500))
        }
    }

    @Test func `never takes the quick way where a payment needs an identifier`() async throws {
        try await Stall.open(requiresIdentifier: true) { stall in
            var customer = try await stall.till.customer(1, holding: units(1000))
            let offer = try stall.till.offer(Stall.price)
            for number in 0..<3 {
                let payment = customer.pay(offer)
                let id = JSON.string("identifier-number-\(number)")
                let extensions: JSON = ["payment-identifier": ["info": ["required": true, "id": id]]]
                let header = PaymentPayload(
                    accepted: payment.accepted, payload: payment.payload, extensions: extensions
                ).header
                let request = Stall.get("/paid/tea", "PAYMENT-SIGNATURE: \(header)")
                let replies = try await RawClient.open(stall.port) { client in
                    [try await client.ask(request), try await client.ask(request)]
                }
                #expect(replies.allSatisfy { $0.status == 200 && $0.charged == "100" })
                #expect(replies[0]["payment-response"] == replies[1]["payment-response"])
                customer.adopt(units(100 * UInt128(number + 1)))
            }
            let missing = try stall.paid(by: &customer)
            let refused = try await stall.ask(missing)
            #expect(refused.status == 400)
            #expect(stall.asked == Stall.Asked(quickly: 0, slowly: 3))
            #expect(try await stall.charged(customer) == units(300))
        }
    }

    @Test func `refuses what is wrong with a payment, and charges for the next`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            let known = customer.charged
            let stranger = Customer(9, of: stall.till.payee, domain: stall.till.ledger.domain)
            let offer = try stall.till.offer(Stall.price)
            var high = customer
            high.adopt(units(700))
            let forged = UnverifiedVoucher(
                channel: customer.id, ceiling: units(200),
                signature: stranger.key.signNow(
                    customer.domain.voucherDigest(channel: customer.id, ceiling: units(200))
                ).bytes)
            let good = customer.pay(offer).header
            let copies = "PAYMENT-SIGNATURE: \(good)\r\nPAYMENT-SIGNATURE: \(good)"
            let bad: [String] = [
                "PAYMENT-SIGNATURE: \(high.pay(offer).header)",
                "PAYMENT-SIGNATURE: "
                    + PaymentPayload(
                        accepted: offer.json, payload: VoucherPayload.voucher(customer.terms, forged).json
                    ).header,
                "PAYMENT-SIGNATURE: \(stranger.pay(offer).header)", copies, "PAYMENT-SIGNATURE: !",
                "PAYMENT-SIGNATURE: \(String(good.dropLast(8)))",
            ]
            let requests = bad.map { Stall.get("/paid/tea", $0) }
            try await RawClient.open(stall.port) { client in
                try await client.send(requests.joined())
                for index in requests.indices {
                    let reply = try await client.reply()
                    #expect(reply.status == 402 && reply["payment-required"] != nil, "request \(index)")
                    #expect(reply["payment-response"] == nil)
                }
                #expect(try await stall.charged(customer) == known)
                #expect(try await client.ask(Stall.get("/paid/tea", "PAYMENT-SIGNATURE: \(good)")).charged == "100")
                let copy = try await client.ask(Stall.get("/paid/tea", "PAYMENT-SIGNATURE: \(good)"))
                #expect(copy.status == 402)
            }
            customer.adopt(units(200))
            #expect(try await stall.charged(customer) == units(200))
        }
    }
}
