// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import Synchronization

/// A real ledger on which transactions take as long as a test says, and are counted.
final class SlowContracts: ContractSettlement {
    let ledger: Ledger
    /// Where orders and deposits can be held up.
    let barrier = Barrier()
    private let deposits = Mutex(0)
    private let orders = Mutex((now: 0, most: 0))
    private let places = Mutex<[ChannelID]>([])
    private let isDown = Mutex(false)

    init(_ ledger: Ledger) { self.ledger = ledger }

    /// How many deposits were handed in.
    var funded: Int { deposits.withLock { $0 } }

    /// The channels of all orders that were handed in, in their order.
    var ordered: [ChannelID] { places.withLock { $0 } }

    /// While it is down, nothing is carried out.
    func setDown(_ isDown: Bool) { self.isDown.withLock { $0 = isDown } }

    /// How many orders were under way at once, at the most.
    var mostAtOnce: Int { orders.withLock { $0.most } }

    func carryOut<Rules: ContractRules>(
        _ order: Rules.Order, on channel: ChannelID, under rules: Rules.Type
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        if isDown.withLock({ $0 }) { throw .settlement(.unavailable(reason: "the test says so")) }
        places.withLock { $0.append(channel) }
        orders.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        defer { orders.withLock { $0.now -= 1 } }
        await barrier.pass()
        return try await ledger.carryOut(order, on: channel, under: rules)
    }

    func fund<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, with funding: Funding
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        deposits.withLock { $0 += 1 }
        await barrier.pass()
        return try await ledger.fund(rules, terms, with: funding)
    }

    // MARK: - Handed on

    var domain: SettlementDomain { ledger.domain }
    var isSimulated: Bool { true }
    func head() async throws(SettlementError) -> Block { try await ledger.head() }
    func token(_ address: Address) async throws(SettlementError) -> Token? { try await ledger.token(address) }
    func balance(of account: Address, token: Address) async throws(SettlementError) -> Amount {
        try await ledger.balance(of: account, token: token)
    }
    func snapshot(of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot? {
        try await ledger.snapshot(of: channel)
    }
    func channels(
        openedBy payer: Address, since block: UInt64, progress: @Sendable (UInt64, UInt64) -> Void
    ) async throws(SettlementError) -> [ChannelTerms] {
        try await ledger.channels(openedBy: payer, since: block, progress: progress)
    }
    func contractDomain(of kind: ContractKind) -> ContractDomain? { ledger.contractDomain(of: kind) }
    func contract<Rules: ContractRules>(
        _ rules: Rules.Type, of channel: ChannelID
    ) async throws(ContractError) -> ContractSnapshot<Rules>? { try await ledger.contract(rules, of: channel) }
}
