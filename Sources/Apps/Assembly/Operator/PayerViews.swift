// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingLedgerSettlement

/// The settlements that a payer can look into from this machine.
public enum PayerViews {
    /// - Parameter ledger: The file of an embedded ledger; `nil` for none.
    /// - Throws: `StoreError`.
    public static func open(ledger: String?) throws -> [any SettlementView] {
        guard let ledger else { return [] }
        return [try Ledger(existing: ledger)]
    }
}
