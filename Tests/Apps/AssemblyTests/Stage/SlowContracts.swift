// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingConformance
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import Synchronization

/// A real ledger on which transactions take as long as a test says, and are counted.
final class SlowContracts: ContractSettlement, ForwardingSettlement {
    let ledger: Ledger
    var target: Ledger { ledger }
    /// Where orders and deposits can be held up.
    let barrier = Barrier()
    private let deposits = Mutex(0)
    private let orders = Mutex((now: 0, most: 0))
    private let places = Mutex<[ChannelID]>([])
    private let isDown = Mutex(false)
    private let refusals = Mutex<[ChannelID: ContractError]>([:])
    private let tries = Mutex(0)

    init(_ ledger: Ledger) { self.ledger = ledger }

    /// How many deposits were handed in of those that were not made before.
    var funded: Int { deposits.withLock { $0 } }

    /// The channels of all orders that were handed in, in their order.
    var ordered: [ChannelID] { places.withLock { $0 } }

    /// How many orders were handed in, also while it was down.
    var tried: Int { tries.withLock { $0 } }

    /// While it is down, nothing is carried out.
    func setDown(_ isDown: Bool) { self.isDown.withLock { $0 = isDown } }

    /// What is answered to orders on a channel, none of which is carried out; `nil` ends that.
    func refuse(_ channel: ChannelID, with error: ContractError?) { refusals.withLock { $0[channel] = error } }

    /// How many orders were under way at once, at the most.
    var mostAtOnce: Int { orders.withLock { $0.most } }

    func carryOut<Rules: ContractRules>(
        _ order: Rules.Order, on channel: ChannelID, under rules: Rules.Type
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        tries.withLock { $0 += 1 }
        if isDown.withLock({ $0 }) { throw .settlement(.unavailable(reason: "the test says so")) }
        places.withLock { $0.append(channel) }
        orders.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        defer { orders.withLock { $0.now -= 1 } }
        await barrier.pass()
        if let refusal = refusals.withLock({ $0[channel] }) { throw refusal }
        return try await ledger.carryOut(order, on: channel, under: rules)
    }

    func fund<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, with funding: Funding
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        // What is made already costs no transaction.
        var isMade = false
        if let domain = ledger.contractDomain(of: Rules.kind) {
            isMade = try await ledger.contract(rules, of: terms.channelID(in: domain)) != nil
        }
        if !isMade { deposits.withLock { $0 += 1 } }
        await barrier.pass()
        return try await ledger.fund(rules, terms, with: funding)
    }
}
