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
        _ draft: JournalDraft, channel: (any KeptBooks)?, under policy: SpendingPolicy, isApproved: Bool,
        at now: Instant
    ) async throws -> Int64 {
        probe?.reach(.beginning, draft.kind)
        let id = try await change { db in
            if draft.kind == .payment {
                switch policy.evaluate(draft.intent, after: try db.totals(for: draft.intent, at: now)) {
                case .allowed: break
                case .ask(let questions): guard isApproved else { throw PolicyRefusal.notApproved(questions) }
                case .refused(let refusal): throw refusal
                }
                // Known while it is under way, so that others meanwhile do not ask; for good when it is taken.
                try db.execute(sql: "INSERT OR IGNORE INTO hosts VALUES (?)", arguments: [draft.intent.host])
            }
            try db.forgetOldSeconds(at: now)
            try channel?.keep(in: db)
            return try db.insert(draft, at: now)
        }
        probe?.reach(.begun, draft.kind)
        return id
    }

    /// Writes down what became of an entry.
    ///
    /// - Parameters:
    ///   - channel: The channel's books as they are now.
    ///   - isInDoubt: Whether it may still turn out to have been taken.
    ///   - keepsCounting: Whether it counts as it did until now, although it was not taken.
    ///   - findings: What this tells of earlier entries of the channel.
    func finish(
        _ entry: Int64, _ outcome: JournalOutcome, channel: (any KeptBooks)?, isInDoubt: Bool = false,
        keepsCounting: Bool = false, finding findings: Findings = Findings()
    ) async throws {
        let kind = probe == nil ? nil : try await readRegardless { try $0.kind(of: entry) }
        if let kind { probe?.reach(.finishing, kind) }
        try await change { db in
            try channel?.keep(in: db)
            try db.close(entry, outcome, isInDoubt: isInDoubt, keepsCounting: keepsCounting)
            if let channel { try db.settle(findings, in: channel.id) }
        }
        if let kind { probe?.reach(.finished, kind) }
    }

    /// Writes down that a payment never left, and with it a channel that it would have opened.
    ///
    /// - Parameters:
    ///   - channel: The books without it.
    ///   - isNew: Whether the channel goes, unless another payment came into it meanwhile.
    /// - Returns: Whether it went.
    func undo(_ entry: Int64, code: String, channel: (any KeptBooks)?, isNew: Bool) async throws -> Bool {
        try await change { db in
            try db.close(entry, JournalOutcome(.notTaken, code: code), isInDoubt: false)
            guard let channel else { return false }
            let others = "SELECT 1 FROM entries WHERE channel = ? AND id <> ? AND state <> 'not-taken'"
            let isAlone =
                try isNew && Row.fetchOne(db, sql: others, arguments: ["\(channel.id)", entry]) == nil
            if isAlone { try channel.remove(from: db) } else { try channel.keep(in: db) }
            return isAlone
        }
    }

    /// Writes down what was found out about a channel, without a new payment.
    func found(_ channel: any KeptBooks, finding findings: Findings) async throws {
        try await change { db in
            try channel.keep(in: db)
            try db.settle(findings, in: channel.id)
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
        // The money may be out of the channel by then.
        try await readRegardless { db in
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT id FROM entries WHERE channel = ? AND kind = 'withdrawal' AND state IN ('pending', 'unknown')
                    ORDER BY id DESC
                    """, arguments: ["\(channel)"])
        }
    }

    /// The sum that a withdrawal was begun for.
    func sum(ofWithdrawal entry: Int64) async throws -> Amount? {
        try await readRegardless { db in
            try Row.fetchOne(db, sql: "SELECT price FROM entries WHERE id = ?", arguments: [entry])?.amount("price")
        }
    }

    /// Writes down that a withdrawal that is under way is for another sum than it was begun for.
    func ask(for amount: Amount, in withdrawal: Int64) async throws {
        try await change { try $0.ask(for: amount, in: withdrawal) }
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

    fileprivate func kind(of entry: Int64) throws -> JournalEntry.Kind? {
        try Row.fetchOne(self, sql: "SELECT * FROM entries WHERE id = ?", arguments: [entry])?.entry().kind
    }

    /// - Parameter keepsCounting: Whether it counts as it did until now, although it was not taken.
    fileprivate func close(
        _ id: Int64, _ outcome: JournalOutcome, isInDoubt: Bool, keepsCounting: Bool = false
    ) throws {
        guard let row = try Row.fetchOne(self, sql: "SELECT * FROM entries WHERE id = ?", arguments: [id]) else {
            throw JournalDamage(reason: "entry \(id) is gone")
        }
        let isPayment = try row.text("kind") == JournalEntry.Kind.payment.rawValue
        let counted: Amount =
            switch outcome.state {
            case .pending, .unknown: isPayment ? try row.amount("price") : .zero
            case .paid: isPayment ? outcome.charged : .zero
            case .refused where keepsCounting, .notTaken where keepsCounting: try row.amount("counted")
            // The payee's word does not take back what it was given.
            case .refused: isPayment && isInDoubt ? try row.amount("price") : .zero
            case .notTaken: .zero
            }
        if isPayment { try remember(try row.text("host"), besides: id, outcome) }
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

    /// Only a payment that was taken makes a host known.
    private func remember(_ host: String, besides entry: Int64, _ outcome: JournalOutcome) throws {
        switch outcome.state {
        case .pending: return
        case .paid: try execute(sql: "INSERT OR IGNORE INTO hosts VALUES (?)", arguments: [host])
        case .refused, .notTaken, .unknown:
            guard !outcome.goesOn else { return }
            try execute(
                sql: """
                    DELETE FROM hosts WHERE host = ? AND NOT EXISTS (
                        SELECT 1 FROM entries
                        WHERE host = ? AND kind = 'payment' AND id <> ? AND state IN ('pending', 'paid'))
                    """, arguments: [host, host, entry])
        }
    }

    /// Writes down what was found out about entries of a channel whose outcome was unknown.
    fileprivate func settle(_ findings: Findings, in channel: ChannelID) throws {
        if let payments = findings.payments { try settle(payments, in: channel, findings) }
        if let refunded = findings.refunded, let row = try rows(.refund, "in_doubt = 1", of: channel).first {
            let entry = try row.entry()
            let state: JournalEntry.State = entry.state == .refused ? .refused : .notTaken
            let outcome =
                refunded.isZero
                ? JournalOutcome(state, code: entry.code)
                : JournalOutcome(.paid, charged: refunded, code: "wallet.refund-answer-lost")
            try close(entry.id, outcome, isInDoubt: false)
        }
        if let withdrawn = findings.withdrawn,
            let row = try rows(.withdrawal, "state IN ('pending', 'unknown')", of: channel).first
        {
            try close(try row.entry().id, JournalOutcome(.paid, charged: withdrawn), isInDoubt: false)
        }
        if let left = findings.withdrawalLeft,
            let row = try rows(.withdrawal, "state IN ('pending', 'unknown')", of: channel).first
        {
            let entry = try row.entry()
            let refunded = JournalOutcome(
                .notTaken, code: "wallet.withdrawal-refunded", transaction: entry.transaction)
            if left.isZero {
                try close(entry.id, refunded, isInDoubt: false)
            } else {
                try ask(for: left, in: entry.id)
            }
        }
    }

    /// Withdrawals count in no budget, so that their sum may change.
    fileprivate func ask(for amount: Amount, in withdrawal: Int64) throws {
        try execute(
            sql: "UPDATE entries SET price = ? WHERE id = ? AND kind = 'withdrawal'",
            arguments: ["\(amount)", withdrawal])
    }

    private func settle(_ settled: DoubtsSettled, in channel: ChannelID, _ findings: Findings) throws {
        var entries = try rows(.payment, "in_doubt = 1", of: channel).map { try $0.entry() }
        if let payee = findings.payee { entries.removeAll { $0.receiver != payee } }
        let isFinal: Bool
        switch settled {
        case .noneTaken(let final): isFinal = final
        case .takenTogether(let amount, let final):
            isFinal = final
            // The likeliest first, each up to its price: the sum is right, and so it is counted.
            var rest = amount
            let likely = entries.likeliestFirst.filter { $0.state != .paid }
            let fitting = likely.first { $0.isOpen && $0.price == amount }
            for entry in [fitting].compactMap({ $0 }) + likely where !rest.isZero {
                guard let index = entries.firstIndex(where: { $0.id == entry.id }) else { continue }
                let charged = min(entry.price, rest)
                rest = rest.clampedSubtracting(charged)
                entries.remove(at: index)
                try close(
                    entry.id, JournalOutcome(.paid, charged: charged, code: "payment.answer-lost"), isInDoubt: false)
            }
        case .taken(let amount, let ceiling, let final):
            isFinal = final
            // Of several with the same voucher one was taken, and it was one payment to the payee.
            if let taken = entries.likeliestFirst.first(where: { $0.ceiling == ceiling }) {
                entries.removeAll { $0.id == taken.id }
                try close(
                    taken.id, JournalOutcome(.paid, charged: amount, code: "payment.answer-lost"), isInDoubt: false)
            }
        }
        var untold = findings.untold
        for entry in entries {
            let outcome = JournalOutcome(
                entry.isOpen ? .notTaken : entry.state, charged: entry.charged, code: entry.code,
                transaction: entry.transaction)
            var keepsCounting = !isFinal
            // What the payee said it did not take, and owns up to since, pays for what is charged next.
            if let left = untold, !entry.isOpen {
                keepsCounting = keepsCounting && !left.isZero
                untold = left.clampedSubtracting(entry.price)
            }
            try close(entry.id, outcome, isInDoubt: !isFinal, keepsCounting: keepsCounting)
        }
    }

    /// The entries of a channel of one kind, newest first.
    private func rows(
        _ kind: JournalEntry.Kind, _ condition: String, of channel: ChannelID
    ) throws -> [Row] {
        try Row.fetchAll(
            self, sql: "SELECT * FROM entries WHERE channel = ? AND kind = ? AND \(condition) ORDER BY id DESC",
            arguments: ["\(channel)", kind.rawValue])
    }
}

extension JournalEntry {
    /// Whether nobody told what became of it.
    fileprivate var isOpen: Bool { state == .unknown || state == .pending }
}

extension [JournalEntry] {
    /// Payments that may have been taken, the likeliest first.
    ///
    /// One whose answer was lost comes before one that the payee says it did not take, and that before one that was
    /// answered and cost nothing. Of several the oldest is the likeliest: while it was worked on, later ones were not.
    fileprivate var likeliestFirst: [JournalEntry] {
        func doubt(_ entry: JournalEntry) -> Int { entry.isOpen ? 0 : entry.state == .paid ? 2 : 1 }
        return sorted { (doubt($0), $0.id) < (doubt($1), $1.id) }
    }
}
