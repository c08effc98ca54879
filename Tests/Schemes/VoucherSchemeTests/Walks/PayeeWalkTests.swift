// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A payee's books")
struct PayeeWalkTests {
    /// A payee who sleeps through a withdrawal's delay delivered more than is left: captured ≤ deposited still holds,
    /// charged ≤ deposited does not.
    ///
    /// All the rest holds for both.
    @Test(arguments: [true, false], [true, false])
    func `are right after every step of a long walk`(isAwake: Bool, isAhead: Bool) throws {
        let hand = SigningHand(try Alice())
        var losses = 0
        var mostInFlight = 0
        for seed in UInt64(0)..<120 {
            var walk = PayeeWalk(seed: seed, hand: hand, isAwake: isAwake, isAhead: isAhead)
            var charged = Amount.zero
            for step in 0..<150 {
                let what = try walk.step()
                let broken = try Self.brokenRules(of: walk, since: charged, in: hand.alice.domain)
                #expect(broken == [], "seed \(seed), step \(step): \(what)")
                guard broken.isEmpty else { break }
                charged = walk.shop.channel.charged
            }
            mostInFlight = max(mostInFlight, walk.mostInFlight)
            losses += walk.shop.delivered > walk.ledger.balance ? 1 : 0
        }
        // The walk is worth something only if sleeping does cost money now and then.
        #expect(isAwake ? losses == 0 : losses > 0)
        #expect(isAhead ? mostInFlight > 8 : mostInFlight == 0)
    }

    private static func brokenRules(
        of walk: PayeeWalk, since charged: Amount, in domain: SettlementDomain
    ) throws -> [String] {
        let channel = walk.shop.channel
        let ledger = walk.ledger
        let delivered = walk.shop.delivered
        // What may be signed for and not charged: one price, or as far as a payer may sign ahead.
        let highest = walk.isAhead ? PayeeWalk.ahead.window.units : PayeeWalk.highestPrice
        let requests = channel.requests
        var rules = [
            "money is conserved": ledger.total == PayeeWalk.wallet && ledger.isBalanced,
            "charged never falls": channel.charged >= charged,
            "captured ≤ charged": ledger.claimed <= channel.charged.units,
            "captured ≤ deposited": ledger.claimed <= ledger.balance,
            "charged ≤ authorised": channel.charged <= channel.authorised,
            "no more are in flight than may be": requests.count <= PayeeWalk.ahead.maximum,
            "no two in flight have one voucher": Set(requests.map(\.voucher.ceiling)).count == requests.count,
            "a copy pays for nothing": walk.copiesLetIn == 0,
            "authorised ≤ charged and one price": channel.authorised.units <= channel.charged.units + highest,
            "earned is what was delivered": channel.earned.units == delivered,
            "credit is a part of what was charged": channel.credit <= channel.charged,
            "captured ≤ delivered and one price": ledger.claimed <= delivered + highest,
            "no more is refundable than would be left": channel.refundable.units + channel.earned.units
                <= max(channel.ledger.balance, channel.earned).units,
            "a row asks for no more than was signed": channel.claimRow(in: domain)
                .map { $0.total <= $0.ceiling } ?? true,
            "what is on disk is what is in memory": walk.shop.disk == channel.stored,
            "the stored form comes back": try comesBack(channel),
            "what was delivered could be claimed": !walk.claimFailed,
        ]
        if walk.isAwake { rules["delivered ≤ deposited"] = delivered <= ledger.balance }
        return rules.filter { !$0.value }.map(\.key).sorted()
    }

    private static func comesBack(_ channel: VoucherChannel) throws -> Bool {
        let copy = try VoucherChannel(stored: channel.stored)
        guard case .serving = channel.phase else { return copy == channel }
        return copy.phase == .idle && copy.stored == channel.stored
    }
}
