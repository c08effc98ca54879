// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Channels that are read from a chain", .timeLimit(.minutes(5)))
struct ContractReadingTests {
    /// A settlement for which a deposit counts when three blocks hold it.
    private static func cautious(_ stage: ContractStage) throws -> EVMSettlement {
        var policy = TestChain.policy
        policy.confirmations = 3
        return try EVMSettlement(
            urls: stage.devnet.urls, signer: try TestChain.signer(stage.devnet, 0),
            contracts: stage.settlement.contracts, sending: policy)
    }

    private static func state<Rules: ContractRules>(
        of pair: Pair<Rules>, in settlement: EVMSettlement
    ) async throws -> Rules? {
        try await settlement.contract(Rules.self, of: pair.chain.channel)?.state
    }

    @Test func `count no deposit before it is deep enough, and payments at once`() async throws {
        try await ContractStage.open { stage in
            let cautious = try Self.cautious(stage)
            let chain = try await HashChainSettlementTests.pair(stage)
            try await chain.fund(100, by: stage.payer)
            #expect(try await Self.state(of: chain, in: cautious) == nil)
            try await stage.pass(blocks: 2)
            #expect(try await Self.state(of: chain, in: cautious)?.locked == Amount(units: 100))
            try await chain.carryOut("a step") { .redeem(HashChainSettlementTests.step(1, $0)) }
            #expect(try await Self.state(of: chain, in: cautious)?.locked == Amount(units: 95))

            let twoWay = try TwoWaySettlementTests.pair(stage)
            try await twoWay.fund(100, by: stage.payer)
            try await stage.pass(blocks: 2)
            try await twoWay.fund(50, by: stage.payee)
            #expect(try await Self.state(of: twoWay, in: cautious)?.phase == .opening(funded: .first))
            try await stage.pass(blocks: 2)
            try await twoWay.fund(7, by: stage.payee, salt: 2)
            #expect(try await Self.state(of: twoWay, in: cautious)?.locked == Amount(units: 150))
            try await stage.pass(blocks: 2)
            #expect(try await Self.state(of: twoWay, in: cautious)?.locked == Amount(units: 157))

            let lottery = try await LotterySettlementTests.pair(stage)
            try await lottery.fund(161, by: stage.payer)
            try await stage.pass(blocks: 2)
            try await lottery.fund(9, by: stage.payer, salt: 2)
            #expect(try await Self.state(of: lottery, in: cautious)?.locked == Amount(units: 161))
            try await stage.pass(blocks: 2)
            #expect(try await Self.state(of: lottery, in: cautious)?.locked == Amount(units: 170))

            let proofs = try BalanceProofSettlementTests.pair(stage)
            try await proofs.fund(10, by: stage.payer)
            try await stage.pass(blocks: 2)
            try await proofs.fund(5, by: stage.payer, salt: 2)
            #expect(try await Self.state(of: proofs, in: cautious)?.locked == Amount(units: 10))
            try await stage.pass(blocks: 2)
            #expect(try await Self.state(of: proofs, in: cautious)?.locked == Amount(units: 15))
            await cautious.shutdown()
        }
    }

    /// Anybody can name a channel, and hundreds of requests would be made to look for it.
    @Test func `are not looked for in the logs when the contract never had them`() async throws {
        try await ContractStage.open { stage in
            try await stage.devnet.ask("anvil_mine", 200)
            var limits = ChainReader.Limits()
            limits.blocksPerStep = 5
            let settlement = try EVMSettlement(
                urls: stage.devnet.urls, signer: nil, contracts: stage.settlement.contracts, limits: limits,
                sending: TestChain.policy)
            try await stage.devnet.count("eth_getLogs")
            let channel = ChannelID(Keccak256.hash(utf8: "a channel that never was"))
            func expectNothing<Rules: ContractRules>(_ rules: Rules.Type) async throws {
                let found = try await settlement.contract(rules, of: channel)
                #expect(found == nil)
            }
            try await expectNothing(HashChainContract.self)
            try await expectNothing(MerkleTokenContract.self)
            try await expectNothing(TwoWayContract.self)
            try await expectNothing(LotteryContract.self)
            try await expectNothing(LotContract.self)
            try await expectNothing(BalanceProofContract.self)
            let asked = try await stage.devnet.counted("eth_getLogs")
            #expect(asked == 0)
            // Whoever has just locked money is found by the very next question.
            let pair = try await HashChainSettlementTests.pair(stage)
            try await pair.fund(100, by: stage.payer)
            let state = try await Self.state(of: pair, in: settlement)
            #expect(state?.locked == Amount(units: 100))
            await settlement.shutdown()
        }
    }

    @Test func `are found in deposits that came by way of another contract`() async throws {
        try await ContractStage.open { stage in
            let pair = try await HashChainSettlementTests.pair(stage)
            let form = HashChainForm()
            let facts = ContractFacts()
            let call = form.funding(
                pair.chain.terms, stage.funding(100, by: stage.payer, of: pair.chain.channel, at: pair.chain.domain))
            let wrapped = ABI.call(
                "aggregate((address,bytes)[])",
                [.array([.tuple([.address(pair.chain.domain.contract), .bytes(call)])])])
            #expect(form.terms(in: wrapped, of: pair.chain.channel, pair.chain.domain, facts) == pair.chain.terms)
            #expect(form.terms(in: call, of: pair.chain.channel, pair.chain.domain, facts) == pair.chain.terms)
            var other = call
            other[4 + 6 * 32 + 31] ^= 1
            #expect(form.terms(in: other, of: pair.chain.channel, pair.chain.domain, facts) == nil)
            #expect(form.terms(in: [], of: pair.chain.channel, pair.chain.domain, facts) == nil)
            #expect(form.terms(in: Array(call.dropLast(200)), of: pair.chain.channel, pair.chain.domain, facts) != nil)
        }
    }

    @Test func `are not there where there is no contract, or none for the rules`() async throws {
        try await ContractStage.open { stage in
            var registry = stage.settlement.contracts
            registry.contracts[.lot] = nil
            registry.contracts[.hashChain] = stage.payee.address
            let settlement = try EVMSettlement(
                urls: stage.devnet.urls, signer: try TestChain.signer(stage.devnet, 0), contracts: registry,
                sending: TestChain.policy)
            let channel = ChannelID(Keccak256.hash(utf8: "a channel"))
            #expect(settlement.contractDomain(of: .lot) == nil)
            await #expect(throws: ContractError.unavailable(.lot)) {
                try await settlement.contract(LotContract.self, of: channel)
            }
            #expect(try await settlement.contract(HashChainContract.self, of: channel) == nil)
            await #expect(throws: ContractError.unknownChannel(channel)) {
                try await settlement.carryOut(.reclaim, on: channel, under: HashChainContract.self)
            }
            // Money is sent to no place that has no contract.
            let pair = try await HashChainSettlementTests.pair(stage)
            let domain = try #require(settlement.contractDomain(of: .hashChain))
            var terms = pair.chain.terms
            terms.receiver = stage.other.address
            let funding = stage.funding(100, by: stage.payer, of: terms.channelID(in: domain), at: domain)
            await #expect(throws: ContractError.self) {
                try await settlement.fund(HashChainContract.self, terms, with: funding)
            }
            #expect(try await stage.balance(stage.payer) == ContractStage.riches)
            await settlement.shutdown()
        }
    }
}
