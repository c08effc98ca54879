// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import HTTPTypes
import Synchronization

/// Answers the requests of a batch with a handler that waits for nothing.
///
/// Those of payers that are known are charged together, so that they share a commit; the others follow one by one.
struct BatchCounter: Sendable {
    let gate: Gate
    private let handler: PaymentServer.Handler

    /// - Parameter handler: What it answers is answered with 502, and costs nothing, where it is too long for a batch.
    init(gate: Gate, handler: @escaping PaymentServer.Handler) {
        self.gate = gate
        let tooLong = GateAnswer.problem(.badGateway, BatchShareFault.answerTooLong)
        self.handler = { request in
            let answer = handler(request)
            guard let answer, answer.body.count > PaymentBatch.maximumAnswer else { return answer }
            return PromptAnswer(
                status: tooLong.status, contentType: tooLong.headers[.contentType] ?? "", body: tooLong.body)
        }
    }

    /// Answers each request within what one batch may take up.
    func answers(to batch: PaymentBatch) async -> [GateAnswer] {
        var answers = await promptAnswers(to: batch)
        var bytes = answers.reduce(0) { $0 + ($1?.body.count ?? 0) }
        var free = 0
        for (index, item) in batch.items.enumerated() where answers[index] == nil {
            guard let request = item.request else { continue }
            // What was answered already was paid for, and is no stream.
            if let refusal = PaymentBatch.refusal(of: request, at: gate, free: &free) {
                answers[index] = refusal
                continue
            }
            guard bytes < PaymentBatch.maximumAnswers else {
                answers[index] = .problem(.tooManyRequests, BatchShareFault.answersTooLong)
                continue
            }
            let answer = await gate.answer(request, by: handler)
            bytes += answer.body.count
            answers[index] = answer
        }
        return answers.map { $0 ?? GateAnswer(.badRequest) }
    }

    /// What is charged without a task for each; `nil` for those that must be looked at in full.
    private func promptAnswers(to batch: PaymentBatch) async -> [GateAnswer?] {
        await withCheckedContinuation { continuation in
            let tray = Tray(batch.items.count, continuation)
            var charges: [PromptCharge] = []
            var last: (any CheckedPayment)?
            var bytes = 0
            for (index, item) in batch.items.enumerated() {
                guard bytes < PaymentBatch.maximumAnswers, let header = item.payment,
                    let paid = gate.check(item.method, item.target, header: header, after: last),
                    let answer = handler(PromptRequest(method: item.method, target: item.target)),
                    answer.status.code < 400
                else {
                    tray.put(nil, at: index)
                    continue
                }
                last = paid.payment
                bytes += answer.body.count
                charges.append(
                    PromptCharge(payment: paid.payment, price: paid.price) { outcome in
                        guard case .charged(let receipt) = outcome else { return tray.put(nil, at: index) }
                        tray.put(
                            GateAnswer(
                                status: answer.status,
                                headers: [.paymentResponse: receipt(), .contentType: answer.contentType],
                                body: answer.body), at: index)
                    })
            }
            charges.charge()
        }
    }

    /// Collects answers that come in any order.
    private final class Tray: Sendable {
        private struct Contents {
            var answers: [GateAnswer?]
            var left: Int
        }

        private let contents: Mutex<Contents>
        private let full: CheckedContinuation<[GateAnswer?], Never>

        init(_ count: Int, _ full: CheckedContinuation<[GateAnswer?], Never>) {
            contents = Mutex(Contents(answers: Array(repeating: nil, count: count), left: count))
            self.full = full
        }

        func put(_ answer: GateAnswer?, at index: Int) {
            let all = contents.withLock { contents in
                contents.answers[index] = answer
                contents.left -= 1
                return contents.left == 0 ? contents.answers : nil
            }
            if let all { full.resume(returning: all) }
        }
    }
}

extension GateAnswer {
    init(_ status: HTTPResponse.Status) { self.init(status: status, headers: [:], body: []) }
}
