// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A chain on which channels can be opened in the chain's own coin.
///
/// Nobody can take a coin from an account by a signature: its owner sends it along with a transaction, and pays for
/// that. The other side learns of it from the contract's log.
public protocol CoinSettlement: ContractSettlement, SendingSettlement {
    /// Locks the chain's coin in a channel by a transaction of the account that this settlement sends from, and waits
    /// until it counts.
    ///
    /// - Parameters:
    ///   - step: Whether the account has nothing in the channel yet. An opening that was made before, by this process
    ///     or another, is found and not made again; an addition is made as often as it is asked for.
    ///   - confirmations: How many blocks must hold it; `nil` for as many as this settlement waits for anyway.
    /// - Throws: What the rules have against it, and `SettlementError.insufficientBalance(has:needs:)`, before
    ///   anything is sent. After `SettlementError.unavailable(reason:)` it may be sent, and be mined yet.
    func fundInCoin<Rules: ContractRules>(
        _ rules: Rules.Type, _ terms: Rules.Terms, _ amount: Amount, _ step: CoinDeposit, confirmations: UInt64?
    ) async throws(ContractError) -> ContractReceipt<Rules>

    /// Whether transactions of an account wait to be mined: one of them may still bring a deposit.
    func hasTransactionsUnderWay(of account: Address) async throws(SettlementError) -> Bool
}

/// What a deposit in the chain's coin is for.
public enum CoinDeposit: Hashable, Sendable {
    /// The first of an account in a channel.
    case opening
    /// More of it.
    case addition
}
