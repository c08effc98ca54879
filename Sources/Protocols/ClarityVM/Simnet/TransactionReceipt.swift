// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What became of a transaction.
public struct TransactionReceipt: Sendable {
    /// How a transaction ended.
    public enum Status: Sendable {
        /// All that it did holds.
        case success
        /// A public function answered with an `err`: nothing of it holds but fee and nonce.
        case abortByResponse
        /// What it moved was not as its conditions demand: nothing of it holds but fee and nonce.
        case abortByPostCondition
        /// The contract stopped: nothing of it holds but fee and nonce.
        case failure(RuntimeFault)

        /// The word of a node's API for it.
        public var text: String {
            switch self {
            case .success: "success"
            case .abortByResponse, .failure: "abort_by_response"
            case .abortByPostCondition: "abort_by_post_condition"
            }
        }
    }

    public let status: Status
    /// What the function answered, or the last expression of a deployment; `nil` when there is no such value.
    public let result: ClarityValue?
    /// The events that hold; empty unless ``status-swift.property`` is a success.
    public let events: [ClarityEvent]
    /// What left whom, also when it was undone for a post-condition.
    public let movements: AssetMovements
    /// How much of its limit the transaction used.
    ///
    /// - Unit: see ``CostMeter``.
    public let cost: Int

    /// Why the contract stopped, if it did.
    public var fault: RuntimeFault? {
        guard case .failure(let fault) = status else { return nil }
        return fault
    }

    /// Whether all that the transaction did holds.
    public var isSuccess: Bool {
        guard case .success = status else { return false }
        return true
    }
}
