// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@Suite("Payments: closing")
struct PaymentsClosingTests {
    @Test func `closes at once with the receiver's signature`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            try await shop.pay(30)
            let end = try await shop.bob.closingSignature()
            let receipt = try await shop.alice.closeChannel(with: end.unverified)
            #expect(
                receipt.payouts == [
                    Payout(to: stage.bob.address, units(30)), Payout(to: stage.alice.address, units(70)),
                ])
            let info = try await shop.alice.channelInfo()
            #expect(info.state == .settled && info.deposit == .zero && info.withdrawn == .zero)
            await #expect(throws: PaymentsError.notOpened(.settled)) { try await shop.alice.closeChannel() }
            await #expect(throws: PaymentsError.notClosed(.settled)) { try await shop.alice.settleChannel() }
        }
    }

    @Test func `takes no end that the receiver did not sign, or for more than was signed`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let channel = try await shop.open(100)
            try await shop.pay(30)
            let end = { (balance: Amount, signer: KeySigner) in
                UnverifiedBalanceProofEnd(
                    balance: balance,
                    signature: signer.signNow(
                        BalanceProofContract.closeDigest(of: channel.id, balance: balance, in: shop.alice.domain)))
            }
            await #expect(throws: PaymentsError.closingSignature) {
                try await shop.alice.closeChannel(with: end(units(30), stage.mallory))
            }
            await #expect(throws: PaymentsError.sender(.unknownProof(balance: units(31), signed: units(30)))) {
                try await shop.alice.closeChannel(with: end(units(31), stage.bob))
            }
            let info = try await shop.alice.channelInfo()
            #expect(info.state == .opened)
        }
    }

    @Test func `closes with what several payments under way have come to`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            _ = try await shop.alice.incrementBalanceAndSign(units(10))
            let middle = try await shop.alice.incrementBalanceAndSign(units(10))
            _ = try await shop.alice.incrementBalanceAndSign(units(10))
            try await shop.bob.receivePayment(middle.unverified)
            let end = try await shop.bob.closingSignature()
            try await shop.alice.closeChannel(with: end.unverified)
            let held = try await stage.holds(stage.bob)
            #expect(held == 1020)
        }
    }

    @Test func `closes from the receiver's side, with nobody's leave (weakness 9)`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            await #expect(throws: PaymentsError.zeroAmount) { try await shop.bob.closeChannel() }
            try await shop.pay(40)
            let receipt = try await shop.bob.closeChannel()
            #expect(
                receipt.payouts == [
                    Payout(to: stage.bob.address, units(40)), Payout(to: stage.alice.address, units(60)),
                ])
        }
    }

    @Test func `ends alone with nothing paid, so that no money is locked for good`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            try await shop.alice.closeChannel()
            await #expect(throws: PaymentsError.notOpened(.closed)) { try await shop.alice.closeChannel() }
            try await stage.wait(blocks: 500)
            try await shop.alice.settleChannel()
            let held = try await stage.holds(stage.alice)
            #expect(held == 1000)
        }
    }

    @Test func `settles in the very block in which the contract does, from either side (weakness 12)`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            try await shop.pay(25)
            await #expect(throws: PaymentsError.notClosed(.opened)) { try await shop.alice.settleChannel() }
            try await shop.alice.closeChannel()
            let info = try await shop.bob.channelInfo()
            let end = try #require(info.settleBlock)
            #expect(info.state == .closed && info.block == end - 500)
            let head = try await stage.ledger.head().height
            try await stage.wait(blocks: end - head - 1)
            // The next block is the last of the period.
            await #expect(throws: PaymentsError.challengeRuns(through: end, next: end)) {
                try await shop.bob.settleChannel()
            }
            try await stage.wait()
            let receipt = try await shop.bob.settleChannel()
            #expect(receipt.snapshot.block.height == end + 1)
            #expect(
                receipt.payouts == [
                    Payout(to: stage.bob.address, units(25)), Payout(to: stage.alice.address, units(75)),
                ])
        }
    }

    @Test func `a receiver that watches is paid what a sender hid`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            try await shop.pay(10)
            let quiet = try await shop.bob.watchChannel()
            #expect(quiet == nil)
            // The receiver has this one, but the sender was never told.
            let hidden = try await shop.alice.incrementBalanceAndSign(units(50))
            try await shop.bob.receivePayment(hidden.unverified)
            try await shop.alice.closeChannel()
            let answer = try await shop.bob.watchChannel()
            #expect(answer?.snapshot.state.phaseName == "closing")
            let calm = try await shop.bob.watchChannel()
            #expect(calm == nil)
            try await stage.wait(blocks: 500)
            try await shop.bob.watchChannel()
            let held = try await stage.holds(stage.bob)
            #expect(held == 1060)
        }
    }

    @Test(arguments: [false, true])
    func `a receiver that looks too late is still paid what a sender hid`(bySettling: Bool) async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            let hidden = try await shop.alice.incrementBalanceAndSign(units(100))
            try await shop.bob.receivePayment(hidden.unverified)
            let asked = try await shop.alice.closeChannel()
            try await stage.wait(blocks: 501)
            guard case .closing(.zero, _) = asked.snapshot.state.phase else {
                Issue.record("The end should name nothing.")
                return
            }
            let receipt = bySettling ? try await shop.bob.settleChannel() : try await shop.bob.watchChannel()
            #expect(receipt?.payouts == [Payout(to: stage.bob.address, units(100))])
            let held = try await stage.holds(stage.bob)
            #expect(held == 1100)
            let after = try await shop.bob.watchChannel()
            #expect(after == nil)
        }
    }

    @Test func `a receiver ends a close that is under way with its own signature`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            let hidden = try await shop.alice.incrementBalanceAndSign(units(50))
            try await shop.bob.receivePayment(hidden.unverified)
            try await shop.alice.closeChannel()
            try await shop.bob.closeChannel()
            let held = try await stage.holds(stage.bob)
            #expect(held == 1050)
        }
    }

    @Test func `asks for an end with at least what was paid out, so that it can be settled (weakness 1)`() async throws
    {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            try await shop.pay(20)
            try await shop.bob.withdraw()
            // The sender's books are gone: it believes that nothing was paid.
            let fresh = try Shop.payments(stage, by: stage.alice, store: stage.store("fresh"))
            try await fresh.loadChannel(from: stage.alice.address, to: stage.bob.address)
            try await fresh.closeChannel()
            try await stage.wait(blocks: 500)
            try await fresh.settleChannel()
            let (alice, bob) = (try await stage.holds(stage.alice), try await stage.holds(stage.bob))
            #expect(alice == 980 && bob == 1020)
        }
    }

    @Test func `an end that its receiver has made worthless does not lock the sender's money`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("alice")
            let shop = try Shop(stage, aliceStore: store)
            let channel = try await shop.open(100)
            try await shop.pay(10)
            let newer = try await shop.alice.incrementBalanceAndSign(units(10))
            let end = try await shop.bob.closingSignature()
            // The sender keeps it, and cannot hand it in at once.
            let absent = try Shop.payments(stage, by: AbsentSigner(stage.alice.address), store: store)
            try await absent.setChannel(named: channel.id)
            await #expect(throws: PaymentsError.signer(reason: "Absent")) {
                try await absent.closeChannel(with: end.unverified)
            }
            // Meanwhile the receiver has itself paid for a newer proof, which other books of it took.
            let other = try Shop.payments(stage, by: stage.bob, store: stage.store("bob-2"))
            try await other.setChannel(named: channel.id)
            try await other.receivePayment(newer.unverified)
            try await other.withdraw()
            try await shop.alice.closeChannel()
            try await stage.wait(blocks: 500)
            try await shop.alice.settleChannel()
            let (alice, bob) = (try await stage.holds(stage.alice), try await stage.holds(stage.bob))
            #expect(alice == 980 && bob == 1020)
        }
    }

    @Test func `does both sides' work with both keys in one object`() async throws {
        try await Stage.run { stage in
            let both = try Payments(
                settlement: stage.ledger, token: stage.token.address, accounts: [stage.alice, stage.bob],
                store: stage.store("both"))
            try await both.openChannel(from: stage.alice.address, to: stage.bob.address, deposit: units(10))
            let proof = try await both.incrementBalanceAndSign(units(4))
            try await both.receivePayment(proof.unverified)
            try await both.confirmPayment(proof.unverified)
            let end = try await both.closingSignature(of: stage.bob.address)
            try await both.closeChannel(with: end.unverified)
            let held = try await stage.holds(stage.bob)
            #expect(held == 1004)
        }
    }
}
