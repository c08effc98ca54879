// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

@Suite struct StacksSenderCareTests {
    private static let patience = Duration.seconds(20)

    @Test func `What no node is known to have is handed in by the next transaction`() async throws {
        try await SenderStage.open { stage in
            stage.node.inject(.serverError, times: 2)
            let first = try await stage.sender.send(SenderStage.transfer(1))
            #expect(stage.node.poolCount == 0)
            #expect(first.authorization.origin.nonce == 0)
            try await stage.sender.send(SenderStage.transfer(2))
            stage.node.mine()
            #expect(try stage.bobs == 3)
        }
    }

    @Test func `What no node is known to have is handed in while it is waited for`() async throws {
        try await SenderStage.open(mining: .immediate) { stage in
            stage.node.inject(.serverError, times: 3)
            let first = try await stage.sender.send(SenderStage.transfer(1))
            let mined = try await stage.sender.confirm(first, burnBlocks: 0, patience: Self.patience)
            #expect(mined.result == "(ok true)")
            #expect(await stage.sender.underWayCount == 0)
        }
    }

    @Test func `What waits too long pays more, and counts for the first`() async throws {
        try await SenderStage.open(raiseAfter: .milliseconds(20)) { stage in
            let first = try await stage.sender.send(SenderStage.transfer(1), fee: 200)
            // A miner that takes no less than this.
            let mining = Task {
                while !Task.isCancelled, stage.node.poolCount > 0 {
                    #expect(stage.node.poolCount <= 1)
                    if stage.node.pool.allSatisfy({ $0.fee >= 2000 }) { stage.node.mine() }
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            let mined = try await stage.sender.confirm(first, burnBlocks: 0, patience: Self.patience)
            mining.cancel()
            #expect(mined.result == "(ok true)")
            #expect(try await stage.client.transaction(first.id) == nil)
            #expect(try stage.bobs == 1)
        }
    }

    @Test func `A fee is raised to the limit and no further`() async throws {
        try await SenderStage.open(maximumFee: 3000, raiseAfter: .milliseconds(5)) { stage in
            let first = try await stage.sender.send(SenderStage.transfer(1), fee: 200)
            func waitInVain() async {
                await #expect(throws: StacksSender.Fault.node(.timeout)) {
                    try await stage.sender.confirm(first, burnBlocks: 0, patience: .milliseconds(400))
                }
            }
            // How many times it is raised in that time is up to the machine.
            for _ in 0..<50 where stage.node.pool.map(\.fee) != [3000] { await waitInVain() }
            await waitInVain()
            #expect(stage.node.pool.map(\.fee) == [3000])
        }
    }

    @Test func `Bad answers do not end the wait for a transaction`() async throws {
        try await SenderStage.open(mining: .immediate) { stage in
            let sent = try await stage.sender.send(SenderStage.transfer(1))
            for status in [502, 503, 429] { stage.node.inject(.answer(status: status, body: "later"), on: "/v2/info") }
            stage.node.inject(.answer(status: 200, body: "<html>"), on: "/v2/info")
            stage.node.inject(.answer(status: 200, body: "[1]"), on: "/v3/transaction")
            stage.node.inject(.hangUp, on: "/v3/transaction", times: 3)
            let mined = try await stage.sender.confirm(sent, burnBlocks: 0, patience: Self.patience)
            #expect(mined.result == "(ok true)")
        }
    }

    @Test func `An account's number that no account reaches is an answer that cannot be read`() async throws {
        try await SenderStage.open(mining: .immediate) { stage in
            for nonce: UInt64 in [.max, .max - 1, (1 << 63) + 1] {
                let body = #"{"balance": "0x01", "locked": "0x00", "nonce": \#(nonce)}"#
                stage.node.inject(.answer(status: 200, body: body), on: "/v2/accounts")
                await #expect(throws: StacksSender.Fault.node(.malformed("the nonce is too high"))) {
                    try await stage.sender.send(SenderStage.transfer(1))
                }
            }
            // A high one that is allowed is believed only as long as the node says it.
            let body = #"{"balance": "0x01", "locked": "0x00", "nonce": \#(UInt64(1) << 63)}"#
            stage.node.inject(.answer(status: 200, body: body), on: "/v2/accounts")
            _ = try? await stage.sender.send(SenderStage.transfer(1))
            let sent = try await stage.sender.send(SenderStage.transfer(2))
            #expect(sent.authorization.origin.nonce == 0)
        }
    }

    // MARK: - Sponsored

    @Test func `An origin whose number is in the pool already takes none of the sponsor's`() async throws {
        try await SenderStage.open { stage in
            let origin = try stage.origin()
            try await origin.send(SenderStage.transfer(1), fee: 100_000)
            await #expect(throws: StacksSender.Fault.self) {
                try await stage.sender.sponsor(try stage.sponsored(nonce: 0))
            }
            let next = try await stage.sender.send(SenderStage.transfer(2))
            #expect(next.authorization.origin.nonce == 0)
            stage.node.mine()
            #expect(try stage.bobs == 3)
        }
    }

    @Test func `Another program's transaction does not stop what is sponsored`() async throws {
        try await SenderStage.open { stage in
            let other = StacksSender(client: stage.client, signer: try SenderStage.signer(1), version: .testnet)
            try await other.send(SenderStage.transfer(1), fee: 5000)
            let sponsored = try await stage.sender.sponsor(try stage.sponsored(nonce: 0))
            #expect(sponsored.authorization.sponsor?.nonce == 1)
            stage.node.mine()
            #expect(try await stage.sender.confirm(sponsored, burnBlocks: 0).result == "(ok true)")
        }
    }

    @Test func `What is sponsored twice is sent once`() async throws {
        try await SenderStage.open { stage in
            stage.node.inject(.serverError, times: 2)
            let first = try await stage.sender.sponsor(try stage.sponsored(nonce: 0))
            let second = try await stage.sender.sponsor(try stage.sponsored(nonce: 0))
            #expect(first == second)
            #expect(stage.node.poolCount == 1)
        }
    }

    @Test func `A number that was stepped over, and that its owner never uses, is used up`() async throws {
        try await SenderStage.open(raiseAfter: .milliseconds(30)) { stage in
            let other = StacksSender(client: stage.client, signer: try SenderStage.signer(1), version: .testnet)
            try await other.send(SenderStage.transfer(1))
            let sent = try await stage.sender.send(SenderStage.transfer(2))
            #expect(sent.authorization.origin.nonce == 1)
            stage.node.mine()
            stage.node.dropBlocks(1, losesTransactions: true)
            let mining = stage.mining()
            defer { mining.cancel() }
            let mined = try await stage.sender.confirm(sent, burnBlocks: 0, patience: Self.patience)
            #expect(mined.result == "(ok true)")
            // The other program's was lost for good.
            #expect(try stage.bobs == 2)
        }
    }

    @Test func `An origin that never sends what comes before does not hold up the sponsor`() async throws {
        try await SenderStage.open(raiseAfter: .milliseconds(30)) { stage in
            let waits = try await stage.sender.sponsor(try stage.sponsored(nonce: 1))
            let next = try await stage.sender.send(SenderStage.transfer(4))
            let mining = stage.mining()
            defer { mining.cancel() }
            let mined = try await stage.sender.confirm(next, burnBlocks: 0, patience: Self.patience)
            #expect(mined.result == "(ok true)")
            await #expect(throws: StacksSender.Fault.replaced) {
                try await stage.sender.confirm(waits, burnBlocks: 0, patience: Self.patience)
            }
            #expect(try stage.bobs == 4)
        }
    }

    @Test func `An origin that evicts what was sponsored and waits does not hold up the sponsor`() async throws {
        try await SenderStage.open(raiseAfter: .milliseconds(30)) { stage in
            try await stage.sender.sponsor(try stage.sponsored(nonce: 0))
            // It evicts it by one that can never be mined: somebody else sponsors that, with a number far ahead.
            let trap = try stage.trap(nonce: 0, fee: 100_000)
            try await stage.client.send(trap)
            #expect(stage.node.pool == [trap])
            let mining = stage.mining()
            defer { mining.cancel() }
            let next = try await stage.sender.send(SenderStage.transfer(4))
            let mined = try await stage.sender.confirm(next, burnBlocks: 0, patience: Self.patience)
            #expect(mined.result == "(ok true)")
        }
    }

    @Test func `Origins that evict what was sponsored hold up no more than the next look`() async throws {
        // Nothing waits so long here that it would pay more.
        try await SenderStage.open { stage in
            var sponsored: [StacksTransaction] = []
            for number: UInt64 in 0..<5 {
                sponsored.append(try await stage.sender.sponsor(try stage.sponsored(nonce: number)))
            }
            let outcomes = sponsored.map { deposit in
                Task {
                    _ = await #expect(throws: StacksSender.Fault.replaced) {
                        try await stage.sender.confirm(deposit, burnBlocks: 0, patience: Self.patience)
                    }
                }
            }
            for number: UInt64 in 0..<5 { try await stage.client.send(try stage.trap(nonce: number, fee: 100_000)) }
            let claim = try await stage.sender.send(SenderStage.transfer(4))
            let mining = stage.mining()
            defer { mining.cancel() }
            let mined = try await stage.sender.confirm(claim, burnBlocks: 0, patience: Self.patience)
            #expect(mined.result == "(ok true)")
            for outcome in outcomes { await outcome.value }
            #expect(try stage.bobs == 4)
        }
    }

    @Test func `What its origin has evicted is not outbid, for it would be evicted once more`() async throws {
        try await SenderStage.open(raiseAfter: .milliseconds(30)) { stage in
            let deposit = try await stage.sender.sponsor(try stage.sponsored(nonce: 0))
            let trap = try stage.trap(nonce: 0, fee: deposit.fee + 1)
            try await stage.client.send(trap)
            let mining = stage.mining()
            defer { mining.cancel() }
            let claim = try await stage.sender.send(SenderStage.transfer(4))
            _ = try await stage.sender.confirm(claim, burnBlocks: 0, patience: Self.patience)
            #expect(try stage.bobs == 4)
            #expect(stage.node.pool == [trap])
        }
    }

    @Test func `Payers' deposits leave the account some of the numbers that a node takes`() async throws {
        try await SenderStage.open { stage in
            for number: UInt64 in 0..<16 { try await stage.sender.sponsor(try stage.sponsored(nonce: number)) }
            let late = try stage.sponsored(nonce: 16)
            let fault = await #expect(throws: StacksSender.Fault.self) { try await stage.sender.sponsor(late) }
            if case .node(.refused(let refusal)) = fault {
                #expect(refusal.reason == "TooMuchChaining")
            } else {
                Issue.record("another fault: \(String(describing: fault))")
            }
            let claim = try await stage.sender.send(SenderStage.transfer(4))
            #expect(claim.authorization.origin.nonce == 16)
            stage.node.mine()
            try await stage.sender.sponsor(late)
        }
    }
}

extension SenderStage {
    /// What the origin of ``sponsored(nonce:)`` signs instead, and what can never be mined: somebody else sponsors it,
    /// with a number far ahead.
    func trap(nonce: UInt64, fee: UInt64) throws -> StacksTransaction {
        let origin = try Self.key(4)
        let stranger = try Self.key(5)
        let account = stranger.account(mainnet: false)
        node.fund(.standard(account), microSTX: 1_000_000)
        var trap = try sponsored(nonce: nonce)
        trap.authorization = .sponsored(
            origin: .init(signer: origin.account(mainnet: false), nonce: nonce, fee: 0),
            sponsor: .init(signer: account, nonce: 5 + nonce, fee: fee))
        try trap.signAsOrigin(with: origin)
        try trap.signAsSponsor(with: stranger)
        return trap
    }

    /// A miner that makes a block whenever something waits.
    func mining() -> Task<Void, Never> {
        Task { [node] in
            while !Task.isCancelled {
                if node.poolCount > 0 { node.mine() }
                try? await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    /// Somebody else with money, on its own way to the node.
    func origin() throws -> StacksSender {
        node.fund(.standard(try Self.key(4).account(mainnet: false)), microSTX: 1_000_000)
        return StacksSender(client: client, signer: try Self.signer(4), version: .testnet)
    }

    /// A transfer of one micro-STX that the same has signed for somebody to sponsor.
    func sponsored(nonce: UInt64) throws -> StacksTransaction {
        let key = try Self.key(4)
        let account = key.account(mainnet: false)
        node.fund(.standard(account), microSTX: 1_000_000)
        var transaction = StacksTransaction(
            version: .testnet,
            authorization: .sponsored(
                origin: .init(signer: account, nonce: nonce, fee: 0), sponsor: .unknownSponsor(of: .testnet)),
            postConditionMode: .allow, payload: try Self.transfer(1))
        try transaction.signAsOrigin(with: key)
        return transaction
    }
}
