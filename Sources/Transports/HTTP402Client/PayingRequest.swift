// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
public import NIOHTTP1

/// A request that may be sent more than once: without a payment, with one, and again when the answer got lost.
public struct PayingRequest: Sendable {
    public var method: HTTPMethod
    /// `http://` or `https://`, or what the client's carrier knows besides, as `libp2p://` or `gun://`.
    public var url: String
    public var headers: HTTPHeaders
    /// Makes the body anew each time; `nil` for none.
    ///
    /// A file is opened again, a buffer sent again. A stream that can be read only once must be kept somewhere first.
    public var body: (@Sendable () throws -> HTTPClientRequest.Body)?
    /// How a metered stream is paid for, where this asks for one; `nil` pays for one stretch and no more.
    public var stream: StreamPlan?

    public init(
        method: HTTPMethod = .GET, url: String, headers: HTTPHeaders = [:],
        body: (@Sendable () throws -> HTTPClientRequest.Body)? = nil, stream: StreamPlan? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.stream = stream
    }
}

/// What came back, with what it cost.
public struct PaidResponse: Sendable {
    public var response: HTTPClientResponse
    /// `nil` when nothing was asked for it, or when the server did not say what it took.
    public var receipt: PaymentReceipt?
    /// Whether a payment went along of which the server does not say whether it took it.
    public var isInDoubt = false
    /// Whether a payment went along of which the server says that it charged nothing.
    public var isUncharged = false
    /// The payments that go on while the body is read; `nil` unless it is a metered stream.
    ///
    /// What they came to is known when the body is over.
    public var stream: StreamPayments?
}
