// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import GRDB

extension Journal {
    /// Writes down what is about to be signed, if the policy allows it: all of it, or nothing.
    ///
    /// - Parameters:
    ///   - channel: The channel's books as they are once it is signed.
    ///   - isApproved: Whether a person said yes to the policy's questions.
    /// - Returns: The entry's number.
    /// - Throws: ``PolicyRefusal``, or ``JournalError``; nothing may be signed then.
    func begin(
        _ draft: JournalDraft, channel: KeptChannel?, under policy: SpendingPolicy, isApproved: Bool, at now: Instant
    ) async throws -> Int64 {
        try await change { db in
            if draft.kind == .payment {
                switch policy.evaluate(draft.intent, after: try db.totals(for: draft.intent, at: now)) {
                case .allowed: break
                case .ask(let questions): guard isApproved else { throw PolicyRefusal.notApproved(questions) }
                case .refused(let refusal): throw refusal
                }
                try db.execute(sql: "INSERT OR IGNORE INTO hosts VALUES (?)", arguments: [draft.intent.host])
            }
            if let channel { try db.keep(channel) }
            return try db.insert(draft, at: now)
        }
    }

    /// Writes down what became of an entry.
    ///
    /// - Parameters:
    ///   - channel: The channel's books as they are now.
    ///   - isInDoubt: Whether it may still turn out to have been taken.
    ///   - settled: What this tells of earlier payments out of the channel.
    func finish(
        _ entry: Int64, _ outcome: JournalOutcome, channel: KeptChannel?, isInDoubt: Bool = false,
        settling settled: DoubtsSettled? = nil
    ) async throws {
        try await change { db in
            if let channel { try db.keep(channel) }
            try db.close(entry, outcome, isInDoubt: isInDoubt)
            if let settled, let channel { try db.settle(settled, in: channel.id) }
        }
    }

    /// Writes down what was found out about a channel, without a new payment.
    func found(_ channel: KeptChannel, settling settled: DoubtsSettled?) async throws {
        try await change { db in
            try db.keep(channel)
            if let settled { try db.settle(settled, in: channel.id) }
        }
    }

    /// Marks what a crash left on its way: nobody knows what became of it.
    func abandon(_ channel: KeptChannel) async throws {
        try await change { db in
            try db.keep(channel)
            try db.execute(
                sql: """
                    UPDATE entries SET state = 'unknown', in_doubt = 1, code = 'payment.crashed'
                    WHERE channel = ? AND state = 'pending' AND kind <> 'withdrawal'
                    """, arguments: ["\(channel.id)"])
        }
    }

    /// The withdrawal of a channel that was started and not yet made.
    func pendingWithdrawal(of channel: ChannelID) async throws -> Int64? {
        try await read { db in
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT id FROM entries WHERE channel = ? AND kind = 'withdrawal' AND state IN ('pending', 'unknown')
                    ORDER BY id DESC
                    """, arguments: ["\(channel)"])
        }
    }

    /// What was spent so far, as the policy counts it.
    func totals(for intent: PaymentIntent, at now: Instant) async throws -> SpendingTotals {
        try await read { try $0.totals(for: intent, at: now) }
    }

    /// The history, newest first.
    ///
    /// - Parameter before: Only entries older than this one; `nil` for the newest.
    public func entries(before: Int64? = nil, host: String? = nil, limit: Int = 100) async throws -> [JournalEntry] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM entries WHERE id < ? AND (? IS NULL OR host = ?) ORDER BY id DESC LIMIT ?
                    """, arguments: [before ?? .max, host, host, max(0, limit)]
            ).map { try $0.entry() }
        }
    }
}

extension Database {
    fileprivate func insert(_ draft: JournalDraft, at now: Instant) throws -> Int64 {
        let intent = draft.intent
        let counted = draft.kind == .payment ? intent.price : .zero
        try execute(
            sql: """
                INSERT INTO entries (at, kind, host, method, url, scheme, network, asset, receiver, channel, ceiling,
                    identifier, price, deposit, state, charged, counted, in_doubt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', '0', ?, 0)
                """,
            arguments: [
                now.unixSeconds, draft.kind.rawValue, intent.host, intent.method, intent.url, intent.scheme,
                "\(intent.network)", intent.asset.checksummed, intent.receiver.checksummed,
                draft.channel.map { "\($0)" }, draft.ceiling.map { "\($0)" }, draft.identifier, "\(intent.price)",
                "\(intent.deposit)", "\(counted)",
            ])
        let id = lastInsertedRowID
        try count(
            counted, instead: .zero,
            Spending(network: "\(intent.network)", asset: intent.asset.checksummed, host: intent.host, at: now))
        return id
    }

    fileprivate func close(_ id: Int64, _ outcome: JournalOutcome, isInDoubt: Bool) throws {
        guard let row = try Row.fetchOne(self, sql: "SELECT * FROM entries WHERE id = ?", arguments: [id]) else {
            throw JournalDamage(reason: "entry \(id) is gone")
        }
        let isPayment = try row.text("kind") == JournalEntry.Kind.payment.rawValue
        let counted: Amount =
            switch outcome.state {
            case .pending, .unknown: isPayment ? try row.amount("price") : .zero
            case .paid: isPayment ? outcome.charged : .zero
            case .refused, .notTaken: .zero
            }
        try count(counted, instead: try row.amount("counted"), try Spending(row))
        try execute(
            sql: """
                UPDATE entries SET state = ?, charged = ?, code = ?, tx = ?, counted = ?, in_doubt = ? WHERE id = ?
                """,
            arguments: [
                outcome.state.rawValue, "\(outcome.charged)", outcome.code,
                outcome.transaction.map { "\($0)" }, "\(counted)", isInDoubt, id,
            ])
    }

    /// Closes the entries of a channel that were in doubt.
    fileprivate func settle(_ settled: DoubtsSettled, in channel: ChannelID) throws {
        let rows = try Row.fetchAll(
            self, sql: "SELECT * FROM entries WHERE channel = ? AND in_doubt = 1 ORDER BY id DESC",
            arguments: ["\(channel)"])
        var taken: Amount?
        if case .taken(let amount, let ceiling) = settled {
            // Of several with the same voucher the newest is as good as any: it was one payment to the payee.
            for row in rows where taken == nil {
                guard try row.entry().ceiling == ceiling, let id: Int64 = row["id"] else { continue }
                try close(id, JournalOutcome(.paid, charged: amount, code: "payment.answer-lost"), isInDoubt: false)
                taken = amount
            }
        }
        for row in rows {
            guard let id: Int64 = row["id"],
                let state = try String.fetchOne(self, sql: "SELECT state FROM entries WHERE id = ?", arguments: [id]),
                state != JournalEntry.State.paid.rawValue
            else { continue }
            let isRefused = state == JournalEntry.State.refused.rawValue
            try close(
                id, JournalOutcome(isRefused ? .refused : .notTaken, code: try row.entry().code), isInDoubt: false)
        }
    }
}
