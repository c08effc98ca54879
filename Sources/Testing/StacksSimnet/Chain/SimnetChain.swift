// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks

/// The chain that a node serves: blocks over a ``Simnet``, a pool of transactions, and a memory of all that was done,
/// so that blocks can be taken back.
struct SimnetChain: Sendable {
    /// Something that changed the state.
    private enum Step: Sendable {
        case fund(Principal, UInt128)
        case block(burnBlocks: UInt64, [StacksTransaction])
    }

    let network: StacksNetwork
    private let start: ChainHeights
    private(set) var simnet: Simnet
    private var steps: [Step] = []
    private(set) var blocks: [SimnetBlock] = []
    /// What waits for a block, in order of arrival.
    var pool: [StacksTransaction] = []
    /// How often blocks were taken back.
    private(set) var branch = 0

    /// How long after the last a block is made, as contracts see it.
    ///
    /// - Unit: seconds.
    private static let blockTime: UInt64 = 5
    /// How long Bitcoin takes for a block.
    ///
    /// - Unit: seconds.
    private static let burnBlockTime: UInt64 = 600

    init(network: StacksNetwork, heights: ChainHeights) {
        self.network = network
        start = heights
        simnet = Simnet(network: network, heights: heights)
    }

    var heights: ChainHeights { simnet.heights }

    /// The block at the tip; before the first there is one that stands for all that was before.
    var tip: SimnetBlock { blocks.last ?? genesis }

    private var genesis: SimnetBlock {
        SimnetBlock(
            height: start.stacks, burnHeight: start.burn, tenure: start.tenure, time: start.time ?? 0,
            hash: SimnetBlock.digest("block \(start.stacks)"), indexHash: SimnetBlock.digest("index \(start.stacks)"),
            parentHash: .zero, parentIndexHash: .zero, transactions: [])
    }

    mutating func fund(_ owner: Principal, _ amount: UInt128) -> Bool {
        guard simnet.fund(owner, microSTX: amount) else { return false }
        steps.append(.fund(owner, amount))
        return true
    }

    // MARK: - Blocks

    /// Makes a block of what can be taken from the pool.
    ///
    /// - Parameter burnBlocks: How many blocks Bitcoin has gone on; each begins a tenure.
    mutating func mine(burnBlocks: UInt64 = 0) -> SimnetBlock {
        let parent = tip
        begin(burnBlocks)
        var mined: [SimnetBlock.Mined] = []
        var goesOn = true
        while goesOn {
            goesOn = false
            for transaction in pool {
                guard let outcome = execute(transaction) else { continue }
                mined.append(SimnetBlock.Mined(transaction: transaction, id: transaction.id, outcome: outcome))
                pool.removeAll { $0 == transaction }
                goesOn = true
            }
        }
        steps.append(.block(burnBlocks: burnBlocks, mined.map(\.transaction)))
        let heights = simnet.heights
        let content = "\(heights.stacks) \(branch) \(parent.indexHash) " + mined.map { "\($0.id)" }.joined()
        let block = SimnetBlock(
            height: heights.stacks, burnHeight: heights.burn, tenure: heights.tenure, time: heights.time ?? 0,
            hash: SimnetBlock.digest("block " + content), indexHash: SimnetBlock.digest("index " + content),
            parentHash: parent.hash, parentIndexHash: parent.indexHash, transactions: mined)
        blocks.append(block)
        return block
    }

    private func begin(_ burnBlocks: UInt64) {
        simnet.advance(
            burnBlocks: burnBlocks, stacksBlocks: 1, tenures: burnBlocks,
            seconds: burnBlocks > 0 ? burnBlocks * Self.burnBlockTime : Self.blockTime)
    }

    /// Whether something in the pool can be mined now.
    var hasReadyTransactions: Bool { pool.contains(where: isReady) }

    /// Takes the last blocks back, as if they had never been.
    ///
    /// - Parameter losesTransactions: Whether their transactions are gone; otherwise they are in the pool again.
    mutating func dropBlocks(_ count: Int, losesTransactions: Bool) {
        let count = min(max(count, 0), blocks.count)
        guard count > 0 else { return }
        let dropped = blocks.suffix(count).flatMap(\.transactions).map(\.transaction)
        blocks.removeLast(count)
        branch += 1
        if !losesTransactions { pool = dropped + pool }
        var left = blocks.count
        steps.removeAll { step in
            guard case .block = step else { return false }
            left -= 1
            return left < 0
        }
        simnet = Simnet(network: network, heights: start)
        for step in steps {
            switch step {
            case .fund(let owner, let amount): simnet.fund(owner, microSTX: amount)
            case .block(let burnBlocks, let transactions):
                begin(burnBlocks)
                for transaction in transactions { _ = execute(transaction) }
            }
        }
    }

    // MARK: - Questions

    /// A transaction in a block, by its id.
    func mined(_ id: Hash32) -> (block: SimnetBlock, transaction: SimnetBlock.Mined)? {
        for block in blocks.reversed() {
            if let mined = block.transactions.first(where: { $0.id == id }) { return (block, mined) }
        }
        return nil
    }

    /// The height at which a contract was deployed.
    func publishHeight(of contract: ContractIdentifier) -> UInt64? {
        blocks.last { block in
            block.transactions.contains {
                guard case .deploy(let deployment) = $0.transaction.payload else { return false }
                return $0.transaction.origin == contract.issuer && deployment.name == contract.name
                    && $0.outcome.status == "success"
            }
        }?.height
    }
}
