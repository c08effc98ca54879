// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// A limit that a payment would exceed, with the numbers that decided it.
///
/// - Unit: atomic units of the token paid in.
public struct LimitExcess: Hashable, Sendable {
    /// The limit as it is named in the policy file, such as `limits.perDay`.
    public let member: String
    /// What counts against the limit already; zero for a limit on a single payment.
    public let before: Amount
    /// What the payment would add to it.
    public let asked: Amount
    public let limit: Amount
    /// The token's decimals when its sums are written in dollars.
    public let dollarDecimals: Int?

    public init(member: String, before: Amount = .zero, asked: Amount, limit: Amount, dollarDecimals: Int?) {
        self.member = member
        self.before = before
        self.asked = asked
        self.limit = limit
        self.dollarDecimals = dollarDecimals
    }

    var shownBefore: String { before.shown(dollarDecimals: dollarDecimals) }
    var shownAsked: String { asked.shown(dollarDecimals: dollarDecimals) }
    var shownLimit: String { limit.shown(dollarDecimals: dollarDecimals) }
}
