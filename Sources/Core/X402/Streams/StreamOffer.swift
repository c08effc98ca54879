// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings

/// What an offer says of a metered stream, in its `extra`: what one payment buys, and how payers may pay for more.
public struct StreamOffer: Hashable, Sendable {
    /// The member of `extra`.
    public static let name = "metered"
    /// The header that names a stream: in the answer that opens it, and in each request that pays for more.
    public static let header = "Payment-Stream"

    public let tariff: StreamTariff
    /// How many payments a stream takes at once, the one in use among them.
    public let pieces: Int
    /// How long a stream waits for a payment.
    ///
    /// - Unit: seconds.
    public let pause: Int64

    public init(_ tariff: StreamTariff, limits: StreamMeter.Limits) {
        self.tariff = tariff
        pieces = limits.pieces
        pause = limits.pause.components.seconds
    }

    /// Reads what an offer says.
    ///
    /// - Returns: `nil` when what it offers is no metered stream, or one that cannot be read.
    public init?(_ offer: PaymentRequirements) {
        let members = JSONMembers(offer.extra[Self.name])
        guard let unit = (try? members.text("unit")).flatMap(StreamTariff.Unit.init),
            let stretch = try? members.number("stretch", as: UInt64.self),
            let tariff = StreamTariff(unit: unit, stretch: stretch, price: offer.amount),
            let pieces = try? members.number("payments", as: Int.self), pieces > 0,
            let pause = try? members.number("pause", as: Int64.self)
        else { return nil }
        self.tariff = tariff
        self.pieces = pieces
        self.pause = pause
    }

    public var json: JSON {
        [
            "unit": .string(tariff.unit.rawValue), "stretch": .string("\(tariff.stretch)"),
            "payments": .string("\(pieces)"), "pause": .string("\(pause)"),
        ]
    }
}
