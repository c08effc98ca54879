// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives

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
    /// The endpoint's own error, its message already made fit to be shown, and what a contract answered with it.
    case refused(code: Int64, message: String, data: [UInt8])
    /// Endpoints answer differently, and none of their answers has enough of them behind it.
    case disagreement
    case wrongChain(is: UInt64, expected: UInt64)
    case cancelled
    /// The logs of one contract with one first topic in one block are refused, or too many for any answer, and less
    /// cannot be asked for.
    indirect case withheld(contract: Address, topic: Hash32, block: UInt64, EndpointFault)

    /// Whether a contract was called and did not want to be.
    ///
    /// - Source: go-ethereum answers code 3 with the data of the revert; other clients say so in words alone.
    var isRevert: Bool {
        guard case .refused(let code, let message, _) = self else { return false }
        return code == 3 || message.lowercased().contains("revert")
    }

    /// What a contract answered when it did not want to be called; `nil` for any other fault.
    var revertData: [UInt8]? {
        guard isRevert, case .refused(_, _, let data) = self else { return nil }
        return data
    }

    func settlementError(at host: String) -> SettlementError {
        switch self {
        case .unreachable: .unavailable(reason: "no connection to \(host)")
        case .timeout: .unavailable(reason: "\(host) did not answer in time")
        case .status(let status): .unavailable(reason: "\(host) answered with HTTP status \(status)")
        case .tooLong(let bytes): .unavailable(reason: "the answer of \(host) is longer than \(bytes) bytes")
        case .malformed(let what): .unavailable(reason: "the answer of \(host) cannot be read, \(what)")
        case .disagreement: .unavailable(reason: "the answers of \(host) differ")
        case .refused(let code, let message, _): .unavailable(reason: "\(host) refused with \(code), \(message)")
        case .wrongChain(let id, let expected):
            .unavailable(reason: "\(host) is on chain \(id) instead of \(expected)")
        case .cancelled: .cancelled
        case .withheld(let contract, let topic, let block, let fault):
            .unavailable(
                reason:
                    "\(fault.reason(at: host)), when asked for the logs of \(contract) in block \(block) that begin "
                    + "with \(topic); what happened from there on is not told until an endpoint answers that")
        }
    }

    private func reason(at host: String) -> String {
        if case .unavailable(let reason) = settlementError(at: host) { reason } else { "\(host) was not asked" }
    }

    /// Whether the answer is too long, and nothing else was in the way.
    var isTooLong: Bool {
        switch self {
        case .tooLong, .status(413): true
        default: false
        }
    }

    /// Whether a shorter range of blocks may be answered.
    ///
    /// Endpoints agree neither on a code nor on words for a range that is too long, so every refusal counts but those
    /// that are surely about something else.
    var isAboutLength: Bool {
        switch self {
        case .tooLong, .status(413): true
        case .refused(let code, _, _): code != -32_601 && code != -32_700
        case .unreachable, .timeout, .status, .malformed, .wrongChain, .cancelled, .disagreement, .withheld:
            false
        }
    }
}
