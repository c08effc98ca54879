// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingPrimitives
internal import FarthingStacks

/// A contract with some rules: how its channels are read, and how it is called.
protocol StacksCalls<Rules> {
    associatedtype Rules: ContractRules

    var contract: StacksContract { get }
    var domain: ContractDomain { get }
    /// What can be paid with.
    var registry: StacksRegistry { get }

    /// A channel out of what `get-channel` answers; `nil` when it is not one that can be read.
    func state(_ fields: ClarityTuple) -> Rules?

    /// The calls that carry out an order that the rules allow, one after the other.
    func calls(_ order: Rules.Order, on channel: ChannelID, _ state: Rules) -> [StacksTransaction.ContractCall]

    /// Whether a deposit whose number is used is in the channel, as far as that can be told from the channel.
    func isIn(_ funding: Funding, _ state: Rules) -> Bool

    /// What an error of the contract means.
    func refusal(_ number: UInt128) -> SettlementError
}

extension StacksCalls {
    /// An asset out of a contract's terms; `nil` for one that is not known here.
    func asset(_ value: ClarityValue) -> Address? { registry.address(value) }

    /// By the chain's clock it is earlier than by this machine's, so the same is asked for again.
    var tooEarly: SettlementError {
        .unavailable(reason: "the challenge period is not over by the clock of the chain")
    }

    static var noBalance: SettlementError { .refused(code: "stacks.balance", message: "The account holds less.") }

    /// An error that the rules did not foresee, since the chain has gone on meanwhile.
    func unexpected(_ number: UInt128) -> SettlementError {
        .refused(
            code: "stacks.u\(number)",
            message: "The contract '\(contract.identifier.name.text)' answers u\(number).")
    }
}
