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
        for seed in UInt64(0)..<150 {
            var walk = JointWalk(seed: seed, hand: hand)
            for step in 0..<150 {
                let what = try walk.step()
                let broken = Self.brokenRules(of: walk)
                #expect(broken == [], "seed \(seed), step \(step): \(what)")
                guard broken.isEmpty else { return }
            }
            try walk.finish()
            // What was claimed before a delivery broke off stays with the payee as credit for the payer.
            let kept = max(walk.shop.delivered, walk.ledger.claimed)
            #expect(walk.ledger.settled == kept, "seed \(seed)")
            #expect(walk.ledger.wallet == JointWalk.wallet - kept, "seed \(seed)")
            #expect(walk.payer.balance.units == walk.ledger.balance, "seed \(seed)")
            #expect(kept <= walk.shop.delivered + JointWalk.highestPrice, "seed \(seed)")
            #expect(walk.shop.delivered > 0, "seed \(seed)")
        }
    }

    private static func brokenRules(of walk: JointWalk) -> [String] {
        let channel = walk.shop.channel
        let rules = [
            "money is conserved": walk.ledger.total == JointWalk.wallet && walk.ledger.isBalanced,
            "the payer counts no more than the payee": walk.payer.charged <= channel.charged,
            "signed ≤ charged and one price": walk.signed <= channel.charged.units + JointWalk.highestPrice,
            "charged ≤ signed": channel.charged.units <= walk.signed,
            "captured ≤ charged": walk.ledger.claimed <= channel.charged.units,
            "captured ≤ delivered and one price": walk.ledger.claimed <= walk.shop.delivered + JointWalk.highestPrice,
            "earned is what was delivered": channel.earned.units == walk.shop.delivered,
            "delivered ≤ deposited": walk.shop.delivered <= walk.ledger.balance,
        ]
        return rules.filter { !$0.value }.map(\.key).sorted()
    }
}
