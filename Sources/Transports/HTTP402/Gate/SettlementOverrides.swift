// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
public import FarthingPrimitives

/// What an upstream says a request really cost.
///
/// - Source: x402 v2, `Settlement-Overrides`: `{"amount":"700"}` in atomic units, `"12.5%"` of the offer
///   (rounded down), or `"$0.001"` in whole tokens.
public enum SettlementOverrides {
    /// The price to charge.
    ///
    /// - Parameters:
    ///   - header: The header's value; `nil` charges the whole offer.
    ///   - ceiling: The offer's amount. An upstream that asks for more gets this.
    /// - Returns: `nil` when the header cannot be read.
    public static func price(from header: String?, ceiling: Amount, decimals: Int) -> Amount? {
        guard let header else { return ceiling }
        guard let json = try? JSON.parse(header), let text = json["amount"]?.stringValue else { return nil }
        if text.hasSuffix("%") {
            // Hundredths of a percent, so that all stays in whole numbers.
            guard let share = Amount(tokens: String(text.dropLast()), decimals: 2), share.units <= 10_000 else {
                return nil
            }
            return portion(share.units, of: ceiling)
        }
        let amount =
            text.hasPrefix("$") ? Amount(tokens: String(text.dropFirst()), decimals: decimals) : Amount(wire: text)
        return amount.map { min($0, ceiling) }
    }

    /// `amount · hundredths / 10,000`, rounded down, without leaving 128 bits.
    private static func portion(_ hundredths: UInt128, of amount: Amount) -> Amount {
        let product = amount.units.multipliedFullWidth(by: hundredths)
        return Amount(units: UInt128(10_000).dividingFullWidth(product).quotient)
    }
}
