// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("Payments in a chain's own coin", .timeLimit(.minutes(5)))
struct PaymentsInCoinTests {
    private static let ether: UInt128 = 1_000_000_000_000_000_000

    @Test func `A one-way channel opens, is topped up, pays and gives back the rest`() async throws {
        try await ChainGround.run(.balanceProof, isInCoin: true) { ground in
            let (alice, bob) = (try await ground.payments(by: ground.alice), try await ground.payments(by: ground.bob))
            let known = try await alice.tokenInfo(of: ground.alice.address)
            #expect(known.symbol == "ETH" && known.decimals == 18)
            let sum = try await alice.units(ofTokens: "0.000000000000000001")
            #expect(sum == units(1))
            let channel = try await alice.openChannel(
                from: ground.alice.address, to: ground.bob.address, deposit: units(2 * Self.ether))
            try await alice.topUpChannel(by: units(Self.ether))
            let found = try await bob.setChannel(named: channel.id)
            #expect(found.terms == channel.terms)
            let before = try await ground.holds(ground.bob)
            let proof = try await alice.incrementBalanceAndSign(units(Self.ether))
            let brought = try await bob.receivePayment(proof.unverified)
            #expect(brought == units(Self.ether))
            // Bob's closing signature is all that Alice needs.
            let end = try await bob.closingSignature()
            let closed = try await alice.closeChannel(with: end.unverified)
            #expect(
                Set(closed.payouts) == [
                    Payout(to: ground.bob.address, units(Self.ether)),
                    Payout(to: ground.alice.address, units(2 * Self.ether)),
                ])
            let after = try await ground.holds(ground.bob)
            #expect(after == before + Self.ether)
        }
    }

    @Test func `Nobody locks more than there is`() async throws {
        try await ChainGround.run(.balanceProof, isInCoin: true) { ground in
            let alice = try await ground.payments(by: ground.alice)
            let held = try await ground.holds(ground.alice)
            await #expect(throws: PaymentsError.notEnoughTokens(has: units(held), needs: units(held + 1))) {
                try await alice.openChannel(
                    from: ground.alice.address, to: ground.bob.address, deposit: units(held + 1))
            }
            // Nothing would be left for the transaction.
            await #expect(throws: PaymentsError.self) {
                try await alice.openChannel(from: ground.alice.address, to: ground.bob.address, deposit: units(held))
            }
            let left = try await ground.holds(ground.alice)
            #expect(left == held)
        }
    }
}
