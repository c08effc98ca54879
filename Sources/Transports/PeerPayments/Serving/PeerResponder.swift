// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import HTTPTypes

/// Answers what peers ask for: the side that knows prices and payments.
public protocol PeerResponder: Sendable {
    /// Answers a request, paid or not, in its own time.
    func respond(to request: PeerRequest) async -> PeerResponse

    /// Takes the payment of a request that needs no waiting, and answers once, on any thread; it must not block.
    ///
    /// - Returns: Whether it was taken on. If not, `answer` is never called, and ``respond(to:)`` is asked.
    func takes(
        _ request: PeerRequest, isBrief: Bool, answer: @escaping @Sendable (PromptOutcome) -> Void
    ) -> Bool
}

/// What came of a payment that needed no waiting.
public enum PromptOutcome: Hashable, Sendable {
    /// It is on disk.
    case paid(receipt: String, contentType: String, body: [UInt8])
    /// Something came in between, and nothing was taken: ``PeerResponder/respond(to:)`` must be asked.
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
}
