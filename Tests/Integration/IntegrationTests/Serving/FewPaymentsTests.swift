// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("A node with room for two payments under way", .timeLimit(.minutes(5)))
struct FewPaymentsTests {
    @Test func `sends the next away for a moment with 503, charges nothing for it, and takes it afterwards`()
        async throws
    {
        let shop = try await Shop(["--payments-under-way", "2", "--upstream-timeout", "600", "--timeout", "600"])
        var payers: [TestPayer] = []
        var payments: [(String, String)] = []
        for _ in 0..<3 {
            var payer = try await shop.payer()
            payments.append(("PAYMENT-SIGNATURE", try payer.pay().header))
            payers.append(payer)
        }
        var hanging: [RawConnection] = []
        for payment in payments.prefix(2) { hanging.append(try await shop.client.sent("GET", "/hang", [payment])) }
        try #require(try await eventually(within: .seconds(60)) { shop.upstream.calls(of: "/hang") == 2 })

        let refused = try await shop.client.get("/good", [payments[2]], within: .seconds(60))
        #expect(refused.status == 503)
        #expect(refused.code == "gate.overloaded")
        #expect(refused.head["Retry-After"] == "1")
        #expect(refused.head["PAYMENT-RESPONSE"] == nil)
        #expect(refused.head["PAYMENT-REQUIRED"] == nil, "it is not asked to pay in another way")
        #expect(shop.upstream.calls(of: "/good") == 0)
        // Who pays nothing is answered as ever.
        for (path, status) in [("/healthz", 200), ("/good", 402)] {
            let reply = try await shop.client.get(path, within: .seconds(60))
            #expect(reply.status == status)
        }

        shop.upstream.stop()
        for connection in hanging {
            let reply = try await connection.reply(within: .seconds(60))
            #expect(reply.status == 502)
        }
        for payer in payers {
            let books = try await shop.books()[payer.channel]
            #expect(books?.charged ?? .zero == .zero && books?.balance ?? .zero == .zero)
        }
        // The same payments are as good as before.
        let revived = try TestUpstream(port: shop.upstream.port)
        for index in payers.indices {
            var reply: HTTPReply?
            // A payment may be counted for a moment after its answer has left.
            let isTaken = try await eventually(within: .seconds(60)) {
                reply = try await shop.client.get("/good", [payments[index]], within: .seconds(60))
                return reply?.status != 503
            }
            #expect(isTaken)
            try payers[index].settle(try #require(reply))
        }
        #expect(revived.calls(of: "/good") == 3)
        for payer in payers {
            let charged = try await shop.books(of: payer).charged
            #expect(charged == Amount(units: 1000))
        }
        try await shop.close()
    }
}
