// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
public import NIOHTTP1

/// A request that may be sent more than once: without a payment, with one, and again when the answer got lost.
public struct PayingRequest: Sendable {
    public var method: HTTPMethod
    /// `http://` or `https://`.
    public var url: String
    public var headers: HTTPHeaders
    /// Makes the body anew each time; `nil` for none.
    ///
    /// A file is opened again, a buffer sent again. A stream that can be read only once must be kept somewhere first.
    public var body: (@Sendable () throws -> HTTPClientRequest.Body)?

    public init(
        method: HTTPMethod = .GET, url: String, headers: HTTPHeaders = [:],
        body: (@Sendable () throws -> HTTPClientRequest.Body)? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// What came back, with what it cost.
public struct PaidResponse: Sendable {
    public var response: HTTPClientResponse
    /// `nil` when nothing was asked for it, or when the server did not say what it took.
    public var receipt: PaymentReceipt?
    /// Whether a payment went along of which the server does not say whether it took it.
    public var isInDoubt = false
}
