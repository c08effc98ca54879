// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import HTTPTypes

/// A response that the gate gives by itself.
public struct GateAnswer: Hashable, Sendable {
    public var status: HTTPResponse.Status
    public var headers: HTTPFields
    public var body: [UInt8]

    public init(status: HTTPResponse.Status, headers: HTTPFields, body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Problem details, as everything here that is refused is told.
    ///
    /// - Source: RFC 9457. `code` and `remedy` are extension members.
    static func problem(
        _ status: HTTPResponse.Status, code: String, title: String, detail: String, remedy: String?,
        headers: HTTPFields = [:]
    ) -> GateAnswer {
        let problem = JSON.object([
            "type": "about:blank", "title": .string(title), "status": .number(JSON.Number(Int64(status.code))),
            "detail": .string(detail), "code": .string(code), "remedy": remedy.map { .string($0) },
        ])
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        return GateAnswer(status: status, headers: headers, body: problem.bytes)
    }

    /// The desk cannot work; it may in a moment.
    static var outOfOrder: GateAnswer {
        var answer = problem(.serviceUnavailable, GateFault.outOfOrder)
        answer.headers[.retryAfter] = "1"
        return answer
    }

    static func problem(_ status: HTTPResponse.Status, _ error: any ExplainedError) -> GateAnswer {
        problem(
            status, code: error.code, title: status.reasonPhrase, detail: error.message, remedy: error.remedy)
    }
}

/// Why the gate did not even look for a payment.
public enum GateFault: ExplainedError {
    case ambiguousPath
    case notSold
    case identifierInProgress
    case answerNotKept
    /// The desk cannot work: the store or the ledger is gone.
    case outOfOrder
    /// More payments are under way than may be.
    case overloaded
    case badOverride

    public var code: String {
        switch self {
        case .ambiguousPath: "path.ambiguous"
        case .notSold: "path.not-sold"
        case .identifierInProgress: "payment_identifier_in_progress"
        case .answerNotKept: "payment_identifier_answer_not_kept"
        case .outOfOrder: "gate.out-of-order"
        case .overloaded: "gate.overloaded"
        case .badOverride: "upstream.bad-override"
        }
    }

    public var message: String {
        switch self {
        case .ambiguousPath: "The path has dot segments, empty segments or encoded separators."
        case .notSold: "Nothing is served at this path."
        case .identifierInProgress: "The payment with this identifier is being worked on."
        case .answerNotKept: "The payment with this identifier was taken; its answer was too long to keep."
        case .outOfOrder: "Payments cannot be taken at the moment; nothing was charged."
        case .overloaded: "Too many payments are under way at the moment; nothing was charged."
        case .badOverride: "The upstream named a price that cannot be read; nothing was charged."
        }
    }

    public var remedy: String? {
        switch self {
        case .ambiguousPath: "Send the path in its plain form."
        case .notSold: "GET /.well-known/farthing lists what is served."
        case .identifierInProgress: "Send the same request again in a second."
        case .answerNotKept: "Send a new payment with a new identifier."
        case .outOfOrder, .overloaded: "Try again later."
        case .badOverride: "Tell the operator."
        }
    }
}
