// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Why the gateway could not bring a request to its upstream, or the answer back.
///
/// Nothing is charged for what never came back. An answer that broke off was charged already.
public enum GatewayFault: ExplainedError {
    case badUpstream(String)
    case unreachable
    case timeout(after: Duration)
    /// The server stops, or the client hung up, before the upstream answered.
    case cutOff
    /// - Unit: bytes.
    case requestTooLong(limit: Int)
    case requestBroken
    /// CONNECT asks for a connection to somewhere else, and there is none to be had.
    case noTunnel
    /// The client did not take its answer for so long that it was given up.
    case answerNotTaken

    public var code: String {
        switch self {
        case .badUpstream: "config.upstream"
        case .unreachable: "upstream.unreachable"
        case .timeout: "upstream.timeout"
        case .cutOff: "request.cut-off"
        case .requestTooLong: "request.too-long"
        case .requestBroken: "request.broken"
        case .noTunnel: "request.no-tunnel"
        case .answerNotTaken: "answer.not-taken"
        }
    }

    public var message: String {
        switch self {
        case .badUpstream(let text): "'\(text)' is not the address of an upstream."
        case .unreachable: "The upstream cannot be reached, or broke the connection."
        case .timeout(let limit): "The upstream did not answer within \(limit.components.seconds) s."
        case .cutOff: "The request was cut off before it was answered, as when the server stops."
        case .requestTooLong(let limit): "The request's body is longer than \(limit) bytes."
        case .requestBroken: "The request broke off before its end."
        case .noTunnel: "CONNECT is not served here."
        case .answerNotTaken: "The client stopped reading its answer."
        }
    }

    public var remedy: String? {
        switch self {
        case .badUpstream: "Give http:// or https://, a host, and a port if needed: http://127.0.0.1:3000."
        case .unreachable, .timeout, .cutOff: "Nothing was charged; try again later."
        case .requestTooLong: "Send less at once."
        case .requestBroken: "Send the whole request."
        case .noTunnel: "Ask for what is sold with GET or POST."
        case .answerNotTaken: "Read answers as they come."
        }
    }

    /// Whether the client brought it about, so that nobody owes it anything.
    var isTheClients: Bool {
        switch self {
        case .requestTooLong, .requestBroken, .noTunnel, .answerNotTaken: true
        case .badUpstream, .unreachable, .timeout, .cutOff: false
        }
    }
}
