// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Metrics

/// What is counted of the money of one scheme.
struct SchemeMetrics: Sendable {
    /// What became of a channel's part in a claim, or of its redemption.
    enum Row: String {
        case claimed
        case alreadyClaimed = "already_claimed"
        case refused
    }

    private let label: (String, String)
    private let charged: FloatingPointCounter
    private let claimed: FloatingPointCounter
    private let unclaimed: Meter

    init(_ scheme: PaymentScheme) {
        label = ("scheme", scheme.rawValue)
        charged = FloatingPointCounter(label: "farthing_charged_units_total", dimensions: [label])
        claimed = FloatingPointCounter(label: "farthing_claimed_units_total", dimensions: [label])
        unclaimed = Meter(label: "farthing_unclaimed_units", dimensions: [label])
    }

    func charge(_ amount: Amount) { charged.increment(by: Self.number(amount)) }
    func claim(_ amount: Amount) { claimed.increment(by: Self.number(amount)) }
    func setUnclaimed(_ amount: Amount) { unclaimed.set(Self.number(amount)) }

    func count(_ row: Row) {
        Counter(label: "farthing_claim_rows_total", dimensions: [label, ("outcome", row.rawValue)]).increment()
    }

    private static func number(_ amount: Amount) -> Double { Double(amount.units) }
}
