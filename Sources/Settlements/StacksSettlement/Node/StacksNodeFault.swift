// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why a Stacks node gave no answer that can be used.
@nonexhaustive
public enum StacksNodeFault: Error, Hashable, Sendable {
    /// There is no connection, or it broke: whether the request was done is not known.
    case unreachable
    case timeout
    case cancelled
    /// An HTTP status that the route does not have.
    case status(Int)
    /// The answer is longer than this many bytes.
    case tooLong(limit: Int)
    /// The answer is not what the route answers; the text is our own and says why.
    case malformed(String)
    /// A transaction was not taken in.
    case refused(BroadcastRefusal)
    /// A read-only function answered with no value; the text is the node's.
    case noValue(cause: String)
    /// There is no such contract, variable, constant or map.
    case notFound
    /// The node keeps no index of transactions.
    case notIndexed
    case wrongChain(expected: UInt32, actual: UInt32)
    /// The node is still fetching blocks: what it knows may be long past.
    case catchingUp

    /// A name that stays the same, for programs.
    public var code: String {
        switch self {
        case .unreachable: "stacks-node.unreachable"
        case .timeout: "stacks-node.timeout"
        case .cancelled: "stacks-node.cancelled"
        case .status: "stacks-node.status"
        case .tooLong: "stacks-node.too-long"
        case .malformed: "stacks-node.malformed"
        case .refused: "stacks-node.refused"
        case .noValue: "stacks-node.no-value"
        case .notFound: "stacks-node.not-found"
        case .notIndexed: "stacks-node.not-indexed"
        case .wrongChain: "stacks-node.wrong-chain"
        case .catchingUp: "stacks-node.catching-up"
        }
    }

    /// Whether the request may have been done all the same.
    public var isUncertain: Bool {
        switch self {
        case .unreachable, .timeout, .cancelled, .tooLong, .malformed: true
        case .status(let status): status >= 500
        case .refused, .noValue, .notFound, .notIndexed, .wrongChain, .catchingUp: false
        }
    }

    /// Whether the same question may be answered later.
    var mayPass: Bool {
        switch self {
        case .cancelled: false
        case .catchingUp, .status(429): true
        default: isUncertain
        }
    }
}

/// Why a node does not take a transaction in.
///
/// - Source: stacks-core, `docs/rpc/openapi.yaml`, `POST /v2/transactions`.
public struct BroadcastRefusal: Hashable, Sendable {
    /// The node's word for it, such as `BadNonce`; at most 100 letters.
    public let reason: String
    /// For `BadNonce`, `FeeTooLow` and `TooMuchChaining`: the number that would have been right.
    public let expected: UInt64?
    /// For the same: the number that was sent.
    public let actual: UInt64?
    /// Whether it is about the origin rather than the sponsor, where the node says so.
    public let isOrigin: Bool?

    /// The reason why a transaction is not taken in while another of its number, or of its origin's, waits and pays as
    /// much.
    static let conflict = "ConflictingNonceInMempool"
    /// The reason why no more of an account is taken in before some of it are in blocks.
    static let tooMany = "TooMuchChaining"

    /// Our own word for it, before a node is asked.
    static func full(expected: UInt64, actual: UInt64) -> BroadcastRefusal {
        BroadcastRefusal(reason: tooMany, expected: expected, actual: actual, isOrigin: false)
    }

    /// Whether it says nothing about what the transaction does, but about the moment, or about who pays for it.
    ///
    /// A node looks at no money but that for the fee, and for a plain transfer's amount.
    var isPassing: Bool {
        switch reason {
        case Self.conflict, Self.tooMany, "NotEnoughFunds", "FeeTooLow", "TemporarilyBlacklisted": true
        case "BadNonce": isOrigin == false
        default: reason.hasPrefix("ServerFailure")
        }
    }
}
