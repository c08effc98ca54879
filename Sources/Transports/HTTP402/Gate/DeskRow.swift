// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives
public import FarthingX402

/// Several desks side by side: a payer takes the offer that suits it, and is sent to the desk that made it.
///
/// All of them take the same token on the same network, so that a price is the same at each.
public struct DeskRow: PaymentDesk {
    private let first: any PaymentDesk
    private let others: [any PaymentDesk]
    private let byScheme: [String: any PaymentDesk]

    /// - Parameter first: Whose offers come first, which is what payers take that know no better.
    public init(_ first: any PaymentDesk, _ others: [any PaymentDesk]) {
        self.first = first
        self.others = others
        let price = Amount(units: 1)
        byScheme = others.reduce(into: [:]) { desks, desk in
            for offer in desk.offers(for: price) { desks[offer.scheme] = desk }
        }
    }

    public var decimals: Int { first.decimals }
    public var symbol: String { first.symbol }
    public var isSimulated: Bool { first.isSimulated }

    public func offers(for price: Amount) -> [PaymentRequirements] {
        first.offers(for: price) + others.flatMap { $0.offers(for: price) }
    }

    public func extensions(highest: Amount) -> JSON {
        others.flatMap { $0.extensions(highest: highest).members ?? [] }.reduce(first.extensions(highest: highest)) {
            $0.adding($1.name, $1.value)
        }
    }

    public func admit(_ payment: PaymentPayload, for offer: PaymentRequirements) async throws -> Admission {
        try await desk(of: offer).admit(payment, for: offer)
    }

    public func meaning(of extensions: JSON?) -> (any Sendable)? { first.meaning(of: extensions) }

    public func check(
        _ payment: [UInt8], familiar: FamiliarTexts, for offer: PaymentRequirements
    ) -> (any CheckedPayment)? {
        desk(of: offer).check(payment, familiar: familiar, for: offer)
    }

    public func check(
        _ payment: [UInt8], familiar: FamiliarTexts, for offer: PaymentRequirements,
        after earlier: (any CheckedPayment)?
    ) -> (any CheckedPayment)? {
        desk(of: offer).check(payment, familiar: familiar, for: offer, after: earlier)
    }

    private func desk(of offer: PaymentRequirements) -> any PaymentDesk {
        byScheme[offer.scheme] ?? first
    }
}
