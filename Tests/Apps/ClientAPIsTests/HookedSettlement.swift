// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingConformance
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import Synchronization

/// A real ledger, and what happens after each look at a contract and before and after each deposit.
final class HookedSettlement: ContractSettlement, ForwardingSettlement {
    typealias Hook = @Sendable () async -> Void

    /// What becomes of a deposit.
    enum Fate: Sendable {
        case made
        /// It is made, and whoever asked for it hears nothing of that.
        case answerLost
        /// It never gets there.
        case lost
    }

    let ledger: Ledger
    var target: Ledger { ledger }
    private let reading = Mutex<Hook> {}
    private let depositing = Mutex<@Sendable (Amount) async -> Fate> { _ in .made }

    init(_ ledger: Ledger) { self.ledger = ledger }

    func afterReading(_ hook: @escaping Hook) { reading.withLock { $0 = hook } }

    /// - Parameter fate: Asked about each deposit before it is made.
    func decide(_ fate: @escaping @Sendable (Amount) async -> Fate) { depositing.withLock { $0 = fate } }

    func contract<Rules: ContractRules>(
        _ rules: Rules.Type, of channel: ChannelID
    ) async throws(ContractError) -> ContractSnapshot<Rules>? {
        let snapshot = try await ledger.contract(rules, of: channel)
        let hook = reading.withLock { $0 }
        await hook()
        return snapshot
    }

    func fund<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, with funding: Funding
    ) async throws(ContractError) -> ContractReceipt<Rules> {
        let decide = depositing.withLock { $0 }
        let fate = await decide(funding.amount)
        if fate == .lost { throw .settlement(.unavailable(reason: "the line was cut")) }
        let receipt = try await ledger.fund(rules, terms, with: funding)
        if fate == .answerLost { throw .settlement(.unavailable(reason: "the line was cut")) }
        return receipt
    }
}
