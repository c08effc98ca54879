// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("Payment identifiers")
struct PaymentIdentifiersTests {
    @Test func `are fresh once, then in progress, then answered`() {
        let identifiers = PaymentIdentifiers()
        #expect(finding(identifiers, "a") == "fresh")
        #expect(finding(identifiers, "a") == "in progress")
        identifiers.keep(answer("done"), for: "a")
        #expect(finding(identifiers, "a") == "answered done")
        #expect(finding(identifiers, "a") == "answered done")
        #expect(finding(identifiers, "b") == "fresh")
    }

    @Test func `belong to one payment`() {
        let identifiers = PaymentIdentifiers()
        _ = finding(identifiers, "a")
        #expect(finding(identifiers, "a", payment: 2) == "conflict")
        identifiers.keep(answer("done"), for: "a")
        #expect(finding(identifiers, "a", payment: 2) == "conflict")
        #expect(finding(identifiers, "a") == "answered done")
    }

    @Test func `are free again when nothing was charged`() {
        let identifiers = PaymentIdentifiers()
        _ = finding(identifiers, "a")
        identifiers.forget("a")
        #expect(finding(identifiers, "a", payment: 2) == "fresh")
        identifiers.keep(answer("done"), for: "a")
        identifiers.forget("a")
        #expect(finding(identifiers, "a") == "fresh")
        #expect(identifiers.size == (1, 0))
    }

    @Test func `are remembered without an answer that was too long`() {
        let identifiers = PaymentIdentifiers()
        _ = finding(identifiers, "a")
        identifiers.keep(nil, for: "a")
        #expect(finding(identifiers, "a") == "not kept")
    }

    @Test func `keep their first answer`() {
        let identifiers = PaymentIdentifiers()
        _ = finding(identifiers, "a")
        identifiers.keep(answer("first"), for: "a")
        identifiers.keep(answer("second"), for: "a")
        #expect(finding(identifiers, "a") == "answered first")
        identifiers.keep(answer("unasked"), for: "b")
        #expect(identifiers.size.entries == 1)
    }

    @Test func `are forgotten when there are too many, the oldest first`() {
        let identifiers = PaymentIdentifiers(maximumEntries: 3)
        for name in ["a", "b", "c", "d"] {
            _ = finding(identifiers, name)
            identifiers.keep(answer(name), for: name)
        }
        #expect(identifiers.size.entries == 3)
        #expect(finding(identifiers, "b") == "answered b")
        #expect(finding(identifiers, "a") == "fresh")
    }

    @Test func `are forgotten when their answers are too long together`() {
        let identifiers = PaymentIdentifiers(maximumBytes: 10)
        for name in ["a", "b", "c"] {
            _ = finding(identifiers, name)
            identifiers.keep(answer(String(repeating: name, count: 4)), for: name)
        }
        #expect(identifiers.size == (2, 8))
        #expect(finding(identifiers, "a") == "fresh")
        #expect(finding(identifiers, "c") == "answered cccc")
    }

    @Test func `count the headers of what they keep`() {
        let identifiers = PaymentIdentifiers()
        _ = finding(identifiers, "a")
        identifiers.keep(GateAnswer(status: .ok, headers: [.contentType: "text/plain"], body: [1, 2]), for: "a")
        #expect(identifiers.size.bytes == 2 + "Content-Type".utf8.count + "text/plain".utf8.count)
    }

    @Test func `are never forgotten while they are in progress`() {
        let identifiers = PaymentIdentifiers(maximumEntries: 2)
        for name in ["a", "b", "c"] { _ = finding(identifiers, name) }
        for name in ["a", "b", "c"] { #expect(finding(identifiers, name) == "in progress") }
        for name in ["a", "b", "c"] { identifiers.keep(answer(name), for: name) }
        #expect(identifiers.size.entries == 2)
        #expect(finding(identifiers, "c") == "answered c")
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `stay within their bounds through a hundred thousand payments`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let identifiers = PaymentIdentifiers(maximumEntries: 500, maximumBytes: 4_000)
        var open: [String] = []
        for number in 0..<100_000 {
            let name = "\(number)"
            _ = identifiers.take(name, fingerprint: .zero)
            open.append(name)
            if open.count > 20 || Bool.random(using: &random) {
                let done = open.remove(at: Int.random(in: open.indices, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0: identifiers.forget(done)
                case 1: identifiers.keep(nil, for: done)
                default: identifiers.keep(answer(String(repeating: "x", count: number % 40)), for: done)
                }
                let size = identifiers.size
                guard size.entries <= 500, size.bytes <= 4_000 else {
                    Issue.record("seed \(seed), payment \(number): \(size)")
                    return
                }
            }
        }
        for name in open {
            guard case .inProgress = identifiers.take(name, fingerprint: .zero) else {
                Issue.record("seed \(seed): \(name) is forgotten")
                continue
            }
        }
    }

    @Test(arguments: ["short", "with space in it!", "", String(repeating: "a", count: 129), "ümlaut-0123456789"])
    func `are refused when they are malformed`(text: String) {
        #expect(throws: PaymentFault.identifierMalformed) {
            try PaymentIdentifiers.identifier(of: Shop.payment(identifier: text))
        }
    }

    @Test(arguments: ["0123456789abcdef", "AZ-az_09AZ-az_09", String(repeating: "z", count: 128)])
    func `are read when they are well-formed`(text: String) throws {
        #expect(try PaymentIdentifiers.identifier(of: Shop.payment(identifier: text)) == text)
        #expect(try PaymentIdentifiers.identifier(of: Shop.payment()) == nil)
    }

    private func finding(_ identifiers: PaymentIdentifiers, _ name: String, payment: UInt8 = 1) -> String {
        switch identifiers.take(name, fingerprint: Keccak256.hash([payment])) {
        case .fresh: "fresh"
        case .inProgress: "in progress"
        case .conflict: "conflict"
        case .answered(let answer): "answered \(answer.text)"
        case .notKept: "not kept"
        }
    }

    private func answer(_ text: String) -> GateAnswer {
        GateAnswer(status: .ok, headers: [:], body: Array(text.utf8))
    }
}
