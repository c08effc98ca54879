// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

/// A chain with two accounts that have some STX.
struct TestChain {
    let simnet: Simnet
    let alice: StandardPrincipal
    let bob: StandardPrincipal

    init(network: StacksNetwork = .testnet, costLimit: Int = CostMeter.defaultLimit) throws {
        simnet = Simnet(
            network: network, heights: ChainHeights(burn: 1000, stacks: 100, tenure: 50), costLimit: costLimit)
        alice = try StandardPrincipal(address: "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM")
        bob = try StandardPrincipal(address: "ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5")
        simnet.fund(.standard(alice), microSTX: 1_000)
        simnet.fund(.standard(bob), microSTX: 10)
    }

    @discardableResult
    func deploy(
        _ name: String, _ source: String, _ version: ClarityVersion = .clarity3
    ) throws -> ContractIdentifier {
        let (contract, receipt) = try simnet.deploy(name: name, source: source, version: version, from: alice)
        try #require(receipt.isSuccess, "\(receipt.status)")
        return contract
    }

    /// Deploys under the name `c`.
    @discardableResult
    func deploy(_ source: String, _ version: ClarityVersion = .clarity3) throws -> ContractIdentifier {
        try deploy("c", source, version)
    }

    func call(
        _ contract: ContractIdentifier, _ function: String, _ arguments: ClarityValue...,
        from sender: StandardPrincipal? = nil, conditions: PostConditions = .none
    ) throws -> TransactionReceipt {
        try simnet.call(
            contract, try #require(ClarityName(function)), arguments: arguments, from: sender ?? alice,
            postConditions: conditions)
    }

    /// What a call answers as text, or the name of what stopped it.
    func answer(
        _ contract: ContractIdentifier, _ function: String, _ arguments: ClarityValue...,
        from sender: StandardPrincipal? = nil
    ) throws -> String {
        let receipt = try simnet.call(
            contract, try #require(ClarityName(function)), arguments: arguments, from: sender ?? alice)
        return receipt.fault?.code ?? receipt.result?.description ?? "-"
    }

    /// The value of an expression in the contract, as text.
    func look(_ expression: String, in contract: ContractIdentifier) throws -> String {
        try simnet.evaluate(expression, in: contract, sender: .standard(alice)).description
    }
}
