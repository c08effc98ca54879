// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingPrimitives
internal import FarthingStacks

extension StacksSettlement {
    /// What a claim or a sponsored deposit takes at least: nodes ask for 1 micro-STX a byte, and both have some hundred
    /// bytes, so that with less than this nothing can be sent when the chain is busy.
    ///
    /// - Unit: micro-STX.
    private static let leastCoins: UInt128 = 10_000

    /// Sees whether the node answers, is on the right chain, and whether the account has coins for a transaction.
    public func obstacles() async -> [SettlementObstacle] {
        do throws(SettlementError) {
            _ = try await head()
            let owner = try sender().account
            let account = try await asked { () async throws(StacksNodeFault) in
                try await client.account(.standard(owner))
            }
            guard account.balance < Self.leastCoins else { return [] }
            return [
                .accountEmpty(
                    account: "\(owner)", has: Amount(units: account.balance), needs: Amount(units: Self.leastCoins),
                    unit: "micro-STX")
            ]
        } catch { return [.unreachable(error)] }
    }
}
