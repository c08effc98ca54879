// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSimnet
import Synchronization
import Testing

@testable import FarthingStacksSettlement

/// What a payer can do to a payee with a number whose turn never comes.
@Suite struct StacksTurnTests {
    private final class Ended: Sendable { let count = Atomic(0) }

    private func deposit(_ number: UInt64, salt: UInt8, _ stage: SettlementStage) async throws -> SignedDeposit {
        try await stage.deposit(500, on: stage.terms(salt: salt), number: number)
    }

    private func isNotYetValid(_ error: SettlementError) -> Bool {
        if case .authorizationNotYetValid = error { true } else { false }
    }

    @Test func `A crowd of deposits before their turn is sent away, but for a few`() async throws {
        try await SettlementStage.open { stage in
            var options = SettlementStage.options
            options.turnPatience = .seconds(20)
            options.mostTurns = 2
            let payee = stage.restarted(options: options)
            let ended = Ended()
            var waiting: [Task<Void, any Error>] = []
            for salt: UInt8 in 1...2 {
                let early = try await deposit(1, salt: salt, stage)
                waiting.append(
                    Task {
                        defer { ended.count.add(1, ordering: .relaxed) }
                        _ = try await payee.deposit(early, for: stage.voucher(1, on: early.terms))
                    })
            }
            while payee.turns.load(ordering: .relaxed) < 2 { try await Task.sleep(for: .milliseconds(2)) }
            let third = try await deposit(1, salt: 3, stage)
            do throws(SettlementError) {
                _ = try await payee.deposit(third, for: stage.voucher(1, on: third.terms))
                Issue.record("it was taken")
            } catch {
                #expect(isNotYetValid(error))
            }
            #expect(ended.count.load(ordering: .relaxed) == 0, "it did not wait for the others")
            #expect(stage.node.poolCount == 0)
            for task in waiting { task.cancel() }
            for task in waiting { _ = await task.result }
            #expect(payee.turns.load(ordering: .relaxed) == 0)
        }
    }

    @Test func `A deposit whose turn does not come is let go soon, and taken when it has come`() async throws {
        try await SettlementStage.open { stage in
            var options = SettlementStage.options
            options.turnPatience = .milliseconds(50)
            let payee = stage.restarted(options: options)
            let second = try await deposit(1, salt: 2, stage)
            do throws(SettlementError) {
                _ = try await payee.deposit(second, for: stage.voucher(1, on: second.terms))
                Issue.record("it was taken")
            } catch {
                #expect(isNotYetValid(error), "nothing was handed in, so nobody need look for it")
            }
            let first = try await deposit(0, salt: 1, stage)
            _ = try await payee.deposit(first, for: stage.voucher(1, on: first.terms))
            let made = try await payee.deposit(second, for: stage.voucher(1, on: second.terms))
            #expect(made.snapshot.balance == Amount(units: 500))
        }
    }
}
