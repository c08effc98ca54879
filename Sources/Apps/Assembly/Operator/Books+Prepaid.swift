// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import Logging

extension Books {
    /// Captures all that was earned in channels of other schemes than vouchers, where no node does it.
    ///
    /// - Parameter ending: Whether two-way channels end for it: they pay at their end, and at no other time. One that
    ///   its payer does not end too pays when its challenge period is over, and this is called again.
    /// - Returns: A report for each scheme that has channels here.
    public func redeemPrepaid(
        ending: Bool = false
    ) async throws -> [(scheme: PaymentScheme, report: PrepaidOffice.Report)] {
        guard let settlement = settlement as? any ContractSettlement else { return [] }
        var reports: [(scheme: PaymentScheme, report: PrepaidOffice.Report)] = []
        for scheme in PaymentScheme.allCases {
            guard let channels = scheme.prepaid else { continue }
            if let report = try await redeem(channels, scheme, on: settlement, ending: ending) {
                reports.append((scheme, report))
            }
        }
        return reports
    }

    private func redeem<Scheme: PrepaidOrders>(
        _: Scheme.Type, _ scheme: PaymentScheme, on settlement: any ContractSettlement, ending: Bool
    ) async throws -> PrepaidOffice.Report? {
        // An embedded ledger that was moved on (`farthing ledger advance`) decides what is over, not the machine's clock.
        let head = try await ledger?.head().time
        // Whose books they are matters for channels that are new, and none is opened here.
        guard
            let books = PrepaidBooks<Scheme>(
                store: store, settlement: settlement, payee: authorizer, authorizer: signer, logger: effects.logger,
                clock: { [clock] in head.map { max($0, clock()) } ?? clock() })
        else { return nil }
        // What channels get for which no order is given here counts too: a challenge period that is over pays when the
        // channel is read again.
        let before = try await books.captured()
        try await books.open()
        guard books.hasChannels else { return nil }
        let watcher = SettlementWatcher(
            settlement: self.settlement, store: store, scheme: scheme.rawValue, changed: books.changed)
        // What was earned is redeemed, whatever cannot be read just now.
        do { try await books.catchUp(by: watcher) } catch {
            effects.logger.error(
                "What happened meanwhile is not known yet",
                metadata: ["scheme": "\(scheme.rawValue)", "error": "\(error)"])
        }
        var report = await books.redeemAll(ending: ending)
        let paid = try await books.captured().compactMap { id, captured in
            captured.subtracting(before[id] ?? .zero).flatMap { $0.isZero ? nil : $0 }
        }
        report.channels = max(report.channels, paid.count)
        report.captured = max(report.captured, paid.reduce(.zero) { $0.adding($1) ?? .max })
        return report
    }
}
