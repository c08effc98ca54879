// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingContracts
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingSQLiteStore
import Testing

@testable import FarthingClientAPIs

/// A deposit whose answer was lost may have been made, and is not to be made twice.
@Suite("Payments: lost answers", .timeLimit(.minutes(1)))
struct PaymentsLostAnswerTests {
    private static let cut = PaymentsError.contract(.settlement(.unavailable(reason: "the line was cut")))

    /// A channel of 100 whose deposits can be held up and lost.
    private struct Line {
        let settlement: HookedSettlement
        let payments: Payments

        init(_ stage: Stage, on store: any ChannelStore) async throws {
            settlement = HookedSettlement(stage.ledger)
            payments = try Payments(
                settlement: settlement, token: stage.token.address, accounts: [stage.alice], store: store)
        }
    }

    @Test func `a top-up whose answer was lost is not made twice, whatever was put in since`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("alice")
            let line = try await Line(stage, on: store)
            let channel = try await line.payments.openChannel(
                from: stage.alice.address, to: stage.bob.address, deposit: units(100))
            line.settlement.decide { $0 == units(100) ? .made : .answerLost }
            await #expect(throws: Self.cut) { try await line.payments.topUpChannel(by: units(200)) }
            await #expect(throws: Self.cut) { try await line.payments.topUpChannel(by: units(150)) }
            try await line.payments.topUpChannel(by: units(100))
            line.settlement.decide { _ in .made }
            let restarted = try Shop.payments(stage, by: stage.alice, store: store)
            try await restarted.setChannel(named: channel.id)
            try await restarted.topUpChannel(by: units(200))
            try await restarted.topUpChannel(by: units(150))
            let (info, held) = (try await restarted.channelInfo(), try await stage.holds(stage.alice))
            #expect(info.deposit == units(550) && held == 450)
            // They have answers by now, so this is another.
            try await restarted.topUpChannel(by: units(200))
            let after = try await restarted.channelInfo()
            #expect(after.deposit == units(750))
        }
    }

    @Test func `a top-up that loses its answer while another is under way is not made twice`() async throws {
        try await Stage.run { stage in
            let line = try await Line(stage, on: stage.store("alice"))
            try await line.payments.openChannel(
                from: stage.alice.address, to: stage.bob.address, deposit: units(100))
            let (arrived, leave) = (Inbox<Void>(), Inbox<Void>())
            line.settlement.decide { amount in
                guard amount == units(50) else { return .answerLost }
                arrived.add(())
                _ = await leave.next()
                return .made
            }
            async let slow = line.payments.topUpChannel(by: units(50))
            _ = await arrived.next()
            await #expect(throws: Self.cut) { try await line.payments.topUpChannel(by: units(200)) }
            leave.add(())
            _ = try await slow
            line.settlement.decide { _ in .made }
            try await line.payments.topUpChannel(by: units(200))
            let (info, held) = (try await line.payments.channelInfo(), try await stage.holds(stage.alice))
            #expect(info.deposit == units(350) && held == 650)
        }
    }

    @Test func `the same sum that two objects over one store put in at once is put in twice`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("alice")
            let line = try await Line(stage, on: store)
            let channel = try await line.payments.openChannel(
                from: stage.alice.address, to: stage.bob.address, deposit: units(100))
            let other = try Shop.payments(stage, by: stage.alice, store: store)
            try await other.setChannel(named: channel.id)
            let (arrived, leave) = (Inbox<Void>(), Inbox<Void>())
            line.settlement.decide { _ in
                arrived.add(())
                _ = await leave.next()
                return .made
            }
            async let slow = line.payments.topUpChannel(by: units(50))
            _ = await arrived.next()
            try await other.topUpChannel(by: units(50))
            leave.add(())
            _ = try await slow
            let (info, held) = (try await other.channelInfo(), try await stage.holds(stage.alice))
            #expect(info.deposit == units(200) && held == 800)
            let books = try PaymentBooks(stored: try #require(try await store.load(channel.id)?.state))
            #expect(books.pending == [])
        }
    }

    @Test func `two objects over one store that open a channel alike at once open two`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("alice")
            let line = try await Line(stage, on: store)
            let (arrived, leave) = (Inbox<Void>(), Inbox<Void>())
            line.settlement.decide { _ in
                arrived.add(())
                _ = await leave.next()
                return .made
            }
            async let slow = line.payments.openChannel(
                from: stage.alice.address, to: stage.bob.address, deposit: units(100))
            _ = await arrived.next()
            let other = try await Shop.payments(stage, by: stage.alice, store: store).openChannel(
                from: stage.alice.address, to: stage.bob.address, deposit: units(100))
            leave.add(())
            let (first, held) = (try await slow, try await stage.holds(stage.alice))
            #expect(first.id != other.id && held == 800)
        }
    }

    @Test func `a top-up that one object has lost is another's to ask for again, and theirs alone`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("alice")
            let line = try await Line(stage, on: store)
            let channel = try await line.payments.openChannel(
                from: stage.alice.address, to: stage.bob.address, deposit: units(100))
            line.settlement.decide { _ in .answerLost }
            await #expect(throws: Self.cut) { try await line.payments.topUpChannel(by: units(50)) }
            line.settlement.decide { _ in .made }
            let other = try Shop.payments(stage, by: stage.alice, store: store)
            try await other.setChannel(named: channel.id)
            // One of them finds the lost one, and each of the others makes its own.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for payments in [line.payments, other, line.payments, other] {
                    group.addTask { try await payments.topUpChannel(by: units(50)) }
                }
                try await group.waitForAll()
            }
            let info = try await other.channelInfo()
            #expect(info.deposit == units(300))
        }
    }

    @Test func `of sums that never arrived none is forgotten, and one more than there is room for is not begun`()
        async throws
    {
        try await Stage.run { stage in
            let store = try stage.store("alice")
            let line = try await Line(stage, on: store)
            let channel = try await line.payments.openChannel(
                from: stage.alice.address, to: stage.bob.address, deposit: units(100))
            line.settlement.decide { _ in .lost }
            for sum in 1...64 as ClosedRange<UInt128> {
                await #expect(throws: Self.cut) { try await line.payments.topUpChannel(by: units(sum)) }
                // The same again is no other.
                await #expect(throws: Self.cut) { try await line.payments.topUpChannel(by: units(sum)) }
            }
            line.settlement.decide { _ in .made }
            await #expect(throws: PaymentsError.unansweredDeposits(64, oldest: units(1))) {
                try await line.payments.topUpChannel(by: units(65))
            }
            let books = try PaymentBooks(stored: try #require(try await store.load(channel.id)?.state))
            #expect(books.pending.map(\.amount) == (1...64).map { units($0) })
            try await line.payments.topUpChannel(by: units(7))
            try await line.payments.topUpChannel(by: units(65))
            let info = try await line.payments.channelInfo()
            #expect(info.deposit == units(172))
        }
    }

    @Test func `what the rules refuse takes no room`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("alice")
            let line = try await Line(stage, on: store)
            let channel = try await line.payments.openChannel(
                from: stage.alice.address, to: stage.bob.address, deposit: units(100))
            try await stage.ledger.setLimits(ContractLimits(maximum: units(120)), of: .balanceProof)
            for sum in 21...90 as ClosedRange<UInt128> {
                await #expect(throws: PaymentsError.self) { try await line.payments.topUpChannel(by: units(sum)) }
            }
            let books = try PaymentBooks(stored: try #require(try await store.load(channel.id)?.state))
            #expect(books.pending == [])
            try await line.payments.topUpChannel(by: units(20))
        }
    }

    @Test func `books of older versions are read, and none that the rules could not have written`() async throws {
        try await Stage.run { stage in
            let terms = BalanceProofTerms(
                sender: stage.alice.address, receiver: stage.bob.address, token: stage.token.address,
                challengeBlocks: 500, salt: .random())
            var books = PaymentBooks(terms, openedIn: 7)
            let first = books.stored
            #expect(first.first == 1)
            let deposit = PendingDeposit(amount: units(600), salt: .random())
            // As version 2 had it: an amount and a salt at the end.
            let amount = Array(repeating: UInt8(0), count: 14) + [2, 88]
            let second = [2] + first.dropFirst() + amount + deposit.salt.bytes
            try books.expect(deposit)
            let read = try PaymentBooks(stored: second)
            #expect(read == books && books.stored == second)
            try books.expect(PendingDeposit(amount: units(600), salt: .random()))
            let third = books.stored
            let readAgain = try PaymentBooks(stored: third)
            #expect(third.first == 3 && readAgain == books)
            // Its count stands behind what version 1 has.
            for count in [0, 1, 3, 65, 255] as [UInt8] {
                var broken = third
                broken[first.count] = count
                #expect(throws: StoredFormError.damaged) { try PaymentBooks(stored: broken) }
            }
        }
    }
}
