// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
public import FarthingX402
import Synchronization

/// Offers that were paid before, so that the next payment need not be asked for.
public protocol OfferBook: Sendable {
    func offer(for key: String) async throws -> KnownOffer?
    func keep(_ offer: KnownOffer, for key: String) async throws
}

/// An offer with what its server declared beside it.
public struct KnownOffer: Hashable, Sendable {
    public let offer: Offer
    /// Whether the server knows payment identifiers, and their declaration to echo.
    public let extensions: JSON?
    public init(offer: Offer, extensions: JSON?) {
        self.offer = offer
        self.extensions = extensions
    }

    /// Whether the server answers a repeated payment again instead of taking it twice.
    ///
    /// - Source: x402 v2, extension `payment-identifier`.
    public var knowsIdentifiers: Bool { extensions?[Self.identifierExtension]?["info"] != nil }

    static let identifierExtension = "payment-identifier"
}

/// Keeps offers as long as the process lives.
public final class MemoryOfferBook: OfferBook {
    /// How many offers are kept; when there are more, all are forgotten.
    static let maximum = 10_000
    private let offers = Mutex<[String: KnownOffer]>([:])

    public init() {}

    public func offer(for key: String) -> KnownOffer? { offers.withLock { $0[key] } }

    public func keep(_ offer: KnownOffer, for key: String) {
        offers.withLock { offers in
            if offers.count >= Self.maximum { offers = [:] }
            offers[key] = offer
        }
    }
}
