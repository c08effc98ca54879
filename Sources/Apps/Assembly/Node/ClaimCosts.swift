// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingNode
public import FarthingPrimitives

/// What claims on a chain may cost of what they bring.
public struct ClaimCosts: Hashable, Sendable {
    /// What a coin of the chain (10¹⁸ wei) is worth, in atomic units of the token that is sold for.
    ///
    /// Nothing here asks a market: it is right enough when it is right within a factor of two, and is set anew when it
    /// is not.
    public var coinPrice: Amount
    /// How much of what a channel has earned its share of the fee may be at most.
    ///
    /// - Unit: percent.
    /// - Range: 1 through 100.
    public var percent: Int

    public init(coinPrice: Amount, percent: Int = 100) {
        self.coinPrice = coinPrice
        self.percent = percent
    }

    /// What claims of a scheme cost at a price of gas.
    ///
    /// - Parameter price: Of a unit of gas, in wei.
    /// - Source: `Contracts/Vyper/GAS.md`, of x402's contract: a claim of one channel takes 48,911, of a hundred 22,057
    ///   each, and the payout that follows 45,589. Other contracts pay with each redemption, which is a transaction for
    ///   one channel: 49,000 to 90,000 unless it is a very long one.
    public func fees(of scheme: PaymentScheme, at price: Amount, in token: Address) -> ClaimFees {
        let (transaction, channel): (UInt64, UInt64) = scheme == .voucher ? (73_000, 22_000) : (0, 70_000)
        return ClaimFees(
            token: token, transaction: ClaimFees.fee(of: transaction, at: price, coin: coinPrice),
            channel: ClaimFees.fee(of: channel, at: price, coin: coinPrice), percent: percent)
    }
}
