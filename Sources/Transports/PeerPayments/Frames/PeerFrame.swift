// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import HTTPTypes

/// One message of a payment stream between two peers.
///
/// A payer sends requests and payments, a payee answers them in any order; an id says which answer is whose.
///
/// - Source: `Specs/peer-payments.md`, protocol `/farthing/pay/1.0.0`.
public enum PeerFrame: Hashable, Sendable {
    /// A request with everything in it.
    ///
    /// `isWhole` is false when more of its body follows.
    case request(id: UInt32, PeerRequest, isWhole: Bool)
    /// A payment's text that later payments are told apart from: only what differs is sent then.
    case base(slot: UInt32, PeerRequest)
    /// Requests that are the same as a base but for a part of their payment.
    case payments([RepeatedPayment])
    /// More of a request's body, or of an answer's.
    case body(id: UInt32, [UInt8], BodyState)
    /// Nobody waits for the answer any more.
    case cancel(id: UInt32)
    /// An answer with everything in it.
    ///
    /// `isWhole` is false when more of its body follows.
    case answer(id: UInt32, PeerAnswer, isWhole: Bool)
    /// What came of payments that could be taken at once.
    case paid([PaidAnswer])
    /// The sender ends the stream: why, in a stable code and in a sentence.
    case end(code: String, message: String)

    /// Whether more of a body follows.
    public enum BodyState: UInt8, Hashable, Sendable {
        case more = 0
        case last = 1
        /// It broke off; what came so far is not all.
        case brokenOff = 2
    }
}

/// A request in HTTP's words, with its payment as JSON text.
///
/// - Source: RFC 9110; x402 v2, `PaymentPayload`.
public struct PeerRequest: Hashable, Sendable {
    /// Such as `GET`.
    public var method: String
    /// Path and query.
    ///
    /// - Range: begins with `/`, printable ASCII, at most 8,192 bytes.
    public var target: String
    public var headers: HTTPFields
    /// The JSON text that HTTP carries as base64 in `PAYMENT-SIGNATURE`; empty for none.
    public var payment: [UInt8]
    public var body: [UInt8]

    public init(
        method: String = "GET", target: String, headers: HTTPFields = [:], payment: [UInt8] = [], body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.payment = payment
        self.body = body
    }

    /// How long method, target and headers are.
    ///
    /// - Unit: bytes.
    var headBytes: Int {
        headers.reduce(method.utf8.count + target.utf8.count) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count }
    }
}

/// A payment for the same as before, whose text is that of a base but for one stretch.
public struct RepeatedPayment: Hashable, Sendable {
    public var id: UInt32
    public var slot: UInt32
    /// Whether the payer does without a receipt, as long as all goes well.
    public var isBrief: Bool
    public var difference: TextDifference

    public init(id: UInt32, slot: UInt32, isBrief: Bool = false, difference: TextDifference) {
        self.id = id
        self.slot = slot
        self.isBrief = isBrief
        self.difference = difference
    }

    /// How many bytes it takes in a frame, or a few more.
    var estimatedLength: Int { difference.middle.count + 28 }
}

/// The head of an answer, and as much of its body as there is.
public struct PeerAnswer: Hashable, Sendable {
    /// HTTP's status code.
    ///
    /// - Range: 100 through 599.
    public var status: Int
    public var headers: HTTPFields
    public var body: [UInt8]

    public init(status: Int, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The answer to a payment that was taken at once.
public struct PaidAnswer: Hashable, Sendable {
    public var id: UInt32
    /// What HTTP carries in `PAYMENT-RESPONSE`; empty where the payer does without it.
    public var receipt: String
    public var contentType: String
    public var body: [UInt8]

    public init(id: UInt32, receipt: String, contentType: String, body: [UInt8]) {
        self.id = id
        self.receipt = receipt
        self.contentType = contentType
        self.body = body
    }

    /// How many bytes it takes in a frame, or a few more.
    var estimatedLength: Int { body.count + receipt.utf8.count + contentType.utf8.count + 24 }
}
