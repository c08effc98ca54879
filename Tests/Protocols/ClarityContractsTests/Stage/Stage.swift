// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import Testing

/// A chain with contracts of ours, and people with keys.
///
/// One deploys, the others call. Each call remembers what was printed in it.
final class Stage {
    static let noon: UInt64 = 1_800_000_000
    static let firstBurnHeight: UInt64 = 1000

    let simnet: Simnet
    let deployer = Account(0x0d)
    let alice = Account(0x11)
    let bob = Account(0x22)
    let carol = Account(0x33)
    let dave = Account(0x44)
    /// What the last call that went through has printed, oldest first.
    private(set) var printed: [ClarityValue] = []

    /// - Parameter contracts: Deployed in this order, after the trait.
    init(deploying contracts: [String], on network: StacksNetwork = .testnet) throws {
        simnet = Simnet(
            network: network,
            heights: ChainHeights(burn: Self.firstBurnHeight, stacks: 100, tenure: 50, time: Self.noon))
        for name in ["sip-010-trait"] + contracts {
            try deploy(name, source: ContractSources.source(name))
        }
    }

    func identifier(_ name: String) throws -> ContractIdentifier {
        let name = try #require(ClarityName(name))
        return try #require(ContractIdentifier(issuer: account(deployer), name: name))
    }

    private func account(_ account: Account) -> StandardPrincipal {
        simnet.network == .mainnet ? account.onMainnet : account.standard
    }

    // MARK: - Transactions

    /// Deploys a contract in Clarity 4.
    func deploy(_ name: String, source: String, version: ClarityVersion = .clarity4) throws {
        let receipt = try simnet.deploy(
            name: name, source: source, version: version, from: account(deployer)
        ).receipt
        guard !receipt.isSuccess else { return }
        throw Failed(reason: "\(name): \(receipt.status)")
    }

    struct Failed: Error { let reason: String }

    func fund(_ account: Account, with amount: UInt128) throws {
        #expect(simnet.fund(.standard(self.account(account)), microSTX: amount))
    }

    func fund(_ contract: String, with amount: UInt128) throws {
        #expect(simnet.fund(.contract(try identifier(contract)), microSTX: amount))
    }

    func call(
        _ contract: String, _ function: String, _ arguments: [ClarityValue], by sender: Account,
        under conditions: PostConditions = .none
    ) throws -> Outcome {
        printed = []
        let receipt = try simnet.call(
            try identifier(contract), try #require(ClarityName(function)), arguments: arguments,
            from: account(sender), postConditions: conditions)
        switch receipt.status {
        case .success:
            printed = receipt.events.compactMap { if case .print(_, let value) = $0 { value } else { nil } }
            guard case .ok(let value)? = receipt.result else { return .ok(receipt.result ?? .none) }
            return .ok(value)
        case .abortByResponse:
            guard case .err(.uint(let code))? = receipt.result else { return .aborted("\(receipt.status)") }
            return .err(code)
        case .abortByPostCondition: return .aborted("post-condition")
        case .failure(let fault): return .aborted("\(fault)")
        }
    }

    // MARK: - Looking

    func read(_ contract: String, _ function: String, _ arguments: [ClarityValue]) throws -> ClarityValue {
        try simnet.readOnly(
            try identifier(contract), try #require(ClarityName(function)), arguments: arguments)
    }

    func balance(_ account: Account) throws -> UInt128 {
        simnet.account(.standard(self.account(account))).stx.unlocked
    }

    /// What a contract has in STX.
    func balance(of contract: String) throws -> UInt128 {
        simnet.account(.contract(try identifier(contract))).stx.unlocked
    }

    var burnHeight: UInt128 { UInt128(simnet.heights.burn) }
    var time: UInt64 { simnet.heights.time ?? 0 }

    func advance(burn: UInt64 = 0, stacks: UInt64 = 0, seconds: UInt64 = 0) {
        simnet.advance(burnBlocks: burn, stacksBlocks: stacks, tenures: burn, seconds: seconds)
    }
}
