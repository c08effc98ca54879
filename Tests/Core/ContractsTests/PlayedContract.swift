// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// One channel of a contract, run step by step, with all money that went in and came out counted beside it.
///
/// After every step, whether it was taken or refused, it sees to what holds for all contracts: what went in is what
/// came out and what is locked; a refusal leaves everything as it was; the stored form says all.
struct PlayedContract<Rules: ContractRules> {
    let domain: ContractDomain
    let channel: ChannelID
    private(set) var state: Rules
    private(set) var block = Block(height: 100, time: noon)
    private(set) var deposited: [Address: Amount] = [:]
    private(set) var paid: [Address: Amount] = [:]
    var limits = ContractLimits.none
    var openChannels: [Address: Int] = [:]
    /// How long a block takes at the least; zero as on a chain.
    var blockSeconds: UInt64 = 0
    /// When a block that somebody may wait for was there, where blocks take time.
    var blockTime: (UInt64) -> Instant? = { _ in nil }
    /// Hashes of blocks that somebody may wait for.
    var blockHash: (UInt64) -> Hash32? = { hash("block \($0)") }

    init(_ terms: Rules.Terms, in domain: ContractDomain) {
        self.domain = domain
        channel = terms.channelID(in: domain)
        state = Rules(terms)
    }

    mutating func wait(seconds: Int64, blocks: UInt64 = 1) {
        block = Block(height: block.height + blocks, time: block.time.advanced(bySeconds: seconds))
    }

    mutating func fund(_ amount: UInt128, by payer: Person) throws {
        let context = context
        _ = try change { (state) throws(Rules.Refusal) in try state.fund(units(amount), by: payer.address, in: context)
        }
        deposited[payer.address] = (deposited[payer.address] ?? .zero).adding(units(amount))
        try check()
    }

    @discardableResult
    mutating func send(_ order: Rules.Order) throws -> [Payout] {
        let context = context
        let payouts = try change { (state) throws(Rules.Refusal) in try state.carryOut(order, in: context) }
        try check()
        return payouts
    }

    /// What somebody was paid in all.
    func paid(to person: Person) -> Amount { paid[person.address] ?? .zero }

    var context: ContractContext {
        ContractContext(
            domain: domain, channel: channel, block: block, limits: limits, openChannels: openChannels,
            awaitedHash: state.awaitedBlock.flatMap { $0 < block.height ? blockHash($0) : nil },
            awaitedTime: state.awaitedBlock.flatMap { $0 < block.height ? blockTime($0) : nil },
            blockSeconds: blockSeconds)
    }

    private mutating func change(
        _ body: (inout Rules) throws(Rules.Refusal) -> [Payout]
    ) throws -> [Payout] {
        let before = state
        do {
            let payouts = try body(&state)
            for payout in payouts {
                #expect(!payout.amount.isZero, "nobody is paid nothing")
                paid[payout.receiver] = (paid[payout.receiver] ?? .zero).adding(payout.amount)
            }
            block = Block(height: block.height + 1, time: block.time)
            return payouts
        } catch {
            #expect(state == before, "a refusal changed something")
            throw error
        }
    }

    private func check() throws {
        let sum = { (amounts: [Address: Amount]) in amounts.values.reduce(UInt128(0)) { $0 + $1.units } }
        #expect(sum(deposited) == sum(paid) + state.locked.units, "money is made or lost")
        #expect(try Rules(stored: state.stored) == state)
    }
}
