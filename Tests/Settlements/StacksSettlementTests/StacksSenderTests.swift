// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Synchronization
import Testing

@Suite("Sending Stacks transactions")
struct StacksSenderTests {
    @Test("Several transactions go one behind the other before any is in a block")
    func several() async throws {
        try await SenderStage.open { stage in
            try await withThrowingTaskGroup(of: UInt64.self) { group in
                for amount: UInt64 in 1...5 {
                    group.addTask {
                        try await stage.sender.send(SenderStage.transfer(amount)).authorization.origin.nonce
                    }
                }
                var nonces: Set<UInt64> = []
                for try await nonce in group { nonces.insert(nonce) }
                #expect(nonces == [0, 1, 2, 3, 4])
            }
            stage.node.mine()
            #expect(try stage.bobs == 15)
        }
    }

    @Test("A transaction that the node lost is handed to it again, and those behind it go on")
    func gap() async throws {
        try await SenderStage.open { stage in
            stage.node.inject(.lose)
            let lost = try await stage.sender.send(SenderStage.transfer(1))
            let behind = try await stage.sender.send(SenderStage.transfer(2))
            stage.node.mine()
            #expect(try stage.bobs == 0)
            let mining = stage.mining()
            defer { mining.cancel() }
            for sent in [lost, behind] {
                let mined = try await stage.sender.confirm(sent, burnBlocks: 0, patience: .seconds(10))
                #expect(mined.result == "(ok true)")
            }
            #expect(try stage.bobs == 3)
            #expect(try await stage.client.transaction(lost.id) != nil)
            #expect(await stage.sender.underWayCount == 0)
        }
    }

    @Test("A lost answer does not send a transaction twice")
    func lostAnswer() async throws {
        try await SenderStage.open(mining: .immediate) { stage in
            try await stage.sender.send(SenderStage.transfer(1))
            stage.node.inject(.hangUp)
            let transaction = try await stage.sender.send(SenderStage.transfer(2))
            #expect(try await stage.client.transaction(transaction.id) != nil)
            try await stage.sender.send(SenderStage.transfer(4))
            #expect(try stage.bobs == 7)
        }
    }

    @Test("A refused transaction takes no number")
    func refused() async throws {
        try await SenderStage.open { stage in
            stage.node.inject(.refuse(reason: "NotEnoughFunds"))
            await #expect(throws: StacksSender.Fault.self) {
                try await stage.sender.send(SenderStage.transfer(1))
            }
            let transaction = try await stage.sender.send(SenderStage.transfer(2))
            #expect(transaction.authorization.origin.nonce == 0)
        }
    }

    @Test("Another program's transactions of the same account are stepped over")
    func conflict() async throws {
        try await SenderStage.open { stage in
            let other = StacksSender(client: stage.client, signer: try SenderStage.signer(1), version: .testnet)
            try await other.send(SenderStage.transfer(1))
            try await other.send(SenderStage.transfer(2))
            let transaction = try await stage.sender.send(SenderStage.transfer(4))
            #expect(transaction.authorization.origin.nonce == 2)
            stage.node.mine()
            #expect(try stage.bobs == 7)
        }
    }

    @Test("A fee above the limit is not paid")
    func limit() async throws {
        try await SenderStage.open(maximumFee: 100) { stage in
            await #expect(throws: StacksSender.Fault.self) {
                try await stage.sender.send(SenderStage.transfer(1))
            }
            #expect(stage.node.poolCount == 0)
        }
    }

    @Test("A transaction whose number another one has taken is given up")
    func replaced() async throws {
        try await SenderStage.open { stage in
            let other = StacksSender(client: stage.client, signer: try SenderStage.signer(1), version: .testnet)
            let first = try await stage.sender.send(SenderStage.transfer(1), fee: 200)
            try await other.send(SenderStage.transfer(2), fee: 900)
            stage.node.mine()
            await #expect(throws: StacksSender.Fault.replaced) {
                try await stage.sender.confirm(first, burnBlocks: 0)
            }
            #expect(try stage.bobs == 2)
        }
    }

    @Test("A transaction is confirmed by Bitcoin's blocks behind it, also when its block was taken back")
    func confirmation() async throws {
        try await SenderStage.open { stage in
            let transaction = try await stage.sender.send(SenderStage.transfer(5))
            stage.node.mine()
            stage.node.dropBlocks(1, losesTransactions: true)
            #expect(stage.node.poolCount == 0)
            let isDone = Atomic(false)
            async let confirmed = {
                defer { isDone.store(true, ordering: .releasing) }
                return try await stage.sender.confirm(transaction, burnBlocks: 3)
            }()
            let deadline = ContinuousClock.now + .seconds(10)
            while stage.node.poolCount == 0, ContinuousClock.now < deadline { await Task.yield() }
            stage.node.mine()
            while !isDone.load(ordering: .acquiring), ContinuousClock.now < deadline {
                stage.node.advance(burnBlocks: 1)
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(stage.node.heights.burn >= 103)
            #expect(try await confirmed.result == "(ok true)")
            #expect(try stage.bobs == 5)
        }
    }
}
