// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What claims cost at this moment, in the token that they bring.
///
/// A channel is worth its share of a claim when what it has earned covers that share: what it adds itself, and its part
/// of what each transaction costs whatever is in it. So small channels wait until there are enough of them, or until gas
/// is cheap again. A payer that is leaving is never waited for.
///
/// - Unit: atomic units of the token.
public struct ClaimFees: Hashable, Sendable {
    /// What is claimed in another token is not held: nobody knows what the fee is worth in it.
    public let token: Address
    /// Of each transaction, whatever is in it.
    public let transaction: Amount
    /// Of each channel in it, on top.
    public let channel: Amount
    /// How much of what a channel has earned its share may be at most.
    ///
    /// - Unit: percent.
    /// - Range: 1 through 100.
    public let percent: Int

    public init(token: Address, transaction: Amount, channel: Amount, percent: Int = 100) {
        self.token = token
        self.transaction = transaction
        self.channel = channel
        self.percent = min(max(percent, 1), 100)
    }

    /// What gas costs in a token, rounded up.
    ///
    /// - Parameters:
    ///   - gas: How much of it.
    ///   - price: Of a unit of gas, in wei.
    ///   - coin: What a coin (10¹⁸ wei) is worth.
    /// - Returns: The highest amount there is, where the fee is more.
    public static func fee(of gas: UInt64, at price: Amount, coin: Amount) -> Amount {
        guard let wei = price.multiplied(by: UInt128(gas)) else { return .max }
        let product = wei.units.multipliedFullWidth(by: coin.units)
        guard product.high < weiInACoin else { return .max }
        let (quotient, remainder) = weiInACoin.dividingFullWidth(product)
        return Amount(units: quotient).adding(Amount(units: remainder == 0 ? 0 : 1)) ?? .max
    }

    private static let weiInACoin: UInt128 = 1_000_000_000_000_000_000

    /// Leaves out the channels that do not cover their share.
    ///
    /// - Parameter due: Most at risk first, as ``ClaimSchedule/due(_:at:fees:)`` puts them.
    func covered(_ due: [UnclaimedChannel]) -> [UnclaimedChannel] {
        var seats: [Address: Int] = [:]
        for (authorizer, channels) in Dictionary(grouping: due, by: \.terms.receiverAuthorizer) {
            let amounts = channels.filter(mayWait).map(\.amount)
            seats[authorizer] = self.seats(for: amounts, besides: channels.count - amounts.count)
        }
        return due.filter { channel in
            guard mayWait(channel) else { return true }
            let left = seats[channel.terms.receiverAuthorizer] ?? 0
            seats[channel.terms.receiverAuthorizer] = left - 1
            return left > 0
        }
    }

    private func mayWait(_ channel: UnclaimedChannel) -> Bool {
        !channel.isWithdrawing && channel.terms.token == token
    }

    /// How many of these channels, the largest first, cover their share of the transactions that claim just them.
    ///
    /// - Parameter others: How many are claimed anyway. In what is left of their last batch there is room that costs
    ///   only what each channel adds.
    private func seats(for amounts: [Amount], besides others: Int) -> Int {
        let batch = ClaimSchedule.batch
        let room = (batch - others % batch) % batch
        let riders = amounts.prefix(room).prefix { covers($0, channel) }.count
        var count = amounts.count
        while count > riders {
            let part = Amount(units: Self.divided(transaction.units, by: UInt128(min(count, batch))))
            if covers(amounts[count - 1], channel.adding(part) ?? .max) { break }
            count -= 1
        }
        return count
    }

    /// The least that a channel must bring, where each is claimed in a transaction of its own.
    public var leastWorth: Amount {
        guard let whole = (transaction.adding(channel) ?? .max).multiplied(by: 100) else { return .max }
        return Amount(units: Self.divided(whole.units, by: UInt128(percent)))
    }

    private func covers(_ earned: Amount, _ share: Amount) -> Bool {
        earned.multiplied(by: UInt128(percent)) ?? .max >= share.multiplied(by: 100) ?? .max
    }

    /// Rounded up.
    private static func divided(_ sum: UInt128, by count: UInt128) -> UInt128 {
        sum / count + (sum.isMultiple(of: count) ? 0 : 1)
    }
}
