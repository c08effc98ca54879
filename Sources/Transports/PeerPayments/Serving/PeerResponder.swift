// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import HTTPTypes

/// Answers what peers ask for: the side that knows prices and payments.
public protocol PeerResponder: Sendable {
    /// Answers a request, paid or not, in its own time.
    func respond(to request: PeerRequest) async -> PeerResponse

    /// Takes payments that came together and need no waiting; it must not block.
    ///
    /// - Parameter answer: Told for each of them once, on any thread, what came of it, with its place among them.
    func take(
        _ payments: [PeerPayment], answer: @escaping @Sendable (_ place: Int, PromptOutcome) -> Void)
}

/// A request with its payment, of a payer that has paid for the same before.
public struct PeerPayment: Hashable, Sendable {
    public var request: PeerRequest
    /// Whether the payer does without a receipt, as long as all goes well.
    public var isBrief: Bool

    public init(_ request: PeerRequest, isBrief: Bool = false) {
        self.request = request
        self.isBrief = isBrief
    }
}

/// What came of a payment that needed no waiting.
public enum PromptOutcome: Hashable, Sendable {
    /// It is on disk; the receipt is empty where the payer does without.
    case paid(receipt: String, contentType: String, body: [UInt8])
    /// It needs waiting, or something came in between; nothing was taken: ``PeerResponder/respond(to:)`` must be asked.
    case declined
}

/// An answer whose body may still be in the making.
public struct PeerResponse: Sendable {
    public var status: Int
    public var headers: HTTPFields
    public var body: Body

    /// Takes one part of a body, and returns when there is room for the next.
    public typealias Writer = @Sendable ([UInt8]) async throws -> Void

    /// Where a body comes from.
    public enum Body: Sendable {
        case whole([UInt8])
        /// Calls the writer with one part after the other, which waits while the payer is slow; a throw breaks it off.
        case streamed(@Sendable (_ write: @escaping Writer) async throws -> Void)
    }

    public init(status: Int, headers: HTTPFields = [:], body: Body = .whole([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Whether it was paid for.
    var isPaid: Bool { (200..<400).contains(status) && PeerLink.receiptName.map { headers[$0] != nil } == true }
}
