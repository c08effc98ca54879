// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingStacksSimnet
import Synchronization
import Testing

@testable import FarthingStacksSettlement

@Suite("How deep a deposit on Stacks must be", .timeLimit(.minutes(5)))
struct StacksDepositDepthTests {
    private static let two = options(patience: .seconds(120))

    private static func options(patience: Duration) -> StacksSettlement.Options {
        StacksSettlement.Options(
            burnBlocks: 2, patience: patience, sending: StacksSender.Policy(pause: .milliseconds(3)))
    }

    /// Whether something has not ended within a moment.
    private func waits(_ ending: Ending) async throws -> Bool {
        try await Task.sleep(for: .milliseconds(100))
        return !ending.isOver.load(ordering: .relaxed)
    }

    /// Returns once the settlement has noted at which height it found a deposit, or the wait for it has ended.
    private func waitUntilFound(by settlement: StacksSettlement, or ending: Ending? = nil) async throws {
        while settlement.found.withLock({ $0.isEmpty }), ending?.isOver.load(ordering: .relaxed) != true {
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private final class Ending: Sendable {
        let isOver = Atomic(false)
    }

    @Test func `A deposit counts no sooner for a payee that was restarted`() async throws {
        try await SettlementStage.open { stage in
            let deposit = try await stage.deposit(500, on: stage.terms())
            let voucher = stage.voucher(1, on: deposit.terms)
            let channel = stage.settlement.domain.channelID(of: deposit.terms)
            let killedEnding = Ending()
            let killed = Task {
                defer { killedEnding.isOver.store(true, ordering: .relaxed) }
                return try await stage.restarted(options: Self.two).deposit(deposit, for: voucher)
            }
            while try await stage.settlement.snapshot(of: channel) == nil {
                try await Task.sleep(for: .milliseconds(2))
            }
            let (restarted, ending) = (stage.restarted(options: Self.two), Ending())
            let again = Task {
                defer { ending.isOver.store(true, ordering: .relaxed) }
                return try await restarted.deposit(deposit, for: voucher)
            }
            try await waitUntilFound(by: restarted, or: ending)
            #expect(try await waits(ending))
            stage.node.advance(burnBlocks: 1)
            #expect(try await waits(ending))
            stage.node.advance(burnBlocks: 1)
            #expect(try await again.value.snapshot.balance.units == 500)
            // It may have found the deposit later than the other.
            while !killedEnding.isOver.load(ordering: .relaxed) {
                stage.node.advance(burnBlocks: 1)
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try await killed.value.snapshot.balance.units == 500)
            // It is known from now on.
            #expect(try await restarted.deposit(deposit, for: voucher).snapshot.balance.units == 500)
        }
    }

    @Test func `A hash chain's deposit counts no sooner for a payee that was restarted`() async throws {
        try await SettlementStage.open { stage in
            let (terms, _) = try stage.chain(20)
            let funding = try await stage.funding(terms)
            _ = try await stage.settlement.fund(HashChainContract.self, terms, with: funding)
            let (restarted, ending) = (stage.restarted(options: Self.two), Ending())
            let again = Task {
                defer { ending.isOver.store(true, ordering: .relaxed) }
                return try await restarted.fund(HashChainContract.self, terms, with: funding)
            }
            try await waitUntilFound(by: restarted, or: ending)
            #expect(try await waits(ending))
            stage.node.advance(burnBlocks: 2)
            #expect(try await again.value.snapshot.state.terms == terms)
        }
    }

    /// The wait for blocks of Bitcoin may take longer than anybody waits at once.
    @Test func `A deposit counts no sooner when it was waited for in vain, and goes on where that ended`() async throws
    {
        try await SettlementStage.open { stage in
            let hasty = stage.restarted(options: Self.options(patience: .milliseconds(300)))
            let deposit = try await stage.deposit(500, on: stage.terms())
            let voucher = stage.voucher(1, on: deposit.terms)
            let channel = stage.settlement.domain.channelID(of: deposit.terms)
            for _ in 0..<3 {
                await #expect(throws: SettlementError.self) { try await hasty.deposit(deposit, for: voucher) }
                while try await stage.settlement.snapshot(of: channel) == nil {
                    try await Task.sleep(for: .milliseconds(2))
                }
            }
            stage.node.advance(burnBlocks: 2)
            #expect(try await hasty.deposit(deposit, for: voucher).snapshot.balance.units == 500)
        }
    }

    @Test func `A deposit whose block is taken back while it is waited for does not count`() async throws {
        try await SettlementStage.open { stage in
            let deposit = try await stage.deposit(500, on: stage.terms())
            let voucher = stage.voucher(1, on: deposit.terms)
            _ = try await stage.settlement.deposit(deposit, for: voucher)
            let restarted = stage.restarted(options: Self.two)
            let again = Task { try await restarted.deposit(deposit, for: voucher) }
            try await waitUntilFound(by: restarted)
            stage.miner.rest()
            stage.node.dropBlocks(1, losesTransactions: true)
            await #expect(throws: SettlementError.self) { try await again.value }
        }
    }

    @Test func `Nobody waits for a deposit whose number another transaction has used`() async throws {
        try await SettlementStage.open { stage in
            let other = try await stage.deposit(500, on: stage.terms(salt: 2), number: 0)
            let deposit = try await stage.deposit(500, on: stage.terms(), number: 0)
            _ = try await stage.settlement.deposit(other, for: stage.voucher(1, on: other.terms))
            await #expect(throws: SettlementError.authorizationUsed) {
                try await stage.restarted(options: Self.two).deposit(
                    deposit, for: stage.voucher(1, on: deposit.terms))
            }
        }
    }
}
