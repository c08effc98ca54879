// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingDevnet
import FarthingEVMSettlement
import FarthingEncodings
import FarthingMemoryStore
import FarthingPrimitives
import Testing

@Suite("Payments on a chain", .timeLimit(.minutes(5)))
struct PaymentsOnChainTests {
    @Test func `opens, pays, withdraws, tops up and closes at once, with every method on the way`() async throws {
        try await ChainGround.run(.balanceProof) { ground in
            let (alice, bob) = (try await ground.payments(by: ground.alice), try await ground.payments(by: ground.bob))
            let period = try await alice.challengePeriod()
            #expect(period == 500)
            try await alice.setChannelManager(alice.domain.contract)
            await #expect(
                throws: PaymentsError.otherManager(given: ground.token, contract: alice.domain.contract)
            ) { try await alice.setChannelManager(ground.token) }
            let known = try await alice.tokenInfo(of: ground.alice.address)
            #expect(known == ("USDC", 6, units(ChainGround.riches)))
            let (inUnits, inTokens) = (
                try await alice.units(ofTokens: "0.00005"), try await alice.tokens(ofUnits: units(50))
            )
            #expect(inUnits == units(50) && inTokens == "0.00005")

            let channel = try await alice.openChannel(
                from: ground.alice.address, to: ground.bob.address, deposit: units(100))
            let validity = (try await alice.isChannelValid(), try await bob.isChannelValid(channel))
            #expect(validity == (true, true))
            // Bob knows the name alone, and finds the terms in the chain.
            let found = try await bob.setChannel(named: channel.id)
            #expect(found.terms == channel.terms)
            try await bob.setChannel(PaymentChannel(channel.terms, in: bob.domain))

            let first = try await alice.incrementBalanceAndSign(units(10))
            let brought = try await bob.receivePayment(first.unverified, least: units(10))
            #expect(brought == units(10))
            try await alice.confirmPayment(first.unverified)
            let again = try await alice.signNewProof()
            #expect(again == first)
            let lost = try await alice.incrementBalanceAndSign(units(5))
            try await alice.setBalance(units(10))
            let current = try await alice.channel
            #expect(current?.proof == first && lost.balance == units(15))
            let paid = try await bob.withdraw()
            #expect(paid.payouts == [Payout(to: ground.bob.address, units(10))])
            let withBob = try await ground.holds(ground.bob)
            #expect(withBob == ChainGround.riches + 10)

            try await alice.topUpChannel(by: units(50))
            await #expect(throws: PaymentsError.self) { try await alice.incrementBalanceAndSign(units(141)) }
            let second = try await alice.incrementBalanceAndSign(units(110))
            let more = try await bob.receivePayment(second.unverified)
            let newest = try await bob.newestProof()
            #expect(more == units(110) && newest == second)
            try await alice.verifyProof(second.unverified)
            let info = try await bob.channelInfo()
            #expect(info.state == .opened && info.deposit == units(150) && info.withdrawn == units(10))

            let end = try await bob.closingSignature()
            let closed = try await alice.closeChannel(with: end.unverified)
            #expect(closed.transaction != nil)
            #expect(
                Set(closed.payouts) == [
                    Payout(to: ground.bob.address, units(110)), Payout(to: ground.alice.address, units(30)),
                ])
            let left = try await alice.channelInfo()
            #expect(left.state == .settled && left.deposit == .zero)
            await #expect(throws: PaymentsError.notOpened(.settled)) { try await alice.closeChannel() }
            let withAlice = try await ground.holds(ground.alice)
            #expect(withAlice == ChainGround.riches - 120)
        }
    }

    @Test func `ends alone after the period of the contract, and is answered by who was paid more`() async throws {
        try await ChainGround.run(.balanceProof, challengeBlocks: 600) { ground in
            let (alice, bob) = (try await ground.payments(by: ground.alice), try await ground.payments(by: ground.bob))
            // The options say 500; the contract has one period for all.
            let period = try await alice.challengePeriod()
            #expect(period == 600)
            let channel = try await alice.openChannel(
                from: ground.alice.address, to: ground.bob.address, deposit: units(100))
            #expect(channel.terms.challengeBlocks == 600)
            try await bob.setChannel(named: channel.id)
            let proof = try await alice.incrementBalanceAndSign(units(40))
            try await bob.receivePayment(proof.unverified)
            let nothing = try await bob.watchChannel()
            #expect(nothing == nil, "nobody asked for an end")
            // Alice was never told that the payment arrived, and ends with nothing.
            try await alice.closeChannel()
            let info = try await alice.channelInfo()
            let last = try #require(info.settleBlock)
            #expect(info.state == .closed && info.block == last - 600)
            let answer = try await bob.watchChannel()
            #expect(answer?.transaction != nil && answer?.snapshot.state.phaseName == "closing")
            let head = try await alice.settlement.head().height
            try await ground.mine(blocks: Int(last - head - 1))
            // The next block is the last of the period.
            await #expect(throws: PaymentsError.challengeRuns(through: last, next: last)) {
                try await alice.settleChannel()
            }
            // Nodes work out what a transaction takes as if it were in the newest block, which must be past the period.
            try await ground.mine(blocks: 2)
            let settled = try await bob.settleChannel()
            #expect(settled.height == last + 2)
            #expect(
                Set(settled.payouts) == [
                    Payout(to: ground.bob.address, units(40)), Payout(to: ground.alice.address, units(60)),
                ])
            let nothingLeft = try await bob.watchChannel()
            #expect(nothingLeft == nil)
        }
    }

    @Test func `closes from the receiver's side, and finds on the chain what it has lost`() async throws {
        try await ChainGround.run(.balanceProof) { ground in
            let store = MemoryStore()
            let alice = try await ground.payments(by: ground.alice, store: store)
            let (from, to) = (ground.alice.address, ground.bob.address)
            await #expect(throws: PaymentsError.nothingFound(sender: from, receiver: to)) {
                try await alice.loadChannel(from: from, to: to)
            }
            let small = try await alice.openChannel(from: from, to: to, deposit: units(50))
            let large = try await alice.openChannel(from: from, to: to, deposit: units(80))
            let proof = try await alice.incrementBalanceAndSign(units(20))
            try await alice.confirmPayment(proof.unverified)
            try await alice.forgetStoredChannel()
            let stored = try await alice.loadStoredChannel(from: from, to: to)
            #expect(stored?.id == small.id)

            // Another program, which has seen nothing of the chain and lost the books: Bob shows what it was paid.
            let restored = try await ground.payments(by: ground.alice)
            var loaded = try await restored.loadChannel(from: from, to: to)
            #expect(loaded.id == large.id && loaded.terms == large.terms && loaded.openedIn == large.openedIn)
            try await restored.verifyProof(proof.unverified)
            let next = try await restored.incrementBalanceAndSign(units(1))
            #expect(next.balance == units(21))
            loaded = try await restored.loadChannel(from: from, to: to, since: try #require(large.openedIn))
            #expect(loaded.id == large.id)
            await #expect(throws: PaymentsError.nothingFound(sender: from, receiver: to)) {
                try await restored.loadChannel(from: from, to: to, since: (large.openedIn ?? 0) + 1)
            }

            let bob = try await ground.payments(by: ground.bob)
            try await bob.setChannel(named: large.id)
            try await bob.receivePayment(proof.unverified)
            let receipt = try await bob.closeChannel()
            #expect(
                Set(receipt.payouts) == [Payout(to: to, units(20)), Payout(to: from, units(60))])
            // One of two channels is closed; the other is still found.
            loaded = try await restored.loadChannel(from: from, to: to)
            #expect(loaded.id == small.id)
            await #expect(throws: PaymentsError.unknownChannel(ChannelID(.zero))) {
                try await bob.setChannel(named: ChannelID(.zero))
            }
        }
    }

    @Test func `knows the block of an opening that counts only when others lie on top of it`() async throws {
        try await ChainGround.run(.balanceProof) { ground in
            try await ground.devnet.ask("evm_setAutomine", .bool(false))
            let miner = Task {
                while !Task.isCancelled {
                    try await ground.mine(blocks: 1)
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            defer { miner.cancel() }
            var sending = ChainGround.policy
            (sending.confirmations, sending.patience) = (4, .seconds(10))
            let alice = try await ground.payments(
                by: ground.alice, options: PaymentsOptions(tokenSource: Self.mint(on: ground)), sending: sending)
            let (from, to) = (ground.alice.address, ground.bob.address)
            let channel = try await alice.openChannel(from: from, to: to, deposit: units(100))
            let opened = try #require(channel.openedIn)
            // By the block that is told the channel is found again.
            let found = try await alice.loadChannel(from: from, to: to, since: opened)
            #expect(found.id == channel.id)
            await #expect(throws: PaymentsError.nothingFound(sender: from, receiver: to)) {
                try await alice.loadChannel(from: from, to: to, since: opened + 1)
            }
            let added = try await alice.topUpChannel(by: units(10))
            #expect(added.height > opened && added.height + 3 <= added.snapshot.block.height)
            try await alice.waitForBlocks(6, after: added, interval: .milliseconds(20))
            let head = try await alice.settlement.head().height
            #expect(head >= added.height + 6)
            let carol = try person("Carol").address
            try await alice.buyTokens(units(7), for: carol)
            let bought = try await alice.tokenInfo(of: carol).balance
            #expect(bought == units(7))
        }
    }

    private static func mint(
        on ground: ChainGround
    ) -> @Sendable (_ account: Address, _ token: Address, _ amount: Amount) async throws -> Void {
        { account, token, amount in
            guard let units = Int(exactly: amount.units) else { throw SettlementError.overflow }
            try await ground.devnet.mint(units, for: account, token: token.hex)
        }
    }
}
