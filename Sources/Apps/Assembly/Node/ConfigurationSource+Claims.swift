// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingHTTP402
import FarthingNode
import FarthingPrimitives

extension ConfigurationSource {
    /// Reads how much may be unclaimed; a cap below the highest price would sell nothing at that price.
    func unclaimedCaps(for prices: PriceList, decimals: Int) throws -> UnclaimedCaps {
        let highest = prices.routes.map(\.price.highest).max() ?? .zero
        let rule = "it must be \(highest), the highest price, or more: whole atomic units, or $ and a number of tokens"
        func cap(_ setting: Setting) throws -> Amount? {
            try value(setting, rule) { text in
                amount(text, decimals: decimals).flatMap { $0 >= highest && !$0.isZero ? $0 : nil }
            }
        }
        return UnclaimedCaps(perChannel: try cap(.maxUnclaimedPerChannel), inAll: try cap(.maxUnclaimedInAll))
    }

    /// Reads when what was earned is claimed.
    ///
    /// What has reached half of a cap is due as well, so that payments seldom have to wait for room to be made.
    func claimSchedule(under caps: UnclaimedCaps, decimals: Int) throws -> ClaimSchedule {
        let worth = try value(.claimAtValue, Self.amountRule) { amount($0, decimals: decimals) }
        let channels = try value(.claimAtChannels, "it must be a whole number above 0") { text in
            Int(text).flatMap { $0 > 0 ? $0 : nil }
        }
        let age = try seconds(.claimAfter, 0...2_592_000) ?? (worth == nil && channels == nil ? 0 : 3600)
        return ClaimSchedule(
            valueInChannel: [worth, caps.perChannel.map(Self.half)].compactMap { $0 }.min(),
            valueInAll: caps.inAll.map(Self.half), age: age, channels: channels)
    }

    /// Reads what claims may cost on a chain.
    func claimCosts(decimals: Int) throws -> ClaimCosts? {
        let isOnChain = text(.settlement) == "evm"
        for setting in [Setting.coinPrice, .claimFeeShare] where text(setting) != nil && !isOnChain {
            throw ConfigurationError.bad(
                key: setting.rawValue, value: text(setting) ?? "", why: "it is for 'settlement' 'evm' alone")
        }
        let percent = try value(.claimFeeShare, "it must be a whole number of percent from 1 to 100") { text in
            Int(text).flatMap { (1...100).contains($0) ? $0 : nil }
        }
        let price = try value(.coinPrice, Self.amountRule + ", above 0") { text in
            amount(text, decimals: decimals).flatMap { $0.isZero ? nil : $0 }
        }
        guard let price else {
            // Without the one nobody could say what the other is a share of.
            guard percent == nil else { throw ConfigurationError.missing(key: Setting.coinPrice.rawValue) }
            return nil
        }
        return ClaimCosts(coinPrice: price, percent: percent ?? 100)
    }

    private static func half(_ amount: Amount) -> Amount { Amount(units: amount.units / 2) }
}
