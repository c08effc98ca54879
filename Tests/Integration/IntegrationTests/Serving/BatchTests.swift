// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@Suite(
    "A batch at a gateway", .serialized, .timeLimit(.minutes(3)),
    .shop("--route", "/free/** free", "--route", "/** 1000"))
struct BatchTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    @Test func `asks the upstream for little that is free`() async throws {
        let calls = shop.upstream.calls
        let items: [JSON] = (0..<40).map { ["method": "GET", "path": .string("/free/\($0)")] }
        let answers = try await answers(to: items + [["method": "GET", "path": "/weather"]])
        let expected: [Int64?] = Array(repeating: 200, count: 16) + Array(repeating: 429, count: 24) + [402]
        #expect(answers.map { $0["status"]?.integerValue } == expected)
        #expect(shop.upstream.calls == calls + 16)
    }

    @Test func `credits an answer that it cannot hold`() async throws {
        var payer = try await shop.regular()
        let before = try await shop.books(of: payer)
        let payment = JSON.string(try payer.pay().header)
        let answers = try await answers(to: [["method": "GET", "path": "/big/300000", "payment": payment]])
        #expect(answers.map { $0["status"]?.integerValue } == [502])
        #expect(try await eventually(within: .seconds(10)) { try await shop.books(of: payer).credit == payer.price })
        let after = try await shop.books(of: payer)
        #expect(after.charged == before.charged.adding(payer.price))
    }

    @Test func `asks for nothing by a method in small letters`() async throws {
        let calls = shop.upstream.calls
        let reply = try await send([["method": "get", "path": "/weather"]])
        #expect(reply.status == 400 && reply.code == "batch.malformed")
        #expect(shop.upstream.calls == calls)
    }

    private func answers(to items: [JSON]) async throws -> [JSON] {
        let reply = try await send(items)
        return try #require(reply.json?["answers"]?.arrayValue, "\(reply.text)")
    }

    private func send(_ items: [JSON]) async throws -> HTTPReply {
        let batch: JSON = ["requests": .array(items)]
        return try await shop.client.send("POST", "/.well-known/farthing/batch", body: batch.bytes)
    }
}
