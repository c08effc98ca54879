// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingPrimitives
import Testing

@Suite("A batch at a payment server", .timeLimit(.minutes(2)))
struct BatchesAtServerTests {
    /// One small request by somebody who pays nothing, for 256 MiB of text, of JSON and of what is sent.
    @Test func `gets little that is free, and nothing that is long`() async throws {
        try await Stall.open { stall in
            let short = try await answers(at: stall, Array(repeating: item("/free/water"), count: 256))
            #expect(short.map(\.status) == Array(repeating: 200, count: 16) + Array(repeating: 429, count: 240))
            #expect(short.dropFirst(16).allSatisfy { $0.code == "batch.too-many-free" })
            let long = try await answers(at: stall, Array(repeating: item("/free/vast"), count: 256))
            #expect(long.map(\.status) == Array(repeating: 502, count: 16) + Array(repeating: 429, count: 240))
            #expect(long.prefix(16).allSatisfy { $0.code == "batch.answer-too-long" })
            #expect(stall.asked.slowly == 32)
        }
    }

    @Test func `gets so many bytes of answers, and pays for no others`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            let items = try (0..<20).map { _ in try item("/paid/longest", paidBy: &customer, at: stall) }
            let all = try await answers(at: stall, items)
            #expect(all.map(\.status) == Array(repeating: 200, count: 16) + Array(repeating: 429, count: 4))
            #expect(all.dropFirst(16).allSatisfy { $0.code == "batch.answers-too-long" })
            #expect(try await stall.charged(customer) == units(1700))
            let rest = try await answers(at: stall, Array(items.dropFirst(16)))
            #expect(rest.map(\.status) == [200, 200, 200, 200], "the payments are as good as before")
            #expect(try await stall.charged(customer) == units(2100))
        }
    }

    @Test func `pays nothing for an answer that it cannot hold`() async throws {
        try await Stall.open { stall in
            var customer = try await stall.regular(1)
            let known = customer.charged
            let vast = try item("/paid/vast", paidBy: &customer, at: stall)
            let first = try await answers(at: stall, [vast])
            #expect(first.map(\.status) == [502] && first.first?.code == "batch.answer-too-long")
            customer.adopt(known)
            let second = try await answers(at: stall, [try item("/paid/tea", paidBy: &customer, at: stall)])
            #expect(second.map(\.status) == [200])
            #expect(try await stall.charged(customer) == units(200))
        }
    }

    private struct Answer {
        let status: Int
        let code: String?
    }

    private func item(_ target: String) -> JSON { ["method": "GET", "path": .string(target)] }

    private func item(_ target: String, paidBy customer: inout Customer, at stall: Stall) throws -> JSON {
        let header = try stall.header(by: &customer)
        let payment = try #require(header.split(separator: " ").last)
        return ["method": "GET", "path": .string(target), "payment": .string(String(payment))]
    }

    private func answers(at stall: Stall, _ items: [JSON]) async throws -> [Answer] {
        let batch: JSON = ["requests": .array(items)]
        let body = String(decoding: batch.bytes, as: UTF8.self)
        let head =
            "POST \(PaymentBatch.path) HTTP/1.1\r\nHost: stall.test\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        let reply = try await stall.ask(head + body)
        try #require(reply.status == 200)
        #expect(reply.body.utf8.count < 2 * PaymentBatch.maximumAnswers)
        let json = try JSON.parse(Array(reply.body.utf8), limits: JSON.Limits(maximumBytes: 64 << 20))
        return try #require(json["answers"]?.arrayValue).map { answer in
            let problem = answer["body"]?.stringValue.flatMap { try? JSON.parse($0) }
            return Answer(
                status: Int(try #require(answer["status"]?.integerValue)), code: problem?["code"]?.stringValue)
        }
    }
}
