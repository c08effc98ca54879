// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("Payer and payee on a bad network")
struct JointWalkTests {
    @Test func `never part by more than the price of one request, and end with what is theirs`() throws {
        let hand = SigningHand(try Alice())
        var events: [String: Int] = [:]
        for seed in UInt64(0)..<150 {
            var walk = JointWalk(seed: seed, hand: hand)
            for step in 0..<150 {
                let what: String
                do { what = try walk.step() } catch {
                    Issue.record("seed \(seed), step \(step): \(error) of \(walk.payer)")
                    return
                }
                let broken = Self.brokenRules(of: walk) + walk.faults
                #expect(broken == [], "seed \(seed), step \(step): \(what)")
                guard broken.isEmpty else { return }
            }
            try walk.finish()
            // What was claimed before a delivery broke off stays with the payee as credit for the payer.
            let kept = max(walk.shop.delivered, walk.ledger.claimed)
            #expect(walk.ledger.settled == kept, "seed \(seed)")
            #expect(walk.ledger.wallet == JointWalk.wallet - kept, "seed \(seed)")
            #expect(walk.payer.balance.units == walk.ledger.balance, "seed \(seed)")
            #expect(walk.payer.charged == walk.shop.channel.charged, "seed \(seed)")
            #expect(kept <= walk.shop.delivered + JointWalk.highestPrice, "seed \(seed)")
            #expect(walk.shop.delivered > 0, "seed \(seed)")
            #expect(walk.faults == [], "seed \(seed)")
            events.merge(walk.events, uniquingKeysWith: +)
        }
        // A walk that never came by is no proof.
        for name in [
            "answered", "refused", "outcomeUnknown", "corrected", "corrected refund", "observed", "refundStarted",
            "refunded", "refundFailed", "refund unknown", "books lost", "depositOutstanding", "deposit signed again",
        ] {
            #expect(events[name, default: 0] >= 50, "\(name): \(events)")
        }
    }

    private static func brokenRules(of walk: JointWalk) -> [String] {
        let (payer, channel) = (walk.payer, walk.shop.channel)
        let inFlight: Amount = if case .awaiting(let payment) = payer.phase { payment.price } else { .zero }
        let rules = [
            "money is conserved": walk.ledger.total == JointWalk.wallet && walk.ledger.isBalanced,
            "the payer counts no more than the payee": payer.charged <= channel.charged,
            "signed ≤ charged and one price": walk.signed <= channel.charged.units + JointWalk.highestPrice,
            "charged ≤ signed": channel.charged.units <= walk.signed,
            "captured ≤ charged": walk.ledger.claimed <= channel.charged.units,
            "captured ≤ delivered and one price": walk.ledger.claimed <= walk.shop.delivered + JointWalk.highestPrice,
            "earned is what was delivered": channel.earned.units == walk.shop.delivered,
            "delivered ≤ deposited": walk.shop.delivered <= walk.ledger.balance,
            "what was charged was heard of, or was in doubt":
                channel.charged.units <= walk.heard + walk.doubted + inFlight.units,
            "an honest payee is not accused": payer.misconduct == nil,
            "charged ≤ authorised": payer.charged <= payer.authorised,
            "doubts are bounded, and above what was charged":
                payer.doubts.count <= 32 && payer.doubts.allSatisfy { $0.ceiling > payer.charged },
        ]
        return rules.filter { !$0.value }.map(\.key).sorted()
    }
}
