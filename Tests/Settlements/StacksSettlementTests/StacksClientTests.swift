// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

@Suite("A client of a Stacks node", .timeLimit(.minutes(1)))
struct StacksClientTests {
    @Test("It reads heights, accounts, contracts, variables and maps")
    func reading() async throws {
        try await SenderStage.open(mining: .immediate) { stage in
            let info = try await stage.client.info()
            #expect(info.chainID == 0x8000_0000)
            #expect(info.burnHeight == 100)
            #expect(info.isFullySynced)
            try await stage.client.checkChain(0x8000_0000)
            await #expect(throws: StacksNodeFault.wrongChain(expected: 1, actual: 0x8000_0000)) {
                try await stage.client.checkChain(1)
            }
            let source = """
                (define-data-var ready? uint u3)
                (define-map sums uint uint)
                (map-set sums u1 u9)
                (define-read-only (sum? (key uint)) (map-get? sums key))
                (define-read-only (fails) (/ u1 u0))
                """
            let deployment = try await stage.sender.send(SenderStage.deploy(source))
            let contract = try #require(ContractIdentifier("\(deployment.origin).box"))
            let sums = try #require(ClarityName("sums"))
            let ready = try #require(ClarityName("ready?"))
            let sum = try #require(ClarityName("sum?"))
            let fails = try #require(ClarityName("fails"))
            let asker = try SenderStage.bob()
            #expect(try await stage.client.source(of: contract) == source)
            #expect(try await stage.client.dataVariable(ready, of: contract) == .uint(3))
            #expect(try await stage.client.mapEntry(sums, key: .uint(1), of: contract) == .uint(9))
            #expect(try await stage.client.mapEntry(sums, key: .uint(2), of: contract) == nil)
            let answer = try await stage.client.callReadOnly(contract, sum, [.uint(1)], sender: asker)
            #expect(answer == .some(.uint(9)))
            await #expect(throws: StacksNodeFault.self) {
                try await stage.client.callReadOnly(contract, fails, sender: asker)
            }
            await #expect(throws: StacksNodeFault.notFound) {
                try await stage.client.dataVariable(fails, of: contract)
            }
            let account = try await stage.client.account(.standard(deployment.origin))
            #expect(account.nonce == 1)
            #expect(account.balance == 1_000_000 - UInt128(deployment.fee))
            let mined = try await stage.client.transaction(deployment.id)
            #expect(mined?.result == "(ok true)")
            #expect(try await stage.client.transaction(.zero) == nil)
        }
    }

    @Test("A node that cannot estimate a fee is asked for its rate")
    func fees() async throws {
        try await SenderStage.open { stage in
            let key = try SenderStage.key(1)
            let transaction = StacksTransaction(
                version: .testnet,
                authorization: .standard(.init(signer: key.account(mainnet: false), nonce: 0, fee: 0)),
                payload: try SenderStage.transfer(1))
            let estimated = try await stage.client.fees(for: transaction)
            #expect(estimated.low >= 180)
            #expect(estimated.high > estimated.low)
            stage.node.inject(.refuse(reason: "NoEstimateAvailable"), on: "/v2/fees/transaction")
            let fallen = try await stage.client.fees(for: transaction)
            #expect(fallen.low == 180)
            #expect(fallen.high == 180)
        }
    }

    @Test("What goes wrong with a node has its own name")
    func faults() async throws {
        try await SenderStage.open { stage in
            stage.node.inject(.serverError, on: "/v2/info")
            await #expect(throws: StacksNodeFault.status(500)) { try await stage.client.info() }
            stage.node.inject(.hangUp, on: "/v2/info", times: 20)
            await #expect(throws: StacksNodeFault.unreachable) { try await stage.client.info() }
            let hasty = StacksClient(url: stage.node.url, timeout: .milliseconds(50))
            stage.node.inject(.delay(.seconds(2)), on: "/v2/accounts")
            await #expect(throws: StacksNodeFault.timeout) { try await hasty.account(SenderStage.bob()) }
            let patient = StacksClient(url: stage.node.url, timeout: .milliseconds(700))
            stage.node.inject(.stall, on: "/v2/accounts")
            await #expect(throws: StacksNodeFault.timeout) { try await patient.account(SenderStage.bob()) }
        }
        let nobody = StacksClient(url: "http://127.0.0.1:9", timeout: .milliseconds(300))
        await #expect(throws: StacksNodeFault.self) { try await nobody.info() }
    }
}
