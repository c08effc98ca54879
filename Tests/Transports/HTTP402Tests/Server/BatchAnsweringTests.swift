// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
import Synchronization
import Testing

@testable import FarthingHTTP402

@Suite("What a batch may take up", .timeLimit(.minutes(2)))
struct BatchAnsweringTests {
    private struct Course {
        var underWay = 0
        var most = 0
        var begun = 0
    }

    @Test func `is a few requests at a time, answered in their order`() async throws {
        let course = Mutex(Course())
        let answers = try await answers(to: (0..<256).map { "/weather?\($0)" }) { request in
            course.withLock { course in
                course.underWay += 1
                course.most = max(course.most, course.underWay)
            }
            for _ in 0..<20 { await Task.yield() }
            course.withLock { $0.underWay -= 1 }
            return GateAnswer(status: .ok, headers: [:], body: Array((request.path ?? "").utf8))
        }
        #expect(answers.map(\.text) == (0..<256).map { "/weather?\($0)" })
        #expect(course.withLock { $0.most } <= PaymentBatch.maximumUnderWay)
    }

    @Test func `is so many bytes of answers, and what is left is not begun`() async throws {
        let course = Mutex(Course())
        let answers = try await answers(to: (0..<256).map { "/weather?\($0)" }) { _ in
            course.withLock { $0.begun += 1 }
            return GateAnswer(
                status: .ok, headers: [:], body: [UInt8](repeating: 0x61, count: PaymentBatch.maximumAnswer))
        }
        let begun = course.withLock { $0.begun }
        let whole = PaymentBatch.maximumAnswers / PaymentBatch.maximumAnswer
        #expect(begun >= whole && begun < whole + PaymentBatch.maximumUnderWay)
        #expect(answers.count == 256)
        #expect(answers.prefix(begun).allSatisfy { $0.status == .ok })
        #expect(answers.dropFirst(begun).allSatisfy { $0.status.code == 429 && $0.code == "batch.answers-too-long" })
    }

    @Test func `is little that is free, beside what is paid for`() async throws {
        let course = Mutex(Course())
        let paths = (0..<40).map { $0.isMultiple(of: 2) ? "/about?\($0)" : "/weather?\($0)" }
        let answers = try await answers(to: paths) { _ in
            course.withLock { $0.begun += 1 }
            return GateAnswer(.ok)
        }
        #expect(course.withLock { $0.begun } == 20 + PaymentBatch.maximumFree)
        let refused = answers.indices.filter { answers[$0].code == "batch.too-many-free" }
        #expect(refused == [32, 34, 36, 38])
    }

    private func answers(
        to paths: [String], by answer: @escaping @Sendable (HTTPRequest) async -> GateAnswer
    ) async throws -> [GateAnswer] {
        let requests = paths.map { #"{"method":"GET","path":"\#($0)"}"# }.joined(separator: ",")
        let batch = try PaymentBatch(Array(#"{"requests":[\#(requests)]}"#.utf8))
        return await batch.answers(at: Gate(prices: try Shop.prices(), desk: ScriptedDesk()), by: answer)
    }
}
