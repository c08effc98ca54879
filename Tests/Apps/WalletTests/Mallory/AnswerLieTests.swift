// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingEncodings
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingWallet
import FarthingX402
import NIOCore
import NIOHTTP1
import Testing

@Suite("A server whose answers are no answers", .timeLimit(.minutes(2)))
struct AnswerLieTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let codes: Set<String>
        let headers: @Sendable (Mallory) -> [(name: String, value: String)]
    }

    private static let name = "PAYMENT-REQUIRED"

    static let demands: [Case] = [
        Case(testDescription: "more than 64 KiB", codes: ["x402.header-too-long"]) { _ in
            [(name, String(repeating: "A", count: 66 * 1024))]
        },
        Case(testDescription: "a megabyte", codes: ["payment.unreachable"]) { _ in
            [(name, String(repeating: "A", count: 1 << 20))]
        },
        Case(testDescription: "no base64", codes: ["x402.header-not-base64"]) { _ in [(name, "@@@@")] },
        Case(testDescription: "no JSON", codes: ["x402.header-not-json"]) { _ in
            [(name, Base64.encode(Array("gold".utf8)))]
        },
        Case(testDescription: "JSON of great depth", codes: ["x402.header-not-json"]) { _ in
            [(name, Base64.encode(Array(String(repeating: "[", count: 40_000).utf8)))]
        },
        Case(testDescription: "an array", codes: ["x402.header-member"]) { _ in
            [(name, Base64.encode(Array("[]".utf8)))]
        },
        Case(testDescription: "version 1", codes: ["x402.version"]) { _ in
            [(name, Base64.encode(Array(#"{"x402Version":1,"accepts":[]}"#.utf8)))]
        },
        Case(testDescription: "no header at all", codes: ["payment.no-offer"]) { _ in [] },
        Case(testDescription: "no offers", codes: ["payment.none-acceptable"]) { _ in
            [(name, Base64.encode(Array(#"{"x402Version":2,"accepts":[]}"#.utf8)))]
        },
        Case(testDescription: "10,000 empty offers", codes: ["payment.none-acceptable"]) { _ in
            let offers = Array(repeating: "{}", count: 10_000).joined(separator: ",")
            return [(name, Base64.encode(Array("{\"x402Version\":2,\"accepts\":[\(offers)]}".utf8)))]
        },
    ]

    @Test(arguments: demands)
    func `gets nothing for a demand that cannot be read`(demand: Case) async throws {
        let trick: Mallory.Trick = { mallory, _ in
            Mallory.Answer(status: 402, headers: demand.headers(mallory))
        }
        try await Attack.run(most: 0, by: trick) { attack async throws in
            let code = try await attack.pay()
            #expect(demand.codes.contains(code), "\(code)")
            #expect(attack.mallory.payments == 0)
        }
    }

    @Test(arguments: demands)
    func `gets the price of one request for an answer that cannot be read`(demand: Case) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            visit.payload == nil
                ? mallory.demand(mallory.offer()) : Mallory.Answer(status: 402, headers: demand.headers(mallory))
        }
        try await Attack.run(by: trick) { attack async throws in
            for _ in 0..<3 { try await attack.pay() }
            let states = try await attack.wallet.journal.entries().map(\.state)
            #expect(states.allSatisfy { $0 == .unknown || $0 == .refused })
        }
    }

    @Test func `has only the first of two demands looked at`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            let dear = mallory.demand(mallory.offer(100_001)).headers
            return Mallory.Answer(status: 402, headers: dear + mallory.demand(mallory.offer()).headers)
        }
        try await Attack.run(most: 0, by: trick) { attack async throws in
            let code = try await attack.pay()
            #expect(code == "policy.per-request")
        }
    }

    @Test(arguments: ["x", "e30=", "bnVsbA==", "W10="])
    func `cannot get away with a receipt that cannot be read`(receipt: String) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            visit.payload == nil
                ? mallory.demand(mallory.offer()) : Mallory.Answer(headers: [("PAYMENT-RESPONSE", receipt)])
        }
        try await Attack.run(by: trick) { attack async throws in
            let code = try await attack.pay()
            #expect(code.hasPrefix("x402.header"))
            #expect(try await attack.wallet.journal.entries().map(\.state) == [.unknown])
        }
    }

    @Test(arguments: [301, 302, 307, 308], [true, false])
    func `cannot send a payment elsewhere`(status: Int, isPaid: Bool) async throws {
        try await Market.open { market in
            try await Mallory.open(beside: market, { mallory, _ in mallory.demand(mallory.offer()) }) { other in
                let trick: Mallory.Trick = { mallory, visit in
                    guard isPaid == (visit.payload != nil) else { return mallory.demand(mallory.offer()) }
                    return Mallory.Answer(status: status, headers: [("Location", other.url + "/gold")])
                }
                try await Attack.run(most: isPaid ? 1000 : 0, by: trick) { attack async throws in
                    let code = try await attack.pay()
                    #expect(code == "\(status)")
                }
                #expect(other.visits == 0)
            }
        }
    }

    @Test(arguments: [true, false])
    func `cannot keep a payer waiting`(isPaid: Bool) async throws {
        let trick: Mallory.Trick = { mallory, visit in
            guard isPaid == (visit.payload != nil) else { return mallory.demand(mallory.offer()) }
            var answer = mallory.serve(visit)
            answer.pause = .milliseconds(20)
            return answer
        }
        try await Attack.run(most: isPaid ? 1000 : 0, timeout: .milliseconds(300), by: trick) { attack async throws in
            let code = try await attack.pay()
            #expect(code == (isPaid ? "payment.outcome-unknown" : "payment.unreachable"))
        }
    }

    @Test func `is paid once for a body that never ends`() async throws {
        let trick: Mallory.Trick = { mallory, visit in
            var answer = visit.payload == nil ? mallory.demand(mallory.offer()) : mallory.serve(visit)
            answer.isEndless = true
            return answer
        }
        try await Attack.run(by: trick) { attack async throws in
            let answer = try await attack.client.execute(PayingRequest(url: attack.mallory.url + "/gold"))
            #expect(answer.receipt?.charged == 1000)
            await #expect(throws: NIOTooManyBytesError.self) {
                _ = try await answer.response.body.collect(upTo: 1 << 20)
            }
        }
    }
}
