// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Why nothing, or not all, came back from a peer.
public enum PeerLinkError: ExplainedError, Hashable {
    /// No stream to the peer could be opened: why, in the code and the words of the transport.
    case unreachable(code: String, message: String)
    /// The stream is over; what was under way may have been taken or not.
    case closed
    /// The payee ended the stream, and says why.
    case ended(code: String, message: String)
    /// The body broke off on the other side.
    case brokenOff
    case bodyTooLong(Int)
    /// What came makes no sense.
    case malformed(PeerFrameFault)
    /// The payee did not answer in time.
    case timeout

    public var code: String {
        switch self {
        case .unreachable(let code, _): code
        case .closed: "peer.closed"
        case .ended: "peer.ended"
        case .brokenOff: "peer.broken-off"
        case .bodyTooLong: "peer.body-too-long"
        case .malformed(let fault): fault.code
        case .timeout: "peer.timeout"
        }
    }

    public var message: String {
        switch self {
        case .unreachable(_, let message): message
        case .closed: "The peer closed the stream."
        case .ended(let code, let message): "The peer ended the stream (\(code)): \(message)"
        case .brokenOff: "The answer broke off at the peer."
        case .bodyTooLong(let limit): "The body has more than \(limit) bytes."
        case .malformed(let fault): "What the peer sent cannot be read. \(fault.message)"
        case .timeout: "The peer did not answer in time."
        }
    }

    public var remedy: String? { nil }
}
