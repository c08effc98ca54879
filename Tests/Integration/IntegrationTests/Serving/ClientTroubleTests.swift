// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A client that does not behave", .serialized, .timeLimit(.minutes(3)), .shop())
struct ClientTroubleTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    /// Whatever became of a payment, it was charged once or not at all, and the payer can go on from there.
    private func expectRecovery(_ payer: TestPayer, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var payer = payer
        let least = payer.charged
        // The request may still be worked on: the channel is busy then, or the books change once more.
        let isRecovered = try await eventually(within: .seconds(10), every: .milliseconds(50)) {
            let books = try await shop.books(of: payer)
            #expect(
                books.charged == least || books.charged == least.adding(payer.price), "\(books)",
                sourceLocation: sourceLocation)
            #expect(books.credit == .zero, sourceLocation: sourceLocation)
            try payer.adopt(charged: books.charged, balance: payer.books.balance)
            do { try payer.settle(await shop.get("/good", paying: payer.pay())) } catch let unpaid as TestPayer.Unpaid {
                let rule = unpaid.reply.code?.replacing("invalid_batch_settlement_evm_", with: "")
                #expect(rule == "channel_busy" || rule == "cumulative_amount_mismatch", "\(unpaid)")
                return false
            }
            return true
        }
        #expect(isRecovered, sourceLocation: sourceLocation)
    }

    // MARK: - Requests that break off

    @Test(arguments: [1, 10, 40, 200, 1000], [true, false])
    func `sends a part of a payment and goes`(count: Int, resets: Bool) async throws {
        var payer = try await shop.regular()
        let payment = try payer.pay()
        let request = shop.client.request("GET", "/refused", [("PAYMENT-SIGNATURE", payment.header)])
        try await shop.expectNothing {
            let connection = try await RawConnection.open(port: shop.serve.port)
            try await connection.send(Array(request.prefix(count)))
            if resets { connection.reset() } else { connection.close() }
            return nil
        }
        try payer.settle(await shop.get("/good", paying: payment))
    }

    @Test func `sends a part of a body and goes`() async throws {
        var payer = try await shop.regular()
        let headers = [("PAYMENT-SIGNATURE", try payer.pay().header), ("Content-Length", "1000")]
        for resets in [true, false] {
            let connection = try await shop.client.sent("POST", "/upload", headers)
            try await connection.send("only this")
            try await Task.sleep(for: .milliseconds(100))
            if resets { connection.reset() } else { connection.close() }
            try await expectRecovery(payer)
            payer = try await shop.regular()
            _ = try payer.pay()
        }
        #expect(shop.upstream.calls(of: "/upload") == 0, "half a request is none")
    }

    @Test(arguments: [0, 20, 150, 400])
    func `pays and does not wait for the answer`(milliseconds: Int) async throws {
        for resets in [true, false] {
            var payer = try await shop.regular()
            let headers = [("PAYMENT-SIGNATURE", try payer.pay().header)]
            let connection = try await shop.client.sent("GET", "/slow/200", headers)
            try await Task.sleep(for: .milliseconds(milliseconds))
            if resets { connection.reset() } else { connection.close() }
            try await expectRecovery(payer)
        }
    }

    @Test func `opens a channel and does not wait for the answer`() async throws {
        var payer = try await shop.payer()
        let payment = try payer.pay()
        let connection = try await shop.client.sent("GET", "/slow/200", [("PAYMENT-SIGNATURE", payment.header)])
        try await Task.sleep(for: .milliseconds(50))
        connection.reset()
        try await Task.sleep(for: .milliseconds(400))
        // It was deposited and charged, or neither; the payer can find out which.
        let books = try await shop.books()[payer.channel]
        let isOpen = books.map { !$0.balance.isZero } ?? false
        #expect(books?.balance ?? .zero == (isOpen ? payer.depositAmount : .zero))
        #expect(books?.charged ?? .zero == (isOpen ? payer.price : .zero))
        try await shop.expectSound()
        try await shop.expectService()
    }

    @Test func `closes its half of the connection, and may have its answer`() async throws {
        for path in ["/good", "/slow/200"] {
            var payer = try await shop.regular()
            let connection = try await shop.client.sent("GET", path, [("PAYMENT-SIGNATURE", try payer.pay().header)])
            connection.finishSending()
            if let reply = try? await connection.reply() {
                #expect(reply.status == 200)
                try payer.settle(reply)
                #expect(try await shop.books(of: payer).charged == payer.charged)
            } else {
                try await expectRecovery(payer)
            }
        }
    }

    @Test func `closes its half in the middle of a head`() async throws {
        try await shop.expectNothing {
            let connection = try await RawConnection.open(port: shop.serve.port)
            try await connection.send("GET /refused HTTP/1.1\r\nHost: x\r\nPAYMENT-SIG")
            connection.finishSending()
            #expect(try await connection.isEnded(within: .seconds(5)))
            return nil
        }
    }

    // MARK: - Requests that are none

    @Test(arguments: [
        "\r\n\r\n\r\n\r\n", "hello\r\n\r\n", "GET\r\n\r\n", "GET /refused\r\n\r\n", "GET /refused HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /refused HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\nhello",
        "POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /refused HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        "GET /refused HTTP/1.1\r\nHost: x\r\nPAYMENT-SIGNATURE : e30=\r\n\r\n",
        "GET /refused HTTP/1.1\r\nHost: x\r\nPAYMENT-SIGNATURE: e30=\u{0}\r\n\r\n",
        "GET /refused HTTP/1.1\r\nHost: x\r\nPAYMENT-SIGNATURE: e30=\u{0B}\r\n\r\n",
        "GET /refused HTTP/1.1\r\nHost: x\r\n X: folded\r\n\r\n",
    ])
    func `says what is no request`(text: String) async throws {
        try await shop.expectNothing {
            let connection = try await RawConnection.open(port: shop.serve.port)
            try? await connection.send(text)
            let reply = try? await connection.reply(within: .seconds(2))
            // A head that is one after all is asked to pay. To hang up is an answer, too.
            if let reply { #expect((400..<500).contains(reply.status), "\(reply.head.firstLine)") }
            return reply
        }
    }

    @Test(arguments: [
        "", "Host: a\r\nHost: a\r\n", "Host: a\r\nhOsT: b\r\n", "Host: a/b\r\n", "Host: a b\r\n", "Host: a@b\r\n",
    ])
    func `does not say of which host it wants something, or of two`(headers: String) async throws {
        try await shop.expectNothing {
            let connection = try await RawConnection.open(port: shop.serve.port)
            try await connection.send("GET /good HTTP/1.1\r\n\(headers)\r\nGET /good HTTP/1.1\r\nHost: a\r\n\r\n")
            let reply = try await connection.reply(within: .seconds(5))
            #expect(reply.status == 400)
            // What follows is not read any more.
            #expect(try await connection.isEnded(within: .seconds(5)))
            return reply
        }
    }

    @Test(arguments: ["Host: a.example:8080\r\n", "Host: [::1]:80\r\n", "Host:\r\n"])
    func `names a host of any form`(headers: String) async throws {
        let connection = try await RawConnection.open(port: shop.serve.port)
        try await connection.send("GET /healthz HTTP/1.1\r\n\(headers)\r\n")
        #expect(try await connection.reply(within: .seconds(5)).status == 200)
    }

    @Test func `sends more headers than anybody needs`() async throws {
        try await shop.expectNothing {
            let headers = (0..<50_000).map { ("X-\($0)", "some value") }
            let reply = try? await shop.client.get("/refused", headers)
            if let reply { #expect((400..<500).contains(reply.status)) }
            return reply
        }
    }

    @Test func `asks in an older version of HTTP`() async throws {
        var payer = try await shop.regular()
        let connection = try await RawConnection.open(port: shop.serve.port)
        try await connection.send("GET /good HTTP/1.0\r\nPAYMENT-SIGNATURE: \(payer.pay().header)\r\n\r\n")
        let reply = try await connection.reply()
        #expect(reply.status == 200)
        try payer.settle(reply)
    }

    @Test func `opens three hundred connections and says nothing`() async throws {
        var connections: [RawConnection] = []
        for _ in 0..<300 { connections.append(try await RawConnection.open(port: shop.serve.port)) }
        try await shop.expectService()
        for connection in connections { connection.close() }
    }
}

@Suite("A client that trickles", .timeLimit(.minutes(3)))
struct SlowClientTests {
    @Test func `is hung up on, and nobody waits for it`() async throws {
        let shop = try await Shop()
        let start = ContinuousClock.now
        let payment = try await shop.regular().voucher()
        let head = shop.client.request("GET", "/refused", [("PAYMENT-SIGNATURE", payment.header)])
        let ends = try await withThrowingTaskGroup(of: Duration?.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    let connection = try await RawConnection.open(port: shop.serve.port)
                    for byte in head {
                        // A byte a second, until the other side has had enough.
                        do { try await connection.send([byte]) } catch { return ContinuousClock.now - start }
                        if try await connection.isEnded(within: .seconds(1)) { return ContinuousClock.now - start }
                        guard ContinuousClock.now - start < .seconds(70) else { break }
                    }
                    return nil
                }
            }
            for _ in 0..<5 { try await shop.expectService() }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for end in ends {
            let end = try #require(end, "it was never hung up on")
            #expect(end > .seconds(20) && end < .seconds(55))
        }
        #expect(shop.upstream.calls(of: "/refused") == 0)
        try await shop.expectService()
        try await shop.close()
    }
}
