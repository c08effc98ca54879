// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import NIOCore
import Testing

@Suite("A payment server in trouble", .timeLimit(.minutes(2)))
struct PaymentServerTroubleTests {
    @Test func `answers a client that sends no more`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            var other = try await stall.regular(2)
            let text = try stall.paid(by: &customer) + Stall.get("/free/a") + stall.paid(by: &other)
            stall.till.store.barrier.lower()
            try await RawClient.open(stall.port) { client in
                try await client.send(text)
                client.finishSending()
                await stall.till.store.barrier.hold(2)
                stall.till.store.barrier.lift()
                #expect(try await client.reply().charged == "100")
                #expect(try await client.reply().body == "GET /free/a")
                #expect(try await client.reply().charged == "100")
                #expect(await client.rest().isEmpty)
            }
        }
    }

    @Test func `charges once when the client hangs up meanwhile, and goes on`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            var other = try await stall.regular(2)
            let (first, second) = (try stall.paid(by: &customer), try stall.paid(by: &customer))
            let elsewhere = try stall.paid(by: &other)
            stall.till.store.barrier.lower()
            try await RawClient.open(stall.port) { client in
                try await client.send(first)
                await stall.till.store.barrier.hold(1)
                try await client.reset()
            }
            stall.till.store.barrier.lift()
            #expect(try await stall.ask(elsewhere).charged == "100")
            let next = try await stall.ask(second)
            #expect(next.charged == "100")
            #expect(try await stall.charged(customer) == units(300))
        }
    }

    @Test func `understands what comes a byte at a time`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            let request = try stall.paid(by: &customer)
            try await RawClient.open(stall.port) { client in
                for byte in request { try await client.send(String(byte)) }
                #expect(try await client.reply().charged == "100")
            }
        }
    }

    @Test func `takes no more from a client that does not read`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1, holding: units(100_000_000))
            // Far more answers than sockets hold: 1,600 of 16 KiB.
            let text = try (0..<1600).map { _ in try stall.paid("/paid/long", by: &customer) }.joined()
            try await RawClient.open(stall.port) { client in
                // Whether all of it can be sent is for the sockets to decide.
                let send = client.sender
                async let sent: Void = send(text)
                var last = try await stall.charged(customer)
                // It has come to a stand when nothing was charged for as long as hundreds of charges take.
                var calm = 0
                while calm < 30 {
                    try await Task.sleep(for: .milliseconds(10))
                    let now = try await stall.charged(customer)
                    calm = now == last ? calm + 1 : 0
                    last = now
                }
                #expect(last < units(100 * 1200), "\(last) was charged with nobody reading")
                for _ in 0..<1600 { #expect(try await client.reply().charged == "100") }
                try await sent
            }
            #expect(try await stall.charged(customer) == units(100 * 1601))
        }
    }

    @Test(arguments: [
        "", "GET /paid/tea HTTP/1.1\r\nHost:", "POST /free/a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
    ])
    func `hangs up on a client that falls silent`(text: String) async throws {
        try await Stall.open(requestTimeout: .milliseconds(50)) { stall in
            try await RawClient.open(stall.port) { client in
                if !text.isEmpty { try await client.send(text) }
                _ = await client.rest()
            }
        }
    }

    @Test(arguments: ["", "Host: a\r\nHost: b\r\n", "Host: a/b\r\n"])
    func `answers a payment without the one host that it must have with 400, and charges nothing`(
        headers: String
    ) async throws {
        try await Stall.open { stall in
            var customer = try await stall.till.customer(4, holding: units(1_000_000))
            let good = try stall.paid("/paid/tea", by: &customer)
            let bad = try stall.paid("/paid/tea", by: &customer).replacing(
                "Host: stall.test\r\n", with: headers, maxReplacements: 1)
            let requests = good + bad
            try await RawClient.open(stall.port) { client in
                try await client.send(requests)
                #expect(try await client.reply().status == 200)
                #expect(try await client.reply().status == 400)
            }
            #expect(try await stall.charged(customer) == units(100))
        }
    }

    @Test func `hangs up on a client whose head trickles in`() async throws {
        try await Stall.open(requestTimeout: .milliseconds(100)) { stall in
            try await RawClient.open(stall.port) { client in
                // Ends with an error once the server has hung up.
                _ = await #expect(throws: (any Error).self) {
                    try await client.send("GET /paid/tea HTTP/1.1\r\nX: ")
                    for _ in 0..<10_000 {
                        try await client.send("a")
                        try await Task.sleep(for: .milliseconds(5))
                    }
                }
            }
        }
    }

    @Test func `hangs up between two requests, but not while it owes an answer`() async throws {
        try await Stall.open(idleTimeout: .milliseconds(50)) { stall in
            var customer = try await stall.regular(1)
            let request = try stall.paid(by: &customer)
            stall.till.store.barrier.lower()
            try await RawClient.open(stall.port) { client in
                try await client.send(request)
                await stall.till.store.barrier.hold(1)
                try await Task.sleep(for: .milliseconds(250))
                stall.till.store.barrier.lift()
                #expect(try await client.reply().charged == "100")
                #expect(await client.rest().isEmpty)
            }
        }
    }

    @Test func `takes nothing while the disk is full`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            var other = try await stall.regular(2)
            let request = try stall.paid(by: &customer)
            let known = other.charged
            let ahead = try stall.paid(by: &other, ahead: true)
            // What was signed ahead and failed is given up; the next is signed exactly.
            other.adopt(known)
            let exact = try stall.paid(by: &other)
            try await RawClient.open(stall.port) { client in
                stall.till.store.setFull(true)
                for failing in [request, request, ahead] {
                    let reply = try await client.ask(failing)
                    #expect(reply.status == 503 && reply.code == "gate.out-of-order")
                    #expect(reply["payment-response"] == nil)
                }
                stall.till.store.setFull(false)
                #expect(try await client.ask(request).charged == "100")
                #expect(try await client.ask(exact).charged == "100")
            }
            #expect(try await stall.charged(customer) == units(200))
            #expect(try await stall.charged(other) == units(200))
            #expect(stall.till.reserved.isZero)
        }
    }

    @Test func `finishes what is under way before it stops`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            var other = try await stall.regular(2)
            var third = try await stall.till.customer(3, holding: units(1000))
            let quick = try stall.paid(by: &customer) + stall.paid(by: &other)
            let slow = try stall.paid(by: &third)
            let idle = Stall.get("/free/a")
            stall.till.store.barrier.lower()
            try await RawClient.open(stall.port) { silent in
                #expect(try await silent.ask(idle).status == 200)
                try await RawClient.open(stall.port) { first in
                    try await RawClient.open(stall.port) { second in
                        try await first.send(quick)
                        try await second.send(slow)
                        await stall.till.store.barrier.hold(3)
                        await stall.stop()
                        #expect(await silent.rest().isEmpty)
                        stall.till.store.barrier.lift()
                        #expect(try await first.reply().charged == "100")
                        #expect(try await first.reply().charged == "100")
                        #expect(await first.rest().isEmpty)
                        #expect(try await second.reply().charged == "100")
                        #expect(await second.rest().isEmpty)
                    }
                }
            }
        }
    }
}
