// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("Payer and payee with many requests in flight")
struct BurstWalkTests {
    @Test func `agree on what was charged, whatever is lost, late, doubled or killed`() throws {
        let hand = SigningHand(try Alice())
        var events: [String: Int] = [:]
        for seed in UInt64(0)..<150 {
            var walk = try BurstWalk(seed: seed, hand: hand)
            for step in 0..<400 {
                let what: String
                do { what = try walk.step() } catch {
                    Issue.record("seed \(seed), step \(step): \(error) of \(walk.payer)")
                    return
                }
                let broken = Self.brokenRules(of: walk) + walk.faults
                #expect(broken == [], "seed \(seed), step \(step): \(what)")
                guard broken.isEmpty else { return }
            }
            #expect(walk.shop.delivered > 0, "seed \(seed)")
            events.merge(walk.events, uniquingKeysWith: +)
        }
        // A walk that never came by is no proof.
        for name in [
            "ahead", "exact", "waits", "full", "aheadAnswered", "answered", "aheadEnded", "corrected", "refused",
            "outcomeUnknown", "observed", "crash", "restart", "late", "withheld",
        ] {
            #expect(events[name, default: 0] >= 5, "\(name): \(events)")
        }
        // Doubts must not keep it from signing ahead for good.
        #expect(events["ahead", default: 0] > 2 * events["exact", default: 0], "\(events)")
    }

    private static func brokenRules(of walk: BurstWalk) -> [String] {
        let (payer, channel) = (walk.payer, walk.shop.channel)
        let window = BurstWalk.limits.window.units
        let inFlight = walk.flights.reduce(UInt128(0)) { $0 + $1.price.units }
        let rules = [
            "the payer counts no more than the payee": payer.charged <= channel.charged,
            "signed ≤ charged and the window": walk.signed <= channel.charged.units + window,
            "charged ≤ signed": channel.charged.units <= walk.signed,
            "charged ≤ authorised": channel.charged <= channel.authorised,
            "captured ≤ charged": walk.ledger.claimed <= channel.charged.units,
            "earned is what was delivered": channel.earned.units == walk.shop.delivered,
            "what was charged was heard of, or was in doubt":
                channel.charged.units <= walk.heard + walk.doubted + inFlight,
            "an honest payee is not accused": payer.misconduct == nil,
            "the payer knows the highest that it signed": payer.authorised.units >= walk.signed,
            "no more are in flight than may be": payer.inFlight.count <= BurstWalk.limits.maximum,
            "what is in flight is what is waited for": payer.inFlight.map(\.ceiling).sorted()
                == walk.flights.map(\.voucher.ceiling).sorted(),
            "doubts are bounded": payer.doubts.count <= 32 + 256,
        ]
        return rules.filter { !$0.value }.map(\.key).sorted()
    }
}
