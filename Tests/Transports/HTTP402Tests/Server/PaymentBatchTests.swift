// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingX402
import HTTPTypes
import Testing

@testable import FarthingHTTP402

@Suite("A batch of requests")
struct PaymentBatchTests {
    private func read(_ text: String) -> Result<PaymentBatch, BatchFault> {
        Result { () throws(BatchFault) in try PaymentBatch(Array(text.utf8)) }
    }

    @Test func `is read in its order, with and without payments`() throws {
        let text = #"{"requests":[{"method":"GET","path":"/a?b=c","payment":"eyJ9"},{"method":"POST","path":"/d"}]}"#
        let batch = try read(text).get()
        #expect(batch.items.map(\.target) == ["/a?b=c", "/d"])
        #expect(batch.items.map(\.method) == ["GET", "POST"])
        #expect(batch.items.map(\.payment) == ["eyJ9", nil])
        #expect(batch.items.first?.request?.headerFields[.paymentSignature] == "eyJ9")
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"requests":7}"#, #"{"requests":[7]}"#, #"{"requests":[{"path":"/"}]}"#,
        #"{"requests":[{"method":"GET"}]}"#, #"{"requests":[{"method":"G T","path":"/"}]}"#,
        #"{"requests":[{"method":"GET","path":"a"}]}"#, #"{"requests":[{"method":"GET","path":"/ HTTP/1.1"}]}"#,
        #"{"requests":[{"method":"GET","path":"/\r\nX: y"}]}"#,
        #"{"requests":[{"method":"GET","path":"/","payment":7}]}"#,
        #"{"requests":[{"method":"GET","path":"/","payment":"a\r\nX: y"}]}"#,
        #"{"requests":[{"method":"GET","path":"/","payment":"a"}]"#,
        #"{"requests":[{"method":"get","path":"/"}]}"#, #"{"requests":[{"method":"GeT","path":"/"}]}"#,
    ])
    func `that cannot be read is refused whole`(text: String) {
        guard case .failure(.malformed) = read(text) else {
            Issue.record("It was read: \(text)")
            return
        }
    }

    @Test func `holds 1 to 256 requests`() {
        func batch(_ count: Int) -> String {
            let one = #"{"method":"GET","path":"/"}"#
            return #"{"requests":["# + Array(repeating: one, count: count).joined(separator: ",") + "]}"
        }
        #expect(read(batch(0)) == .failure(.count(0)))
        #expect((try? read(batch(256)).get())?.items.count == 256)
        #expect(read(batch(257)) == .failure(.count(257)))
    }

    @Test func `is refused unread when it is too long`() {
        let bytes = [UInt8](repeating: 0x20, count: PaymentBatch.maximumBytes + 1)
        #expect(throws: BatchFault.tooLong) { try PaymentBatch(bytes) }
    }

    @Test func `tells each answer with the headers that matter, and other bytes than text in base64`() throws {
        let answers = [
            GateAnswer(
                status: .ok, headers: [.paymentResponse: "cg==", .contentType: "text/plain"], body: Array("hi".utf8)),
            GateAnswer(status: .paymentRequired, headers: [.paymentRequired: "cQ=="], body: [0xFF]),
        ]
        let json = PaymentBatch.json(answers)["answers"]?.arrayValue
        #expect(json?.count == 2)
        #expect(json?[0]["status"]?.integerValue == 200)
        #expect(json?[0]["receipt"]?.stringValue == "cg==")
        #expect(json?[0]["body"]?.stringValue == "hi")
        #expect(json?[1]["required"]?.stringValue == "cQ==")
        #expect(json?[1]["body"] == nil)
        #expect(json?[1]["bodyBase64"]?.stringValue == "/w==")
    }

    @Test func `answers each request as the gate would, in order, and stops for none`() async throws {
        let desk = ScriptedDesk()
        let gate = Gate(prices: try Shop.prices(), desk: desk)
        let counter = BatchCounter(gate: gate) { request in
            request.target == "/weather" ? .text("sold \(request.method)") : nil
        }
        let text = """
            {"requests":[{"method":"GET","path":"/weather"},{"method":"GET","path":"/nowhere/../x"},
            {"method":"GET","path":"/weather","payment":"\(Shop.payment().header)"},
            {"method":"GET","path":"/weather","payment":"!"}]}
            """
        let answers = await counter.answers(to: try PaymentBatch(Array(text.utf8)))
        #expect(answers.map(\.status.code) == [402, 400, 200, 402])
        #expect(String(decoding: answers[2].body, as: UTF8.self) == "sold GET")
        #expect(answers[2].headers[.paymentResponse] != nil)
        #expect(answers[0].headers[.paymentRequired] != nil)
        #expect(await desk.outcomes.count == 1)
    }
}
