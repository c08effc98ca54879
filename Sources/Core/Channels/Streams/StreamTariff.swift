// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What a metered stream costs: one payment buys one stretch of it.
///
/// A stretch is counted in *quanta*, bytes or nanoseconds, so that a part of it has a price as well.
public struct StreamTariff: Hashable, Sendable, CustomStringConvertible {
    public enum Unit: String, Hashable, Sendable, CaseIterable {
        case second = "s"
        /// 1,024 bytes of the body.
        case kibibyte = "KiB"

        /// How many quanta it has.
        public var quanta: UInt64 {
            switch self {
            case .second: 1_000_000_000
            case .kibibyte: 1024
            }
        }

        /// How many of them may be in a stretch.
        public var range: ClosedRange<UInt64> {
            switch self {
            case .second: 1...3600
            case .kibibyte: 1...1_048_576
            }
        }
    }

    public let unit: Unit
    /// How many units one payment buys.
    public let stretch: UInt64
    /// What a whole stretch costs.
    public let price: Amount

    /// - Returns: `nil` when the stretch is out of the unit's ``Unit/range``, or the price is zero.
    public init?(unit: Unit, stretch: UInt64, price: Amount) {
        guard unit.range.contains(stretch), !price.isZero else { return nil }
        self.unit = unit
        self.stretch = stretch
        self.price = price
    }

    /// Reads a stretch as it is written behind a price: `s`, `10s`, `KiB`, `64KiB`.
    public init?(stretch text: some StringProtocol, price: Amount) {
        guard let unit = Unit.allCases.first(where: { text.hasSuffix($0.rawValue) }) else { return nil }
        let digits = text.dropLast(unit.rawValue.count)
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), !digits.hasPrefix("0"),
            let count = digits.isEmpty ? 1 : UInt64(digits)
        else { return nil }
        self.init(unit: unit, stretch: count, price: price)
    }

    /// How many quanta a stretch has.
    public var quanta: UInt64 { stretch * unit.quanta }

    /// What a part of a stretch costs: its share of the price, rounded down to an atomic unit.
    ///
    /// - Parameter used: In quanta; more than a stretch costs no more than a stretch.
    public func charge(for used: UInt64) -> Amount {
        guard used < quanta else { return price }
        let product = price.units.multipliedFullWidth(by: UInt128(used))
        return Amount(units: UInt128(quanta).dividingFullWidth(product).quotient)
    }

    public var description: String { "\(price)/\(stretch == 1 ? "" : "\(stretch)")\(unit.rawValue)" }
}
