// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import HTTPTypes

/// Why a payment for a metered stream was of no use; nothing was charged for it.
public enum StreamFault: ExplainedError, Hashable {
    /// No stream has this name, or it is another route's.
    case unknown
    case ended(StreamMeter.End)
    /// Somebody else opened it.
    case foreignPayer
    case tooFarAhead(payments: Int)
    /// As many streams are open as may be.
    case tooMany
    /// A batch of requests cannot hold an answer that goes on.
    case inBatch

    public var code: String {
        switch self {
        case .unknown: "stream.unknown"
        case .ended: "stream.ended"
        case .foreignPayer: "stream.foreign-payer"
        case .tooFarAhead: "stream.too-far-ahead"
        case .tooMany: "stream.too-many"
        case .inBatch: "stream.in-batch"
        }
    }

    public var message: String {
        switch self {
        case .unknown: "No stream of this name is open here."
        case .ended(let end): "The stream is over (\(end.rawValue)); nothing was charged for this payment."
        case .foreignPayer: "The stream was opened by another payer; nothing was charged for this payment."
        case .tooFarAhead(let payments):
            "\(payments) payments wait for the stream to use them up; nothing was charged for this one."
        case .tooMany: "As many streams are open as may be; nothing was charged."
        case .inBatch: "A metered stream cannot be asked for in a batch of requests; nothing was charged."
        }
    }

    public var remedy: String? {
        switch self {
        case .unknown, .ended, .foreignPayer: "Open a stream of your own: send the payment without Payment-Stream."
        case .tooFarAhead: "Wait for the answer to one of them."
        case .tooMany: "Try again later."
        case .inBatch: "Send a request of its own."
        }
    }

    var status: HTTPResponse.Status {
        switch self {
        case .unknown: .notFound
        case .ended: .gone
        case .foreignPayer: .forbidden
        case .tooFarAhead: .tooManyRequests
        case .tooMany: .serviceUnavailable
        case .inBatch: .badRequest
        }
    }

    /// As a client is told.
    public var answer: GateAnswer {
        var answer = GateAnswer.problem(status, self)
        if case .tooMany = self { answer.headers[.retryAfter] = "5" }
        return answer
    }
}
