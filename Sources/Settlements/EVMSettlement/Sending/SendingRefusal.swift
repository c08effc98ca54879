// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingPrimitives

/// What a node has against a transaction, as far as its words tell.
///
/// - Source: the texts of go-ethereum's pool, which other nodes and providers repeat.
enum SendingRefusal {
    case nonceTooLow
    case tooCheap
    case cannotPay
    case other

    /// - Returns: `nil` when the node did not refuse it, but did not answer.
    init?(_ fault: EndpointFault) {
        guard case .refused(_, let message, _) = fault else { return nil }
        let text = message.lowercased()
        self =
            if text.contains("nonce too low") {
                .nonceTooLow
            } else if text.contains("underpriced") {
                .tooCheap
            } else if text.contains("insufficient funds") {
                .cannotPay
            } else {
                .other
            }
    }
}

extension SendingFault {
    /// What an estimate's failure means.
    init(_ fault: EndpointFault, _ account: Address) {
        if let data = fault.revertData {
            self = .reverted(data)
        } else if SendingRefusal(fault) == .cannotPay {
            self = .cannotPayForGas(account)
        } else {
            self = .endpoint(fault)
        }
    }
}
