// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
public import NIOCore

/// Carries requests to a server and its answers back, over HTTP or over another way that has HTTP's words.
public protocol RequestCarrier: Sendable {
    /// Sends a request, and returns when the head of its answer is there; the body may still be on its way.
    func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse
}

extension HTTPClient: RequestCarrier {
    public func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        try await execute(request, timeout: timeout)
    }
}
