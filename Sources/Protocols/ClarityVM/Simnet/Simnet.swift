// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks
internal import Synchronization

/// A Stacks chain in memory, for tests and for trying contracts: no blocks, no network, no time but what it is told.
///
/// A transaction is done when the call returns. What a node would take in and then undo, is told by the
/// ``TransactionReceipt``; what it would not take in, is thrown. All of it is deterministic, and safe to use from many
/// threads: calls wait for each other.
///
/// ```swift
/// let simnet = Simnet(network: .testnet)
/// simnet.fund(.standard(alice), microSTX: 1_000_000)
/// let counter = try simnet.deploy(name: "counter", source: text, version: .clarity4, from: alice).contract
/// let receipt = try simnet.call(counter, "increment", arguments: [.uint(1)], from: alice)
/// ```
///
/// Contracts may nest calls 64 deep, for which the calling thread should have at least 1 MiB of stack.
public final class Simnet: Sendable {
    private let core: Mutex<SimnetCore>

    /// A chain without contracts and accounts.
    ///
    /// - Parameters:
    ///   - network: Decides `chain-id` and which addresses are at home.
    ///   - heights: Where the chain stands at first.
    ///   - costLimit: What a transaction may use, in the units of ``CostMeter``.
    public init(
        network: StacksNetwork,
        heights: ChainHeights = ChainHeights(burn: 1, stacks: 1, tenure: 1), costLimit: Int = CostMeter.defaultLimit
    ) {
        core = Mutex(SimnetCore(network: network, heights: heights, costLimit: costLimit))
    }

    // MARK: - Accounts

    /// Makes micro-STX out of nothing; they add to the liquid supply.
    ///
    /// - Returns: `false` when the account would have more than fits into 128 bits; nothing was done then.
    @discardableResult
    public func fund(_ owner: Principal, microSTX: UInt128) -> Bool { core.withLock { $0.fund(owner, microSTX) } }

    /// Locks micro-STX that the owner has, until a burn block.
    ///
    /// - Returns: `false` when the owner does not have them, or has locked some already; nothing was done then.
    @discardableResult
    public func lock(_ owner: Principal, microSTX: UInt128, untilBurnHeight height: UInt64) -> Bool {
        core.withLock { $0.lock(owner, microSTX, until: height) }
    }

    /// What an account has; one that was never used has nothing.
    public func account(_ owner: Principal) -> SimnetAccount { core.withLock { $0.account(owner) } }

    // MARK: - Heights

    /// Where the chain stands.
    public var heights: ChainHeights { core.withLock { $0.machine.state.heights } }

    /// The network that was chosen.
    public var network: StacksNetwork { core.withLock { $0.machine.state.network } }

    /// Moves the chain on, each height by so much and no other.
    ///
    /// - Parameter seconds: Added to the time of the block, where there is one.
    public func advance(burnBlocks: UInt64 = 0, stacksBlocks: UInt64 = 0, tenures: UInt64 = 0, seconds: UInt64 = 0) {
        core.withLock { core in
            core.machine.state.heights.burn &+= burnBlocks
            core.machine.state.heights.stacks &+= stacksBlocks
            core.machine.state.heights.tenure &+= tenures
            core.machine.state.heights.time = core.machine.state.heights.time.map { $0 &+ seconds }
        }
    }

    // MARK: - Transactions

    /// Checks and deploys a contract.
    ///
    /// - Parameters:
    ///   - fee: Micro-STX that the sender pays, whatever becomes of the transaction.
    ///   - nonce: The number of the sender's transaction, or `nil` for the next.
    /// - Throws: ``SimnetFault`` when a node would not take the contract in.
    public func deploy(
        name: String, source: String, version: ClarityVersion, from sender: StandardPrincipal,
        postConditions: PostConditions = .none, fee: UInt64 = 0, nonce: UInt64? = nil
    ) throws(SimnetFault) -> (contract: ContractIdentifier, receipt: TransactionReceipt) {
        let envelope = SimnetCore.Envelope(sender: sender, conditions: postConditions, fee: fee, nonce: nonce)
        return try locked { core throws(SimnetFault) in
            try core.deploy(name: name, source: source, version: version, envelope)
        }
    }

    /// Calls a public or read-only function in a transaction.
    ///
    /// - Parameters:
    ///   - sponsor: Who pays the fee instead of the sender; contracts see it as `tx-sponsor?`.
    ///   - fee: Micro-STX, paid whatever becomes of the transaction.
    ///   - nonce: The number of the sender's transaction, or `nil` for the next.
    /// - Throws: ``SimnetFault`` when a node would not take the transaction in.
    public func call(
        _ contract: ContractIdentifier, _ function: ClarityName, arguments: [ClarityValue] = [],
        from sender: StandardPrincipal, postConditions: PostConditions = .none, sponsor: StandardPrincipal? = nil,
        fee: UInt64 = 0, nonce: UInt64? = nil
    ) throws(SimnetFault) -> TransactionReceipt {
        let envelope = SimnetCore.Envelope(
            sender: sender, conditions: postConditions, sponsor: sponsor, fee: fee, nonce: nonce)
        return try locked { core throws(SimnetFault) in try core.call(contract, function, arguments, envelope) }
    }

    /// Sends micro-STX from an account to an account or contract.
    ///
    /// - Throws: ``SimnetFault`` when a node would not take the transaction in.
    public func transfer(
        microSTX: UInt128, from sender: StandardPrincipal, to recipient: Principal, memo: [UInt8] = [],
        fee: UInt64 = 0, nonce: UInt64? = nil
    ) throws(SimnetFault) -> TransactionReceipt {
        let envelope = SimnetCore.Envelope(sender: sender, conditions: .none, fee: fee, nonce: nonce)
        return try locked { core throws(SimnetFault) in try core.transfer(microSTX, to: recipient, memo, envelope) }
    }

    // MARK: - Questions

    /// Calls a read-only function; nothing changes.
    ///
    /// - Throws: ``SimnetFault/runtime(_:)``, also when the function is public.
    public func readOnly(
        _ contract: ContractIdentifier, _ function: ClarityName, arguments: [ClarityValue] = [],
        sender: Principal? = nil
    ) throws(SimnetFault) -> ClarityValue {
        try locked { core throws(SimnetFault) in try core.readOnly(contract, function, arguments, sender: sender) }
    }

    /// Evaluates an expression as if it stood in the contract; nothing changes, whatever it does.
    ///
    /// The expression is not checked, as in a node's own tests; what makes no sense stops when it is come to.
    ///
    /// - Parameter sender: Who asks; unless told, the account that stands for nobody in stacks-core.
    /// - Throws: ``SimnetFault``.
    public func evaluate(
        _ expression: String, in contract: ContractIdentifier, sender: Principal? = nil
    ) throws(SimnetFault) -> ClarityValue {
        try locked { core throws(SimnetFault) in try core.evaluate(expression, in: contract, sender: sender) }
    }

    /// The value of a data variable.
    ///
    /// - Throws: ``SimnetFault/noSuchContract(_:)`` or ``SimnetFault/noSuchDefinition(_:)``.
    public func dataVariable(_ name: ClarityName, of contract: ContractIdentifier) throws(SimnetFault) -> ClarityValue {
        try locked { core throws(SimnetFault) in try core.variable(name, of: contract) }
    }

    /// The value of a constant.
    ///
    /// - Throws: ``SimnetFault/noSuchContract(_:)`` or ``SimnetFault/noSuchDefinition(_:)``.
    public func constant(_ name: ClarityName, of contract: ContractIdentifier) throws(SimnetFault) -> ClarityValue {
        try locked { core throws(SimnetFault) in try core.constant(name, of: contract) }
    }

    /// What a map has under a key, or `nil`.
    ///
    /// - Throws: ``SimnetFault/noSuchContract(_:)`` or ``SimnetFault/noSuchDefinition(_:)``.
    public func mapEntry(
        _ map: ClarityName, key: ClarityValue, of contract: ContractIdentifier
    ) throws(SimnetFault) -> ClarityValue? {
        try locked { core throws(SimnetFault) in try core.mapEntry(map, key, of: contract) }
    }

    /// The balance of a fungible token.
    ///
    /// - Throws: ``SimnetFault/noSuchContract(_:)`` or ``SimnetFault/noSuchDefinition(_:)``.
    public func balance(of asset: AssetIdentifier, owner: Principal) throws(SimnetFault) -> UInt128 {
        try locked { core throws(SimnetFault) in try core.balance(of: asset, owner: owner) }
    }

    /// What the check of a deployed contract found out, or `nil` when there is no such contract.
    public func analysis(of contract: ContractIdentifier) -> ContractAnalysis? {
        core.withLock { $0.machine.contracts[contract]?.analysis }
    }

    /// The text of a deployed contract, or `nil` when there is no such contract.
    public func source(of contract: ContractIdentifier) -> String? {
        core.withLock { $0.machine.contracts[contract]?.source }
    }

    /// A lock that keeps the type of what is thrown.
    private func locked<Value: Sendable>(
        _ body: (inout SimnetCore) throws(SimnetFault) -> Value
    ) throws(SimnetFault) -> Value {
        let result: Result<Value, SimnetFault> = core.withLock { core in
            do throws(SimnetFault) {
                return .success(try body(&core))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
