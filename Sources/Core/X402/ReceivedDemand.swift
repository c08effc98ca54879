// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// A 402 as a payer reads it.
///
/// Offers that cannot be read, because they are for other kinds of chains, say, are passed over: they are not for us.
///
/// - Source: x402 v2, `PaymentRequired`.
public struct ReceivedDemand: Hashable, Sendable {
    public var error: String?
    public let offers: [Offer]
    /// How many entries of `accepts` could not be read.
    public let unreadable: Int
    /// What the server declares beside the offers.
    public let extensions: JSON?

    /// How many offers are looked at; no server needs more.
    public static let maximumOffers = 64

    /// Reads the header `PAYMENT-REQUIRED`.
    public init(header: String) throws(HeaderFault) {
        let name = "PAYMENT-REQUIRED"
        let json = try HeaderFault.read(header, name: name)
        guard let version = json["x402Version"]?.integerValue else { throw .member(name: name, "x402Version") }
        guard version == 2 else { throw .version(version) }
        guard let accepts = json["accepts"]?.arrayValue else { throw .member(name: name, "accepts") }
        error = json["error"]?.stringValue.map { String($0.prefix(512)) }
        offers = accepts.prefix(Self.maximumOffers).compactMap(Offer.init(json:))
        unreadable = accepts.count - offers.count
        extensions = json["extensions"].flatMap { $0.members == nil ? nil : $0 }
    }
}
