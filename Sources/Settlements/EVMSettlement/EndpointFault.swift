// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels

/// Why an endpoint gave no answer that can be used.
enum EndpointFault: Error, Hashable {
    case unreachable
    case timeout
    /// An HTTP status other than 200.
    case status(UInt)
    /// The answer is longer than the limit.
    case tooLong(bytes: Int)
    /// The answer is not what the method answers; the text is our own and says why.
    case malformed(String)
    /// The endpoint's own error, its message already made fit to be shown.
    case refused(code: Int64, message: String)
    case wrongChain(is: UInt64, expected: UInt64)
    case cancelled

    /// Whether a contract was called and did not want to be.
    ///
    /// - Source: go-ethereum answers code 3 with the data of the revert; other clients say so in words alone.
    var isRevert: Bool {
        guard case .refused(let code, let message) = self else { return false }
        return code == 3 || message.lowercased().contains("revert")
    }

    func settlementError(at host: String) -> SettlementError {
        switch self {
        case .unreachable: .unavailable(reason: "no connection to \(host)")
        case .timeout: .unavailable(reason: "\(host) did not answer in time")
        case .status(let status): .unavailable(reason: "\(host) answered with HTTP status \(status)")
        case .tooLong(let bytes): .unavailable(reason: "the answer of \(host) is longer than \(bytes) bytes")
        case .malformed(let what): .unavailable(reason: "the answer of \(host) cannot be read, \(what)")
        case .refused(let code, let message): .unavailable(reason: "\(host) refused with \(code), \(message)")
        case .wrongChain(let id, let expected):
            .unavailable(reason: "\(host) is on chain \(id) instead of \(expected)")
        case .cancelled: .cancelled
        }
    }
}
