// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

@Suite struct StacksHashChainTests {
    typealias Rules = HashChainContract

    @Test(arguments: [false, true])
    func `Steps are redeemed at any stride, and the rest goes back by leave of the payee`(inToken: Bool) async throws {
        try await SettlementStage.open(inToken: inToken) { stage in
            let (terms, last) = try stage.chain(3000)
            let before = try await stage.held(stage.payer.address)
            let id = try await stage.open(terms)
            #expect(try await stage.held(stage.payer.address) == before - 30_000)
            // More than one call can pay.
            let far = try stage.step(2500, of: last, terms)
            let redeemed = try await stage.settlement.carryOut(.redeem(far), on: id, under: Rules.self)
            #expect(redeemed.snapshot.state.redeemed == far)
            #expect(redeemed.payouts == [Payout(to: terms.receiver, Amount(units: 25_000))])
            let again = try await stage.settlement.carryOut(.redeem(far), on: id, under: Rules.self)
            #expect(again.transaction == nil && again.payouts.isEmpty)

            let end = try stage.step(2600, of: last, terms)
            let digest = Rules.closeDigest(of: id, upTo: 2600, in: try stage.chainDomain())
            let closed = try await stage.settlement.carryOut(
                .close(end, signature: stage.payee.signNow(digest)), on: id, under: Rules.self)
            #expect(closed.snapshot.state.phase == .closed)
            #expect(try await stage.held(stage.payer.address) == before - 26_000)
            let contract = try #require(stage.registry.contracts[.hashChain])
            #expect(try await stage.held(contract.address) == 0)
        }
    }

    @Test func `The parts of a long chain wait for their blocks together, so that no payer reclaims the last`()
        async throws
    {
        try await SettlementStage.open(inToken: true) { stage in
            let (terms, last) = try stage.chain(5 * 1024)
            let id = try await stage.open(terms)
            stage.miner.rest()
            let redeeming = Task { [settlement = stage.settlement] in
                try await settlement.carryOut(.redeem(last), on: id, under: Rules.self)
            }
            let end = ContinuousClock.now + .seconds(10)
            while stage.node.poolCount < 5, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(5)) }
            #expect(stage.node.poolCount == 5)
            stage.node.mine()
            stage.miner.go()
            let redeemed = try await redeeming.value
            #expect(redeemed.snapshot.state.redeemed == last)
            #expect(redeemed.payouts == [Payout(to: terms.receiver, Amount(units: 51_200))])
            #expect(try await stage.held(stage.payee.address) == 51_200)
        }
    }

    @Test func `A payer takes the rest back when the channel has expired, and not before`() async throws {
        try await SettlementStage.open(inToken: true) { stage in
            let (terms, last) = try stage.chain(10)
            let before = try await stage.held(stage.payer.address)
            let id = try await stage.open(terms)
            _ = try await stage.settlement.carryOut(
                .redeem(try stage.step(4, of: last, terms)), on: id, under: Rules.self)
            await #expect(throws: ContractError.self) {
                try await stage.settlement.carryOut(.reclaim, on: id, under: Rules.self)
            }
            stage.node.advance(burnBlocks: 160)
            stage.time.leap(96_000)
            let receipt = try await stage.settlement.carryOut(.reclaim, on: id, under: Rules.self)
            #expect(receipt.payouts == [Payout(to: terms.payer, Amount(units: 60))])
            #expect(try await stage.held(stage.payer.address) == before - 40)
        }
    }

    @Test func `Steps of another chain, beyond the end and unsigned closes are refused`() async throws {
        try await SettlementStage.open { stage in
            let (terms, last) = try stage.chain(10)
            let id = try await stage.open(terms)
            func code(_ order: Rules.Order) async -> String? {
                do throws(ContractError) {
                    _ = try await stage.settlement.carryOut(order, on: id, under: Rules.self)
                    return nil
                } catch { return error.code }
            }
            #expect(await code(.redeem(HashChainStep(index: 3, value: .zero))) == "hash-chain.foreign-step")
            #expect(await code(.redeem(HashChainStep(index: 11, value: .zero))) == "hash-chain.beyond-end")
            let digest = Rules.closeDigest(of: id, upTo: 10, in: try stage.chainDomain())
            #expect(await code(.close(last, signature: stage.payer.signNow(digest))) == "hash-chain.close-signature")
            let unknown = ChannelID(.random())
            await #expect(throws: ContractError.unknownChannel(unknown)) {
                try await stage.settlement.carryOut(.reclaim, on: unknown, under: Rules.self)
            }
            #expect(stage.settlement.contractDomain(of: .lottery) == nil)
        }
    }

    @Test func `A chain is funded once, whoever asks and however often`() async throws {
        try await SettlementStage.open { stage in
            let (terms, _) = try stage.chain(10)
            let funding = try await stage.funding(terms)
            let first = try await stage.settlement.fund(Rules.self, terms, with: funding)
            let second = try await stage.settlement.fund(Rules.self, terms, with: funding)
            let third = try await stage.restarted().fund(Rules.self, terms, with: funding)
            #expect(first.transaction != nil && second.transaction == nil && third.transaction == nil)
            #expect(third.snapshot.state.locked.units == 100)
            let other = try await stage.funding(terms)
            do throws(ContractError) {
                _ = try await stage.settlement.fund(Rules.self, terms, with: other)
                Issue.record("it was funded twice")
            } catch { #expect(error.code == "hash-chain.already-funded") }
        }
    }
}
