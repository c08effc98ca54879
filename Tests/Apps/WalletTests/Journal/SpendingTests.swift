// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Testing

@testable import FarthingWallet

@Suite("What a journal counts as spent")
struct SpendingTests {
    /// The first second of an hour.
    private static let now = Instant(unixSeconds: 500_000 * 3600)
    private static let hour: Int64 = 3600

    /// Ends a payment of 1,000 units that was signed then.
    private func pay(
        _ journal: Journal, at time: Instant, under policy: SpendingPolicy = SpendingPolicy(),
        host: String = "a.example",
        _ outcome: JournalOutcome = JournalOutcome(.paid, charged: 1000), isInDoubt: Bool = false,
        keepsCounting: Bool = false
    ) async throws {
        let entry = try await journal.begin(
            JournalDraft(intent: PolicyFixture.intent(host: host)), channel: nil, under: policy, isApproved: true,
            at: time)
        try await journal.finish(
            entry, outcome, channel: nil, isInDoubt: isInDoubt, keepsCounting: keepsCounting)
    }

    private func totals(_ journal: Journal, at time: Instant, host: String = "a.example") async throws -> SpendingTotals
    {
        try await journal.totals(for: PolicyFixture.intent(host: host), at: time)
    }

    @Test func `locks no budget until a date to which the clock once jumped`() async throws {
        let limits = PolicyFixture.limits {
            $0.perDay = 1000
            $0.perHostPerDay = 1000
            $0.perMinute = 1000
        }
        let policy = SpendingPolicy(dollarLimits: limits)
        let journal = try Journal(path: nil)
        let jumped = Self.now.advanced(bySeconds: 5 * 365 * 24 * Self.hour)
        try await pay(journal, at: jumped, under: policy)
        await #expect(throws: PolicyRefusal.self) { try await pay(journal, at: jumped, under: policy) }
        // The clock is set right.
        let spent = try await totals(journal, at: Self.now)
        #expect(spent.today == 0 && spent.toHostToday == 0 && spent.lastMinute == 0)
        #expect(spent.ever == 1000 && spent.toHostEver == 1000, "it was spent all the same")
        try await pay(journal, at: Self.now, under: policy)
        await #expect(throws: PolicyRefusal.self) { try await pay(journal, at: Self.now, under: policy) }
    }

    @Test(
        arguments: [
            (ahead: 60, minute: 1000, day: 1000), (ahead: 61, minute: 0, day: 1000),
            (ahead: 3600, minute: 0, day: 1000),
            (ahead: 25 * 3600 - 1, minute: 0, day: 1000), (ahead: 25 * 3600, minute: 0, day: 0),
            (ahead: -59, minute: 1000, day: 1000), (ahead: -60, minute: 0, day: 1000),
            (ahead: -24 * 3600, minute: 0, day: 1000), (ahead: -24 * 3600 - 1, minute: 0, day: 0),
        ] as [(ahead: Int64, minute: Amount, day: Amount)])
    func `counts within a minute and a day of now, before it and after`(
        ahead: Int64, minute: Amount, day: Amount
    ) async throws {
        let journal = try Journal(path: nil)
        try await pay(journal, at: Self.now.advanced(bySeconds: ahead))
        let spent = try await totals(journal, at: Self.now)
        #expect(spent.lastMinute == minute)
        #expect(spent.today == day && spent.toHostToday == day)
        #expect(spent.ever == 1000 && spent.toHostEver == 1000)
    }

    @Test func `counts the same in another journal that takes in its books`() async throws {
        let address = PrivateKey.random().address
        let outcomes: [(String, JournalOutcome, isInDoubt: Bool)] = [
            ("paid.example", JournalOutcome(.paid, charged: 700), false),
            ("unknown.example", JournalOutcome(.unknown), true),
            ("doubtful.example", JournalOutcome(.refused, code: "invalid"), true),
            ("refused.example", JournalOutcome(.refused, code: "invalid"), false),
            ("unsent.example", JournalOutcome(.notTaken), false),
        ]
        let (first, second) = (try Journal(path: nil), try Journal(path: nil))
        for (host, outcome, isInDoubt) in outcomes {
            try await pay(first, at: Self.now, host: host, outcome, isInDoubt: isInDoubt)
        }
        try await second.merge(first.books(of: address), into: address)
        for (host, _, _) in outcomes {
            let (theirs, ours) = (
                try await totals(first, at: Self.now, host: host), try await totals(second, at: Self.now, host: host)
            )
            #expect(ours.toHostEver == theirs.toHostEver, "\(host)")
            #expect(ours.toHostToday == theirs.toHostToday, "\(host)")
        }
        #expect(try await totals(second, at: Self.now).today == 2700)
        #expect(try await totals(second, at: Self.now).lastMinute == 2700)
    }

    /// A lottery ticket, which can win although its payee says that it did not take it.
    @Test func `counts in another journal what was not taken and counts all the same`() async throws {
        let address = PrivateKey.random().address
        let (first, second, third) = (try Journal(path: nil), try Journal(path: nil), try Journal(path: nil))
        let notTaken = JournalOutcome(.notTaken, code: "payment.not-charged")
        try await pay(first, at: Self.now, notTaken, isInDoubt: true, keepsCounting: true)
        let books = try await first.books(of: address)
        #expect(books.history.map(\.counted) == [1000])
        try await second.merge(try WalletBooks(file: books.json.bytes), into: address)
        #expect(try await totals(second, at: Self.now).today == 1000)
        #expect(try await second.books(of: address).history.map(\.counted) == [1000])
        try await third.merge(try await second.books(of: address), into: address)
        #expect(try await totals(third, at: Self.now).toHostEver == 1000)
    }

    @Test func `takes in an export that does not say yet what counts`() async throws {
        let address = PrivateKey.random().address
        let (first, second) = (try Journal(path: nil), try Journal(path: nil))
        try await pay(first, at: Self.now)
        try await pay(first, at: Self.now, JournalOutcome(.refused, code: "invalid"), isInDoubt: true)
        try await pay(first, at: Self.now, JournalOutcome(.notTaken), isInDoubt: true, keepsCounting: true)
        let text = try await first.books(of: address).json.text
        // As version 1 had it.
        let older = text.replacing("\"version\":2", with: "\"version\":1").replacing(/,"counted":"[0-9]+"/, with: "")
        #expect(!older.contains("counted") && older != text)
        try await second.merge(try WalletBooks(file: Array(older.utf8)), into: address)
        #expect(try await totals(second, at: Self.now).today == 2000)
    }

    @Test func `counts of an export no more for a payment that was not taken than its price`() async throws {
        let address = PrivateKey.random().address
        let (first, second) = (try Journal(path: nil), try Journal(path: nil))
        for outcome in [JournalOutcome(.paid, charged: 1000), JournalOutcome(.notTaken)] {
            try await pay(first, at: Self.now, outcome)
        }
        let text = try await first.books(of: address).json.text
        let more = text.replacing(/"counted":"[0-9]+"/, with: "\"counted\":\"999999\"")
        try await second.merge(try WalletBooks(file: Array(more.utf8)), into: address)
        #expect(try await second.entries().map(\.counted) == [1000, 1000])
        #expect(try await totals(second, at: Self.now).today == 2000)
    }
}
