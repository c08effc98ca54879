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
    public func fees(of scheme: PaymentScheme, at price: Amount, in token: Address) -> ClaimFees {
        let gas = Self.gas(of: scheme)
        return ClaimFees(
            token: token, transaction: ClaimFees.fee(of: gas.transaction, at: price, coin: coinPrice),
            channel: ClaimFees.fee(of: gas.channel, at: price, coin: coinPrice), percent: percent)
    }

    /// What claims take: so much each transaction, and so much each channel in it on top.
    ///
    /// Vouchers are claimed together, on x402's contract, and then paid out. Other contracts pay with each redemption,
    /// which is a transaction for one channel: of a hundred steps, of a token of 65,536, of a winning ticket; and
    /// two-way channels with the two that end them.
    ///
    /// - Unit: gas.
    /// - Source: `Contracts/Vyper/gas.json` and `gas/peers`, rounded up; a test holds them against each other.
    static func gas(of scheme: PaymentScheme) -> (transaction: UInt64, channel: UInt64) {
        switch scheme {
        case .voucher: (73_000, 22_100)
        case .hashChain: (0, 60_000)
        case .merkleToken: (0, 85_000)
        case .twoWay: (0, 84_000)
        case .lottery: (0, 66_000)
        }
    }
}
