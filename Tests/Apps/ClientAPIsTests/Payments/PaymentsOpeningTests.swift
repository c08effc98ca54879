// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("Payments: opening and finding channels")
struct PaymentsOpeningTests {
    @Test func `opens a channel, and knows how it stands`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let before = try await shop.alice.channel
            #expect(before == nil)
            let channel = try await shop.open(100)
            let current = try await shop.alice.channel
            #expect(current == channel && channel.proof == nil)
            #expect(channel.account == stage.alice.address && channel.receiver == stage.bob.address)
            let info = try await shop.alice.channelInfo()
            #expect(info.state == .opened && info.deposit == units(100) && info.withdrawn == .zero)
            #expect(info.block == channel.openedIn && info.settleBlock == nil)
            let left = try await stage.holds(stage.alice)
            #expect(left == 900)
        }
    }

    @Test func `refuses to open what cannot be opened`() async throws {
        try await Stage.run { stage in
            let (alice, bob) = (stage.alice.address, stage.bob.address)
            let payments = try Shop(stage).alice
            await #expect(throws: PaymentsError.notEnoughTokens(has: units(1000), needs: units(1001))) {
                try await payments.openChannel(from: alice, to: bob, deposit: units(1001))
            }
            await #expect(throws: PaymentsError.zeroAmount) {
                try await payments.openChannel(from: alice, to: bob, deposit: .zero)
            }
            await #expect(throws: PaymentsError.noKey(bob)) {
                try await payments.openChannel(from: bob, to: alice, deposit: units(1))
            }
            await #expect(throws: PaymentsError.terms(.samePartner(alice))) {
                try await payments.openChannel(from: alice, to: alice, deposit: units(1))
            }
            await #expect(throws: PaymentsError.noChannel) { try await payments.channelInfo() }
            let short = try Shop.payments(
                stage, by: stage.alice, store: stage.store("short"), options: PaymentsOptions(challengeBlocks: 499))
            await #expect(throws: PaymentsError.terms(.challengePeriod(blocks: 499))) {
                try await short.openChannel(from: alice, to: bob, deposit: units(1))
            }
        }
    }

    @Test func `lets an identity pay through the account under it`() async throws {
        try await Stage.run { stage in
            let identity = try person("an identity").address
            let payments = try Shop.payments(
                stage, by: stage.alice, store: stage.store("alice"),
                options: PaymentsOptions(underlyingAccounts: [identity: stage.alice.address]))
            let channel = try await payments.openChannel(from: identity, to: stage.bob.address, deposit: units(10))
            #expect(channel.account == stage.alice.address)
        }
    }

    @Test func `tops up, and counts what was put in as a deposit`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            try await shop.alice.topUpChannel(by: units(50))
            let info = try await shop.alice.channelInfo()
            #expect(info.deposit == units(150))
            try await shop.pay(120)
            await #expect(throws: PaymentsError.zeroAmount) { try await shop.alice.topUpChannel(by: .zero) }
            await #expect(throws: PaymentsError.noKey(stage.alice.address)) {
                try await shop.bob.topUpChannel(by: units(1))
            }
            await #expect(throws: PaymentsError.notEnoughTokens(has: units(850), needs: units(851))) {
                try await shop.alice.topUpChannel(by: units(851))
            }
        }
    }

    @Test func `knows a valid channel from one that only looks like it`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let none = try await shop.alice.isChannelValid()
            #expect(!none)
            let channel = try await shop.open()
            let (current, given) = (
                try await shop.alice.isChannelValid(), try await shop.alice.isChannelValid(channel)
            )
            #expect(current && given)
            var terms = channel.terms
            terms.challengeBlocks = 1
            let hasty = try await shop.alice.isChannelValid(PaymentChannel(terms, in: shop.alice.domain))
            #expect(!hasty)
            terms = channel.terms
            terms.token = stage.bob.address
            let foreign = try await shop.alice.isChannelValid(PaymentChannel(terms, in: shop.alice.domain))
            #expect(!foreign)
        }
    }

    @Test func `takes a channel only when the contract has it`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let channel = try await shop.open()
            try await shop.pay(7)
            let known = try #require(try await shop.alice.channel)
            let fresh = try Shop.payments(stage, by: stage.alice, store: stage.store("fresh"))
            let taken = try await fresh.setChannel(known)
            #expect(taken.proof?.balance == units(7))
            // What is older takes nothing away.
            let again = try await shop.alice.setChannel(channel)
            #expect(again.proof?.balance == units(7))
            var terms = channel.terms
            terms.salt = .zero
            let unfunded = PaymentChannel(terms, in: fresh.domain)
            await #expect(throws: PaymentsError.unknownChannel(unfunded.id)) { try await fresh.setChannel(unfunded) }
            await #expect(throws: PaymentsError.unknownChannel(ChannelID(.zero))) {
                try await fresh.setChannel(named: ChannelID(.zero))
            }
        }
    }

    @Test func `sees to it that the contract is where it is said to be`() async throws {
        try await Stage.run { stage in
            let payments = try Shop(stage).alice
            let contract = payments.domain.contract
            try await payments.setChannelManager(contract)
            await #expect(throws: PaymentsError.otherManager(given: stage.bob.address, contract: contract)) {
                try await payments.setChannelManager(stage.bob.address)
            }
        }
    }

    @Test func `tells the challenge period of the channel, and before there is one that of the next`() async throws {
        try await Stage.run { stage in
            let payments = try Shop.payments(
                stage, by: stage.alice, store: stage.store("alice"), options: PaymentsOptions(challengeBlocks: 700))
            let before = try await payments.challengePeriod()
            #expect(before == 700)
            let shop = try Shop(stage, aliceStore: stage.store("other"))
            try await shop.open()
            let after = try await shop.bob.challengePeriod()
            #expect(after == 500)
        }
    }

    // MARK: - Finding channels again

    @Test func `finds the best open channel with its proof, not the first (weakness 8)`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let small = try await shop.open(50)
            let spent = try await shop.open(100)
            try await shop.pay(90)
            let settled = try await shop.open(300)
            try await shop.alice.closeChannel(with: shop.bob.closingSignature().unverified)
            try await shop.open(200)
            try await shop.alice.closeChannel()
            #expect(small.id != spent.id && settled.id != spent.id)

            let found = try await shop.alice.loadChannel(from: stage.alice.address, to: stage.bob.address)
            #expect(found.id == small.id && found.openedIn == small.openedIn)
            try await shop.alice.topUpChannel(by: units(1))
            try await shop.bob.setChannel(named: small.id)
            try await shop.pay(45)
            let other = try await shop.alice.loadChannel(from: stage.alice.address, to: stage.bob.address)
            #expect(other.id == spent.id && other.proof?.balance == units(90))
            let later = try await shop.alice.loadChannel(
                from: stage.alice.address, to: stage.bob.address, since: spent.openedIn ?? 0)
            #expect(later.id == spent.id)
        }
    }

    @Test func `says what it looked for when it finds nothing`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let (alice, bob) = (stage.alice.address, stage.bob.address)
            await #expect(throws: PaymentsError.nothingFound(sender: alice, receiver: bob)) {
                try await shop.alice.loadChannel(from: alice, to: bob)
            }
            try await shop.open()
            try await shop.alice.closeChannel()
            await #expect(throws: PaymentsError.nothingOpen(since: 0)) {
                try await shop.alice.loadChannel(from: alice, to: bob)
            }
            await #expect(throws: PaymentsError.nothingFound(sender: alice, receiver: bob)) {
                try await shop.alice.loadChannel(from: alice, to: bob, since: .max)
            }
        }
    }

    @Test func `gets its books back from the receiver when its store is lost (weakness 8)`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open()
            try await shop.pay(30)
            let fresh = try Shop.payments(stage, by: stage.alice, store: stage.store("fresh"))
            let found = try await fresh.loadChannel(from: stage.alice.address, to: stage.bob.address)
            #expect(found.proof == nil)
            // What it signs now is worth less than what the receiver has.
            let stale = try await fresh.incrementBalanceAndSign(units(5))
            await #expect(throws: PaymentsError.receiver(.notMore(balance: units(5), newest: units(30)))) {
                try await shop.bob.receivePayment(stale.unverified)
            }
            let shown = try #require(try await shop.bob.newestProof())
            try await fresh.verifyProof(shown.unverified)
            let next = try await fresh.incrementBalanceAndSign(units(5))
            #expect(next.balance == units(35))
            let gain = try await shop.bob.receivePayment(next.unverified)
            #expect(gain == units(5))
        }
    }

    @Test func `loads from its store, and leaves out what it was told to forget`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            let (alice, bob) = (stage.alice.address, stage.bob.address)
            let nothing = try await shop.alice.loadStoredChannel(from: alice, to: bob)
            #expect(nothing == nil)
            let channel = try await shop.open()
            try await shop.pay(3)
            let found = try await shop.alice.loadStoredChannel(from: alice, to: bob)
            #expect(found?.id == channel.id && found?.proof?.balance == units(3))
            try await shop.alice.forgetStoredChannel()
            let current = try await shop.alice.channel
            let forgotten = try await shop.alice.loadStoredChannel(from: alice, to: bob)
            #expect(current == nil && forgotten == nil)
            // The proof is still there for whoever asks for the channel by its name.
            let back = try await shop.alice.loadChannel(from: alice, to: bob)
            #expect(back.proof?.balance == units(3))
        }
    }
}
