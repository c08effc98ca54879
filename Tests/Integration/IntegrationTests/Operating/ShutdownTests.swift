// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Foundation
import Testing

@Suite("A node that is asked to stop", .timeLimit(.minutes(3)))
struct ShutdownTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func `answers what it was asked before, and takes nothing new`(signal: Int32) async throws {
        let shop = try await Shop()
        var payers: [TestPayer] = []
        var connections: [RawConnection] = []
        for _ in 0..<10 {
            // Some open their channel with this very request.
            var payer = try await payers.count < 5 ? shop.regular() : shop.payer()
            let header = ("PAYMENT-SIGNATURE", try payer.pay().header)
            connections.append(try await shop.client.sent("GET", "/slow/800", [header]))
            payers.append(payer)
        }
        try #require(try await eventually(within: .seconds(10)) { shop.upstream.calls(of: "/slow/800") == 10 })
        let serve = shop.serve
        serve.child.send(signal)
        try #require(
            try await eventually(within: .seconds(5)) { (try? TCPSocket.connected(to: serve.port)) == nil },
            "it goes on taking connections")
        for (index, connection) in connections.enumerated() {
            let reply = try await connection.reply()
            #expect(reply.status == 200)
            #expect(reply.text == "It took a while.")
            try payers[index].settle(reply)
        }
        #expect(try await serve.child.exitCode() == 0)
        #expect(serve.child.errors.contains("Stopped"))
        let books = try await shop.books()
        for payer in payers { #expect(books[payer.channel]?.charged == payer.charged) }
        try await shop.expectSound()
        try await shop.restart()
        for var payer in payers { try payer.settle(await shop.get("/good", paying: payer.pay())) }
        try await shop.close()
    }

    @Test func `under load, leaves books in which every answer is`() async throws {
        let shop = try await Shop()
        let crowd = try await Crowd(12, at: shop, requests: 4)
        for _ in 0..<3 {
            async let paying: Void = crowd.pay(for: "/slow/20")
            let goal = crowd.servings + 100
            try #require(try await eventually(within: .seconds(20)) { crowd.servings >= goal })
            #expect(try await shop.serve.stop() == 0)
            try await paying
            try await crowd.expectBooked()
            try await shop.expectSound()
            try await shop.restart()
        }
        try await shop.expectService()
        try await shop.close()
    }

    @Test func `does not wait for those who say nothing`() async throws {
        let shop = try await Shop()
        let idle = try await shop.client.sent("GET", "/healthz")
        #expect(try await idle.reply().status == 200)
        let silent = try await RawConnection.open(port: shop.serve.port)
        let start = ContinuousClock.now
        #expect(try await shop.serve.stop() == 0)
        #expect(ContinuousClock.now - start < .seconds(10))
        idle.close()
        silent.close()
        try await shop.expectSound()
    }

    @Test func `cuts off after half a minute what goes on for longer, and ends well all the same`() async throws {
        let shop = try await Shop(["--upstream-timeout", "120", "--upstream-silence", "120"])
        var payer = try await shop.regular()
        let payment = try payer.pay()
        let connection = try await shop.client.sent("GET", "/hang", [("PAYMENT-SIGNATURE", payment.header)])
        try #require(try await eventually(within: .seconds(5)) { shop.upstream.calls(of: "/hang") == 1 })
        shop.serve.child.send(SIGTERM)
        #expect(try await shop.serve.child.exitCode(within: .seconds(60)) == 0)
        #expect(shop.serve.child.errors.contains("Stopped"))
        connection.close()
        #expect(try await shop.books(of: payer).charged == payer.charged, "it costs nothing")
        try await shop.restart()
        try payer.settle(await shop.get("/good", paying: payment))
        try await shop.close()
    }

    @Test func `waits for an upstream that hangs no longer than ever`() async throws {
        let shop = try await Shop(["--upstream-timeout", "2"])
        var payer = try await shop.regular()
        let payment = try payer.pay()
        let connection = try await shop.client.sent("GET", "/hang", [("PAYMENT-SIGNATURE", payment.header)])
        try #require(try await eventually(within: .seconds(5)) { shop.upstream.calls(of: "/hang") == 1 })
        let start = ContinuousClock.now
        shop.serve.child.send(SIGTERM)
        #expect(try await connection.reply().status == 504)
        #expect(try await shop.serve.child.exitCode() == 0)
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(try await shop.books(of: payer).charged == payer.charged)
        try await shop.restart()
        try payer.settle(await shop.get("/good", paying: payment))
        try await shop.close()
    }
}
