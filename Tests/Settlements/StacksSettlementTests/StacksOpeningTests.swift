// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClarityVM
import FarthingContracts
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Synchronization
import Testing

@Suite struct StacksOpeningTests {
    @Test(arguments: [false, true])
    func `A payer finds its channels again with nothing but its account`(inToken: Bool) async throws {
        try await SettlementStage.open(inToken: inToken) { stage in
            let payer = stage.payer.address
            #expect(try await stage.found().isEmpty)
            let first = try await stage.open(1000)
            let height = stage.node.heights.stacks
            // A second deposit makes no second entry.
            _ = try await stage.settlement.deposit(
                try await stage.deposit(10, on: first), for: stage.voucher(1, on: first))
            let second = try await stage.open(500, salt: 2)
            #expect(try await stage.found() == [first, second])
            #expect(try await stage.found(since: height + 1) == [second])
            #expect(try await stage.found(since: stage.node.heights.stacks + 1).isEmpty)
            let others = try await stage.settlement.channels(openedBy: stage.payee.address, since: 0) { _, _ in }
            #expect(others.isEmpty)

            let (terms, _) = try stage.chain(20)
            let chain = try await stage.open(terms)
            let chains = try await stage.settlement.contracts(HashChainContract.self, fundedBy: payer, since: 0)
            #expect(chains.map(\.channel) == [chain])
            if inToken {
                try await stage.settlement.mintTestToken(
                    stage.token.address, Amount(units: 1000), to: stage.payee.address)
            }
            let twoWay = try await stage.open(stage.twoWay(600, 400))
            let fundedIn = stage.node.heights.stacks
            let more = try await stage.funding(stage.twoWay(600, 400), 5)
            _ = try await stage.settlement.fund(TwoWayContract.self, stage.twoWay(600, 400), with: more)
            for party in [payer, stage.payee.address] {
                let found = try await stage.settlement.contracts(TwoWayContract.self, fundedBy: party, since: 0)
                #expect(found.map(\.channel) == [twoWay])
                #expect(found.allSatisfy { $0.openedIn <= fundedIn })
            }
            await #expect(throws: ContractError.unavailable(.lottery)) {
                try await stage.settlement.contracts(LotteryContract.self, fundedBy: payer, since: 0)
            }
        }
    }

    @Test func `What a re-org took back is not found, and what is opened again is found once`() async throws {
        try await SettlementStage.open(inToken: true) { stage in
            let kept = try await stage.open(100)
            let lost = stage.terms(salt: 2)
            let deposit = try await stage.deposit(200, on: lost)
            _ = try await stage.settlement.deposit(deposit, for: stage.voucher(1, on: lost))
            #expect(try await stage.found() == [kept, lost])
            stage.node.dropBlocks(1, losesTransactions: true)
            #expect(try await stage.found() == [kept])
            _ = try await stage.settlement.deposit(deposit, for: stage.voucher(1, on: lost))
            #expect(try await stage.found() == [kept, lost])
        }
    }

    @Test func `Strangers make nobody's list long, and a payer's own deposit is listed all the same`() async throws {
        try await SettlementStage.open { stage in
            let terms = stage.terms()
            let contract = stage.registry.vouchers
            let call = try #require(
                contract.call("deposit", [contract.value(of: terms), .uint(1), contract.token(terms.token)]))
            let stranger = StacksSender(
                client: stage.settlement.client, signer: stage.payee, version: .testnet,
                policy: .init(pause: .milliseconds(3)))
            let sent = try await stranger.send(.contractCall(call), mode: .allow)
            let mined = try await stranger.confirm(sent, burnBlocks: 0, patience: .seconds(20))
            #expect(mined.result.hasPrefix("(ok "))
            #expect(try await stage.snapshot(terms).balance.units == 1)
            #expect(try await stage.found().isEmpty)
            _ = try await stage.settlement.deposit(
                try await stage.deposit(100, on: terms), for: stage.voucher(1, on: terms))
            #expect(try await stage.found() == [terms])
        }
    }

    @Test func `A search tells how far it is, and ends at the newest block`() async throws {
        try await SettlementStage.open { stage in
            for salt in 1...3 as ClosedRange<UInt8> { _ = try await stage.open(100, salt: salt) }
            let told = Mutex<[[UInt64]]>([])
            _ = try await stage.settlement.channels(openedBy: stage.payer.address, since: 0) { height, head in
                told.withLock { $0.append([height, head]) }
            }
            let steps = told.withLock(\.self)
            #expect(steps.count == 4)
            #expect(steps.map { $0[0] } == steps.map { $0[0] }.sorted())
            #expect(steps.last?.first == steps.last?.last)
        }
    }
}

extension SettlementStage {
    func found(since block: UInt64 = 0) async throws -> [ChannelTerms] {
        try await settlement.channels(openedBy: payer.address, since: block) { _, _ in }
    }
}
