// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// An offer as a payer keeps it: what it says, and its very text, which a payment must echo.
///
/// - Source: x402 v2 over HTTP, matching of `accepted`: members are compared as text, also the case of addresses.
public struct Offer: Hashable, Sendable {
    public let requirements: PaymentRequirements
    /// As the server wrote it.
    public let json: JSON

    /// - Returns: `nil` for an offer that cannot be read; see ``PaymentRequirements/init(json:)``.
    public init?(json: JSON) {
        guard let requirements = PaymentRequirements(json: json) else { return nil }
        self.requirements = requirements
        self.json = json
    }
}
