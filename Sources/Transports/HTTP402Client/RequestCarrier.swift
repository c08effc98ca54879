// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import AsyncHTTPClient
import Foundation
public import NIOCore
import NIOPosix

/// Carries requests to a server and its answers back, over HTTP or over another way that has HTTP's words.
public protocol RequestCarrier: Sendable {
    /// Sends a request, and returns when the head of its answer is there; the body may still be on its way.
    ///
    /// - Throws: ``RequestNotSent`` when no byte of the request can have left. After any other error nobody knows.
    func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse
}

extension HTTPClient: RequestCarrier {
    public func carry(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        do { return try await execute(request, timeout: timeout) } catch {
            guard Self.isBeforeSending(error) else { throw error }
            throw RequestNotSent(reason: PayingClient.reason(of: error))
        }
    }

    /// Whether there was no connection that a request could have gone out on.
    private static func isBeforeSending(_ error: any Error) -> Bool {
        switch error {
        case is NIOConnectionError, ChannelError.connectTimeout: true
        case let error as HTTPClientError:
            [.connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout].contains(error)
        case let error as IOError: isOfConnecting(error)
        default: isFailedHandshake(error)
        }
    }

    /// Whether it is the system's word on connecting to an address, such as that nobody listens or no road leads there.
    ///
    /// The same numbers may come later, from a connection that something was sent on.
    private static func isOfConnecting(_ error: IOError) -> Bool {
        let text = "\(error)"
        return error.errnoCode == ECONNREFUSED || text.hasPrefix("connect(")
            || text.hasPrefix("finishing a non-blocking connect")
    }

    /// Whether TLS ended before it protected anything.
    ///
    /// The library's errors are told by their texts, because it is no dependency of this room. Whatever has another text
    /// counts as sent.
    private static func isFailedHandshake(_ error: any Error) -> Bool {
        let text = "\(error)"
        return text.hasPrefix("handshakeFailed(") || text.hasPrefix("NIOSSLExtraError.failedToValidateHostname")
    }
}

/// Why a request did not leave, so that whoever was to be paid by it has nothing.
///
/// There was no connection, or its body cannot be read or is too long for the way.
public struct RequestNotSent: Error, Hashable, Sendable {
    /// For people: no header, no key, no full stop.
    public let reason: String

    public init(reason: String) { self.reason = reason }
}
