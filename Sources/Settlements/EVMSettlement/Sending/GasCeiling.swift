// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How much gas a transaction may take, by what it does.
///
/// Tokens, and accounts with code, are programs of others: one of them may burn whatever it is given, at the cost of
/// whoever sends the transaction. The ceilings are ten times and more what honest ones take, since some rollups count
/// the data that they publish elsewhere as gas, too.
///
/// - Unit: gas.
struct GasCeiling: Hashable, Sendable {
    let most: UInt64

    /// A deposit or a transfer by authorisation, a payout, a refund, a withdrawal: about 110,000 at most.
    static let one = GasCeiling(most: 1_500_000)
    /// An order to a contract for channels, whose length depends on what was paid.
    static let order = GasCeiling(most: 15_000_000)
    /// A contract of our own that is made.
    static let making = GasCeiling(most: 30_000_000)

    /// A batch of claims: about 40,000 for the first row, and half of that for each of the others.
    static func claims(_ rows: Int) -> GasCeiling {
        GasCeiling(most: 1_000_000 + 200_000 * UInt64(clamping: rows))
    }
}
