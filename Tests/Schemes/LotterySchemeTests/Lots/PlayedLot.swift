// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

/// A lot's contract with its blocks, as on a chain or on a ledger, and all money that went through it.
struct PlayedLot {
    private(set) var contract: LotContract
    /// The newest one: an order is carried out in the next.
    private(set) var block = Block(height: 100, time: noon)
    private(set) var paid: [Address: Amount] = [:]
    /// How long a block takes at the least; zero as on a chain.
    private let blockSeconds: UInt64
    /// When the deciding block was there at the latest.
    private var decided: Instant?

    init(_ terms: LotTerms, isFunded: Bool = true, blockSeconds: UInt64 = 0) throws {
        contract = LotContract(terms)
        self.blockSeconds = blockSeconds
        if isFunded { _ = try contract.fund(terms.deposit ?? .zero, by: terms.payer, in: context(in: block)) }
    }

    var snapshot: ContractSnapshot<LotContract> { ContractSnapshot(state: contract, block: block) }

    /// The block that decides; 0 when none does.
    var deciding: UInt64 { contract.awaitedBlock ?? 0 }

    mutating func wait(seconds: Int64 = 0, blocks: UInt64 = 1) {
        block = Block(height: block.height + blocks, time: block.time.advanced(bySeconds: seconds))
        look()
    }

    /// Until this one is the newest block.
    mutating func wait(until height: UInt64) {
        if height > block.height { wait(blocks: height - block.height) }
    }

    /// Has the contract carry an order out; one that changes nothing makes no block.
    @discardableResult
    mutating func send(_ order: LotContract.Order) throws -> [Payout] {
        let (before, next) = (contract, Block(height: block.height + 1, time: block.time))
        let payouts = try contract.carryOut(order, in: context(in: next))
        guard contract != before else { return [] }
        block = next
        for payout in payouts { paid[payout.receiver] = paid(to: payout.receiver).adding(payout.amount) }
        look()
        let sum = paid.values.reduce(contract.locked.units) { $0 + $1.units }
        #expect(sum == contract.terms.deposit?.units, "money is made or lost")
        return payouts
    }

    func paid(to account: Address) -> Amount { paid[account] ?? .zero }

    static func hash(of block: UInt64) -> Hash32 { LotterySchemeTests.hash("block \(block)") }

    private mutating func look() {
        guard let deciding = contract.awaitedBlock, block.height >= deciding else {
            decided = nil
            return
        }
        decided = decided ?? block.time
    }

    private func context(in block: Block) -> ContractContext {
        let known = contract.awaitedBlock.flatMap { $0 < block.height ? $0 : nil }
        return ContractContext(
            domain: LotScene.domain, channel: contract.terms.channelID(in: LotScene.domain), block: block,
            awaitedHash: known.map(Self.hash(of:)),
            awaitedTime: blockSeconds > 0 ? known.flatMap { _ in decided } : nil,
            blockSeconds: blockSeconds)
    }
}
