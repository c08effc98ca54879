// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Foundation
import Testing

@Suite("A node that is killed", .timeLimit(.minutes(3)))
struct KillTests {
    @Test func `under load, has every payment that was answered, and no unit of money less`() async throws {
        let shop = try await Shop()
        // A deposit lasts for two requests, so that at any moment some are on their way.
        let crowd = try await Crowd(10, at: shop, requests: 2)
        for round in 0..<8 {
            async let paying: Void = crowd.pay(for: "/good")
            let goal = crowd.servings + 5
            _ = try await eventually(within: .seconds(10)) { crowd.servings >= goal }
            try await Task.sleep(for: .milliseconds(.random(in: 0...250)))
            try await shop.serve.kill()
            try await paying
            try await shop.restart()
            try await crowd.expectBooked()
            try await shop.expectSound()
            #expect(try await ChannelBooks.all(inStore: shop.store).values.allSatisfy(\.isIdle), "round \(round)")
        }
        #expect(crowd.servings >= 40)
        // Everybody goes on as before.
        async let paying: Void = crowd.pay(for: "/good")
        let goal = crowd.servings + 30
        #expect(try await eventually(within: .seconds(20)) { crowd.servings >= goal })
        crowd.end()
        try await paying
        try await crowd.expectBooked()
        try await shop.close()
    }

    @Test func `while it starts, starts the next time`() async throws {
        let shop = try await Shop()
        var payer = try await shop.regular()
        try await shop.serve.kill()
        for milliseconds in [0, 5, 10, 20, 30, 50, 80] {
            let child = try ChildProcess(
                [
                    "serve", "--listen", "127.0.0.1:0", "--upstream", shop.upstream.url, "--price", "1000", "--pay-to",
                    Shop.receiver, "--store", shop.store,
                ], folder: shop.folder.path)
            try await Task.sleep(for: .milliseconds(milliseconds))
            child.send(SIGKILL)
            _ = try await child.exitCode()
        }
        try await shop.restart()
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        try await shop.close()
    }

    @Test func `while a request is answered, charges nothing for it`() async throws {
        let shop = try await Shop()
        var regular = try await shop.regular()
        var new = try await shop.payer()
        let payments = [try regular.pay(), try new.pay()]
        for payment in payments {
            _ = try await shop.client.sent("GET", "/hang", [("PAYMENT-SIGNATURE", payment.header)])
        }
        try #require(try await eventually(within: .seconds(10)) { shop.upstream.calls(of: "/hang") == 2 })
        try await shop.serve.kill()
        try await shop.restart()
        // The same payments are as good as before.
        try regular.settle(await shop.get("/good", paying: payments[0]))
        try new.settle(await shop.get("/good", paying: payments[1]))
        #expect(try await shop.books(of: regular).charged == Amount(units: 2000))
        #expect(try await shop.books(of: new).balance == new.depositAmount)
        try await shop.close()
    }

    @Test func `does not forget what was refunded and claimed`() async throws {
        let shop = try await Shop()
        var payers: [TestPayer] = []
        for _ in 0..<5 { payers.append(try await shop.regular()) }
        for payer in payers {
            async let refund = try? shop.get("/refund", paying: payer.refund())
            try await Task.sleep(for: .milliseconds(.random(in: 0...15)))
            try await shop.serve.kill()
            let reply = await refund
            try await shop.restart()
            let books = try await shop.books(of: payer)
            #expect(books.isIdle)
            #expect(books.charged == payer.charged)
            #expect(books.balance == payer.charged || books.balance == payer.depositAmount)
            if reply?.status == 200 { #expect(books.balance == payer.charged) }
            try await shop.expectSound()
        }
        try await shop.close()
    }
}
