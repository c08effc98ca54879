// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import HTTPTypes

extension PaymentBatch {
    /// How many requests of a batch are under way at once.
    public static let maximumUnderWay = 16
    /// How many requests of a batch may ask for what is free.
    public static let maximumFree = 16
    /// How long the bodies of a batch's answers may be together before what is left of it is refused.
    ///
    /// What is under way then is still answered, so they may become longer by ``maximumUnderWay`` answers.
    ///
    /// - Unit: bytes.
    public static let maximumAnswers = 4 * 1024 * 1024

    /// Answers each request as if it had come by itself, within what one batch may take up.
    ///
    /// They are begun in their order. One that is refused here is not charged.
    ///
    /// - Parameters:
    ///   - gate: Knows what is free, and what is a stream.
    ///   - answer: Answers one request.
    /// - Returns: One for each request, in their order.
    public func answers(
        at gate: Gate, by answer: @escaping @Sendable (HTTPRequest) async -> GateAnswer
    ) async -> [GateAnswer] {
        var answers = refusals(at: gate)
        var waiting = items.indices.filter { answers[$0] == nil }[...]
        await withTaskGroup(of: (Int, GateAnswer).self) { group in
            var (underWay, bytes) = (0, 0)
            while true {
                while underWay < Self.maximumUnderWay, bytes < Self.maximumAnswers, let index = waiting.popFirst() {
                    guard let request = items[index].request else { continue }
                    group.addTask { (index, await answer(request)) }
                    underWay += 1
                }
                guard let (index, answered) = await group.next() else { break }
                underWay -= 1
                bytes += answered.body.count
                answers[index] = answered
            }
        }
        return answers.map { $0 ?? .problem(.tooManyRequests, BatchShareFault.answersTooLong) }
    }

    /// The answers to those requests that no batch may hold, or not so many of.
    private func refusals(at gate: Gate) -> [GateAnswer?] {
        var free = 0
        return items.map { item in
            guard let request = item.request else { return GateAnswer(.badRequest) }
            return Self.refusal(of: request, at: gate, free: &free)
        }
    }

    /// The answer if no batch may hold this request, or not so many of its kind.
    ///
    /// - Parameter free: How many that are free came before; counts this one.
    static func refusal(of request: HTTPRequest, at gate: Gate, free: inout Int) -> GateAnswer? {
        guard !gate.sellsStream(request) else { return StreamFault.inBatch.answer }
        guard gate.givesAway(request) else { return nil }
        free += 1
        return free > Self.maximumFree ? .problem(.tooManyRequests, BatchShareFault.tooManyFree) : nil
    }
}

/// Why one request of a batch was not looked into, or not answered; nothing was charged for it.
public enum BatchShareFault: ExplainedError, Hashable {
    case tooManyFree
    case answersTooLong
    case answerTooLong

    public var code: String {
        switch self {
        case .tooManyFree: "batch.too-many-free"
        case .answersTooLong: "batch.answers-too-long"
        case .answerTooLong: "batch.answer-too-long"
        }
    }

    public var message: String {
        switch self {
        case .tooManyFree: "A batch may ask for at most \(PaymentBatch.maximumFree) things that are free."
        case .answersTooLong:
            "The answers to the requests before this one have more than \(PaymentBatch.maximumAnswers) bytes together."
        case .answerTooLong: "The answer is longer than the \(PaymentBatch.maximumAnswer) bytes that a batch takes."
        }
    }

    public var remedy: String? {
        switch self {
        case .tooManyFree: "Ask for them by themselves."
        case .answerTooLong: "Ask for it by itself; the payment is as good as before."
        case .answersTooLong: "Send this request again in another batch; the payment is as good as before."
        }
    }
}
