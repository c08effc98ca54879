// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Why the gateway could not bring a request to its upstream.
///
/// Nothing is charged for any of these.
public enum GatewayFault: ExplainedError {
    case badUpstream(String)
    case unreachable
    case timeout(after: Duration)
    /// - Unit: bytes.
    case requestTooLong(limit: Int)

    public var code: String {
        switch self {
        case .badUpstream: "config.upstream"
        case .unreachable: "upstream.unreachable"
        case .timeout: "upstream.timeout"
        case .requestTooLong: "request.too-long"
        }
    }

    public var message: String {
        switch self {
        case .badUpstream(let text): "'\(text)' is not the address of an upstream."
        case .unreachable: "The upstream cannot be reached, or broke the connection."
        case .timeout(let limit): "The upstream did not answer within \(limit.components.seconds) s."
        case .requestTooLong(let limit): "The request's body is longer than \(limit) bytes."
        }
    }

    public var remedy: String? {
        switch self {
        case .badUpstream: "Give http:// or https://, a host, and a port if needed: http://127.0.0.1:3000."
        case .unreachable, .timeout: "Nothing was charged; try again later."
        case .requestTooLong: "Send less at once."
        }
    }
}
