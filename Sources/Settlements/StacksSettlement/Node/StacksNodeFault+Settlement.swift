// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels

extension StacksNodeFault {
    /// What it means for whoever moves money: nothing is known to have moved.
    var settlementError: SettlementError {
        switch self {
        case .cancelled: .cancelled
        case .refused(let refusal) where refusal.isPassing:
            .unavailable(reason: "the Stacks node does not take the transaction now: \(refusal.reason)")
        case .refused(let refusal):
            .refused(code: code, message: "The node does not take the transaction: \(refusal.reason).")
        case .unreachable: .unavailable(reason: "the Stacks node does not answer")
        case .timeout: .unavailable(reason: "the Stacks node takes too long")
        case .wrongChain(let expected, let actual):
            .unavailable(reason: "the Stacks node is on chain \(actual), not \(expected)")
        case .catchingUp: .unavailable(reason: "the Stacks node is still fetching blocks")
        case .notFound, .noValue: .unavailable(reason: "the contract is not on the node's chain")
        case .notIndexed: .unavailable(reason: "the Stacks node keeps no index of transactions ('txindex')")
        case .status(let status): .unavailable(reason: "the Stacks node answers \(status)")
        case .tooLong, .malformed: .unavailable(reason: "the Stacks node gives no answer that can be read")
        }
    }
}

extension StacksSender.Fault {
    var settlementError: SettlementError {
        switch self {
        case .node(let fault): fault.settlementError
        case .signer(let why): .refused(code: code, message: "The key cannot sign: \(why).")
        case .feeTooHigh(let needed, let limit):
            .unavailable(reason: "the transaction would take \(needed) micro-STX, and \(limit) are allowed")
        case .replaced: .unavailable(reason: "another transaction took the number of this one")
        }
    }
}
