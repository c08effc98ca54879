// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension Wallet {
    /// Lets Permit2 take up to so much of a token, for deposits that this wallet signs.
    ///
    /// Without a signature for each it takes nothing. The wallet's account pays for the transaction.
    ///
    /// - Throws: ``WalletError/noSettlement(_:)``, `SettlementError`.
    @discardableResult
    public func approvePermit2(
        of token: Address, on network: Network, upTo amount: Amount
    ) async throws -> TransactionID {
        guard let chain = views[network] as? any ApprovingSettlement else { throw WalletError.noSettlement(network) }
        return try await chain.approvePermit2(of: token, upTo: amount)
    }
}
