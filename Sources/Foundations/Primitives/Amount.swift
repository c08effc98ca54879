// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A sum of one token, counted in the token's smallest unit.
///
/// An amount carries no decimals and no currency: USDC `1.50` is `1_500_000`, because USDC has six
/// decimals. Turn it into text for people only at the edge, where the token is known.
///
/// Sums are checked: they answer `nil` instead of wrapping round, and nothing here ever traps.
///
/// - Unit: atomic units of the channel's token (wei, micro-USDC, micro-STX).
/// - Range: 0 through 2¹²⁸ − 1, the width of x402's `uint128` and of Clarity's `uint`.
public struct Amount: Hashable, Comparable, Sendable {
    // Two words rather than one `UInt128`: Swift 6.3 on x86-64 loses its way in asynchronous functions that take a
    // `UInt128` on the stack, and on arm64 (swiftlang/swift#89842) in those that return one.
    private let high: UInt64
    private let low: UInt64

    public var units: UInt128 { UInt128(high) << 64 | UInt128(low) }

    public static let zero = Amount(units: 0)
    public static let max = Amount(units: .max)

    public init(units: UInt128) {
        high = UInt64(truncatingIfNeeded: units >> 64)
        low = UInt64(truncatingIfNeeded: units)
    }

    public static func < (left: Self, right: Self) -> Bool { left.units < right.units }

    public var isZero: Bool { units == 0 }

    /// `self + other`, or `nil` when that is more than an amount can hold.
    public func adding(_ other: Amount) -> Amount? {
        let (sum, overflow) = units.addingReportingOverflow(other.units)
        return overflow ? nil : Amount(units: sum)
    }

    /// `self − other`, or `nil` when `other` is more.
    public func subtracting(_ other: Amount) -> Amount? {
        units >= other.units ? Amount(units: units - other.units) : nil
    }

    /// `self · factor`, or `nil` when that is more than an amount can hold.
    public func multiplied(by factor: UInt128) -> Amount? {
        let (product, overflow) = units.multipliedReportingOverflow(by: factor)
        return overflow ? nil : Amount(units: product)
    }

    /// `self − other`, or zero when `other` is more.
    public func clampedSubtracting(_ other: Amount) -> Amount { subtracting(other) ?? .zero }
}

extension Amount {
    /// Reads atomic units as they stand on the wire: decimal digits only, no sign, no zero in front.
    ///
    /// - Source: x402 v2, "all amounts are decimal strings in atomic units".
    public init?(wire text: String) {
        let digits = text.utf8
        // 2¹²⁸ − 1 has 39 digits; a longer text need not be read to be refused.
        guard (1...39).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0") else {
            return nil
        }
        var total: UInt128 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (tenfold, over) = total.multipliedReportingOverflow(by: 10)
            let (sum, overAgain) = tenfold.addingReportingOverflow(UInt128(digit - UInt8(ascii: "0")))
            guard !over, !overAgain else { return nil }
            total = sum
        }
        self.init(units: total)
    }

    /// Reads what a person wrote in whole tokens: `1.5` with six decimals is 1,500,000 units.
    ///
    /// - Parameters:
    ///   - text: Decimal digits, with a point and more digits behind it or not.
    ///   - decimals: How many decimal places the token has, 0 through 38.
    /// - Returns: `nil` for a sign, an exponent, more places than the token has, or too large a sum.
    public init?(tokens text: String, decimals: Int) {
        guard (0...38).contains(decimals) else { return nil }
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty else { return nil }
        var places = parts.count == 2 ? String(parts[1]) : ""
        guard parts.count == 1 || !places.isEmpty, places.utf8.count <= decimals else { return nil }
        places += String(repeating: "0", count: decimals - places.utf8.count)
        let digits = (String(whole) + places).drop { $0 == "0" }
        self.init(wire: digits.isEmpty ? "0" : String(digits))
    }

    /// The sum in whole tokens: `1500000` units with six decimals are `1.5`.
    ///
    /// - Parameter decimals: How many decimal places the token has; below 0 counts as 0.
    public func text(decimals: Int) -> String {
        guard decimals > 0 else { return "\(units)" }
        let digits = "\(units)"
        let padded = String(repeating: "0", count: Swift.max(0, decimals + 1 - digits.count)) + digits
        var places = padded.suffix(decimals)
        while places.last == "0" { places.removeLast() }
        let whole = padded.dropLast(decimals)
        return places.isEmpty ? String(whole) : "\(whole).\(places)"
    }
}

extension Amount: CustomStringConvertible {
    /// The atomic units in decimal: also the form on the wire.
    public var description: String { "\(units)" }
}
