// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingEVMSettlement

@Suite("Contracts on a chain in trouble", .timeLimit(.minutes(5)))
struct ContractTroubleTests {
    @Test(arguments: [
        "eth_call", "eth_getLogs", "eth_getTransactionByHash", "eth_getTransactionReceipt", "eth_getCode",
    ])
    func `believe no single endpoint that lies`(method: String) async throws {
        try await ContractStage.open(endpoints: 3) { stage in
            let pair = try await HashChainSettlementTests.pair(stage)
            try await pair.fund(100, by: stage.payer)
            try await stage.devnet.ask(
                "devnet_fault", ["method": .string(method), "kind": "wrong", "count": .null], endpoint: 1)
            let paid = Answer.done([stage.payee.address: Amount(units: 35)])
            #expect(try await pair.carryOut("seven steps") { .redeem(HashChainSettlementTests.step(7, $0)) } == paid)
            try await pair.expectFoundAfterRestart()
            let told = try await stage.settlement.events(after: 0, limit: 10).map(HashChainSettlementTests.text)
            #expect(told.contains { $0.hasPrefix("paid \(stage.payee.address)") && $0.hasSuffix(" 35") })
        }
    }

    @Test func `do once what several hand in at a time`() async throws {
        try await ContractStage.open { stage in
            let before = try await stage.total(with: .lottery)
            let pair = try await LotterySettlementTests.pair(stage)
            let settlements = try [5, 6, 7].map { try stage.another(signer: $0) }
            let funding = stage.funding(161, by: stage.payer, of: pair.chain.channel, at: pair.chain.domain)
            let opened = try await withThrowingTaskGroup(of: ContractReceipt<LotteryContract>.self) { group in
                for settlement in settlements {
                    group.addTask { try await settlement.fund(LotteryContract.self, pair.chain.terms, with: funding) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(opened.map(\.transaction)).count == 1, "all are told of the one deposit")
            #expect(try await stage.balance(stage.payer) == ContractStage.riches - 161)

            let seat = LotterySettlementTests.seat(
                stage.payee.address, stage.keyholder.address, pair.chain, by: stage.payer)
            _ = try await settlements[0].carryOut(seat, on: pair.chain.channel, under: LotteryContract.self)
            let ticket = LotterySettlementTests.Play(
                payee: stage.payee.address, nonce: 1, payer: stage.payer, keyholder: stage.keyholder
            ).order(pair.chain)
            let redeemed = try await withThrowingTaskGroup(of: ContractReceipt<LotteryContract>.self) { group in
                for settlement in settlements {
                    group.addTask {
                        try await settlement.carryOut(ticket, on: pair.chain.channel, under: LotteryContract.self)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(redeemed.flatMap(\.payouts) == [Payout(to: stage.payee.address, Amount(units: 30))])
            #expect(try await stage.balance(stage.payee) == ContractStage.riches + 30)
            #expect(try await stage.total(with: .lottery) == before)
            for settlement in settlements { await settlement.shutdown() }
        }
    }

    @Test func `give up nothing when a reorganisation throws an order out`() async throws {
        try await ContractStage.open { stage in
            let pair = try await HashChainSettlementTests.pair(stage)
            try await pair.fund(100, by: stage.payer)
            try await stage.pass()
            let order = HashChainContract.Order.redeem(HashChainSettlementTests.step(7, pair.chain))
            _ = try await stage.settlement.carryOut(order, on: pair.chain.channel, under: HashChainContract.self)
            // Its block goes, and nobody puts it into another.
            try await stage.devnet.ask("anvil_reorg", 1, [], ["dropped": "all"])
            #expect(try await stage.balance(stage.payee) == ContractStage.riches)
            let again = try await stage.settlement.carryOut(
                order, on: pair.chain.channel, under: HashChainContract.self)
            #expect(again.transaction != nil && again.snapshot.state.redeemed.index == 7)
            #expect(try await stage.balance(stage.payee) == ContractStage.riches + 35)
        }
    }
}
