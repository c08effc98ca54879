// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// How a payer gets its money back without the payee.
///
/// On a chain the payer signs and sends these itself; here whoever asks must be known by other means to be `sender`.
extension Ledger: WithdrawalSettlement {
    public func initiateWithdraw(
        _ terms: ChannelTerms, amount: Amount, by sender: any Signer
    ) async throws(SettlementError) -> WithdrawalReceipt {
        try await initiateWithdraw(terms, amount: amount, by: sender.address)
    }

    public func finalizeWithdraw(
        _ terms: ChannelTerms, by sender: any Signer
    ) async throws(SettlementError) -> WithdrawalReceipt {
        try await finalizeWithdraw(terms, by: sender.address)
    }

    /// Starts the delay in which the payee may still claim.
    ///
    /// - Parameter sender: The payer or its authorizer.
    @discardableResult
    public func initiateWithdraw(
        _ terms: ChannelTerms, amount: Amount, by sender: Address
    ) async throws(SettlementError) -> WithdrawalReceipt {
        try await change { try $0.initiateWithdraw(terms, amount: amount, by: sender) }
    }

    /// Pays out, once the delay is over, what was asked for and is still unclaimed.
    ///
    /// - Parameter sender: The payer or its authorizer.
    @discardableResult
    public func finalizeWithdraw(
        _ terms: ChannelTerms, by sender: Address
    ) async throws(SettlementError) -> WithdrawalReceipt {
        try await change { try $0.finalizeWithdraw(terms, by: sender) }
    }
}
