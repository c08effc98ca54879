// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingX402
import Testing

@Suite("Many requests at a payment server", .timeLimit(.minutes(2)))
struct PipeliningTests {
    @Test func `answers in order, and charges each once, whatever is mixed on one connection`() async throws {
        try await Stall.open { stall in
            var random = SplitMix(seed: 7)
            var customers: [Customer] = []
            for number in 1...8 { customers.append(try await stall.regular(UInt64(number))) }
            var text = ""
            var expected: [(status: Int, body: String?)] = []
            var charges = [UInt128](repeating: 1, count: customers.count)
            for step in 0..<200 {
                let who = random.below(customers.count)
                let target = "/paid/\(step)"
                switch random.below(8) {
                case 0:
                    text += Stall.get("/free/\(step)")
                    expected.append((200, "GET /free/\(step)"))
                case 1:
                    text += Stall.get(target)
                    expected.append((402, nil))
                case 2:
                    var wrong = customers[who]
                    wrong.adopt(units(900_000))
                    text += try stall.paid(target, by: &wrong)
                    expected.append((402, nil))
                case 3:
                    text += try stall.paid(target, by: &customers[who], "Content-Length: 3") + "abc"
                    expected.append((200, "GET \(target)"))
                    charges[who] += 1
                case 4:
                    text += Stall.get(target, "PAYMENT-SIGNATURE: bm90aGluZw==")
                    expected.append((402, nil))
                default:
                    text += try stall.paid(target, by: &customers[who])
                    expected.append((200, "GET \(target)"))
                    charges[who] += 1
                }
            }
            let (request, answers) = (text, expected)
            try await RawClient.open(stall.port) { client in
                let send = client.sender
                async let sent: Void = send(request)
                for (step, answer) in answers.enumerated() {
                    let reply = try await client.reply()
                    #expect(reply.status == answer.status, "request \(step)")
                    if let body = answer.body { #expect(reply.body == body) }
                }
                try await sent
            }
            for (customer, count) in zip(customers, charges) {
                #expect(try await stall.charged(customer) == units(100 * count))
            }
            #expect(stall.till.unclaimed == units(100 * charges.reduce(0, +)))
            #expect(stall.asked.quickly > 0 && stall.asked.slowly > 0)
        }
    }

    @Test func `tells in its turn that what came is no HTTP`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            var other = try await stall.regular(2)
            let text =
                try stall.paid(by: &customer) + stall.paid(by: &other) + Stall.get("/free/a") + "NO HTTP AT ALL\r\n\r\n"
            stall.till.store.barrier.lower()
            try await RawClient.open(stall.port) { client in
                try await client.send(text)
                await stall.till.store.barrier.hold(2)
                stall.till.store.barrier.lift()
                #expect(try await client.reply().charged == "100")
                #expect(try await client.reply().charged == "100")
                #expect(try await client.reply().body == "GET /free/a")
                #expect(try await client.reply().status == 400)
                #expect(await client.rest().isEmpty)
            }
            #expect(try await stall.charged(customer) == units(200))
            #expect(try await stall.charged(other) == units(200))
        }
    }

    @Test func `takes nothing that comes after the client said it would close`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            var other = try await stall.regular(2)
            let text = try stall.paid(by: &customer, "Connection: close") + stall.paid(by: &other)
            try await RawClient.open(stall.port) { client in
                let reply = try await client.ask(text)
                #expect(reply.charged == "100")
                let rest = await client.rest()
                #expect(!rest.contains("200 OK"))
            }
            #expect(try await stall.charged(other) == units(100))
        }
    }

    @Test func `takes what was signed ahead in any order over many connections`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            // The server learns what such a payment looks like.
            let first = try stall.paid(by: &customer, ahead: true)
            #expect(try await stall.ask(first).charged == "100")
            for round in 1...4 {
                var random = SplitMix(seed: UInt64(round))
                // The lowest is being charged while all others come, so none of them is late.
                let lowest = try stall.paid(by: &customer, ahead: true)
                var requests = try (0..<48).map { _ in try stall.paid(by: &customer, ahead: true) }
                requests.shuffle(using: &random)
                let shares = (0..<16).map { requests[3 * $0..<3 * $0 + 3].joined() }
                stall.till.store.barrier.lower()
                let known = stall.asked.quickly
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        let reply = try await stall.ask(lowest)
                        #expect(reply.charged == "100")
                    }
                    await stall.till.store.barrier.hold(1)
                    for share in shares {
                        group.addTask {
                            try await RawClient.open(stall.port) { client in
                                try await client.send(share)
                                for _ in 0..<3 { #expect(try await client.reply().charged == "100") }
                            }
                        }
                    }
                    for _ in 0..<2000 where stall.asked.quickly < known + 49 {
                        try await Task.sleep(for: .milliseconds(5))
                    }
                    stall.till.store.barrier.lift()
                    try await group.waitForAll()
                }
            }
            #expect(try await stall.charged(customer) == units(100 * (2 + 4 * 49)))
            #expect(stall.asked == Stall.Asked(quickly: 4 * 49, slowly: 2))
        }
    }

    @Test func `serves two hundred connections at once`() async throws {
        try await Stall.open { stall in
            let people = try await withThrowingTaskGroup(of: Customer.self) { group in
                for number in 1...200 {
                    group.addTask {
                        var customer = try await stall.till.customer(UInt64(number), holding: units(10_000))
                        let requests = try (0..<5).map { _ in try stall.paid(by: &customer) }
                        try await RawClient.open(stall.port) { client in
                            #expect(try await client.ask(requests[0]).charged == "100")
                            try await client.send(requests[1...].joined())
                            for _ in 1..<5 { #expect(try await client.reply().charged == "100") }
                        }
                        return customer
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for customer in people { #expect(try await stall.charged(customer) == units(500)) }
            #expect(stall.till.unclaimed == units(100_000))
        }
    }
}

/// Random numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ end: Int) -> Int { Int.random(in: 0..<end, using: &self) }
}
