// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import GRDB

/// Where and when something was spent.
///
/// Sums are kept by the hour and, for the last minute, by the second, so that they are a few rows however many payments
/// there were. A day is the running hour and the 24 before it: never less than 24 hours, at most an hour more.
///
/// What was spent while the clock was ahead counts as far ahead as behind, so that a clock that is set back by a little
/// gives nothing to spend anew, and one that was years ahead leaves nothing that stands in the way until then.
struct Spending {
    let network: String
    let asset: String
    let host: String
    let second: Int64
    let hour: Int64

    init(network: String, asset: String, host: String, at now: Instant) {
        self.network = network
        self.asset = asset
        self.host = host
        second = now.unixSeconds
        hour = Self.hour(of: now)
    }

    init(_ row: Row) throws {
        self.init(
            network: try row.text("network"), asset: try row.text("asset"), host: try row.text("host"),
            at: try row.entry().at)
    }

    static func hour(of now: Instant) -> Int64 { now.unixSeconds / 3600 }
}

extension Database {
    /// Counts `amount` where `former` was counted before.
    func count(_ amount: Amount, instead former: Amount, _ spending: Spending) throws {
        guard amount != former else { return }
        try adjust(
            "spent", where: "network = ? AND asset = ? AND host = ? AND hour = ?",
            [spending.network, spending.asset, spending.host, spending.hour], amount, former)
        try adjust(
            "spent_lately", where: "network = ? AND asset = ? AND second = ?",
            [spending.network, spending.asset, spending.second], amount, former)
        try adjust(
            "spent_ever", where: "network = ? AND asset = ? AND host = ?",
            [spending.network, spending.asset, spending.host], amount, former)
    }

    private func adjust(
        _ table: String, where condition: String, _ key: [any DatabaseValueConvertible], _ amount: Amount,
        _ former: Amount
    ) throws {
        let known = try Row.fetchOne(
            self, sql: "SELECT amount FROM \(table) WHERE \(condition)", arguments: StatementArguments(key))
        let before = try known?.amount("amount") ?? .zero
        let after = before.clampedSubtracting(former).adding(amount) ?? .max
        let marks = Array(repeating: "?", count: key.count + 1).joined(separator: ", ")
        try execute(
            sql: "INSERT OR REPLACE INTO \(table) VALUES (\(marks))", arguments: StatementArguments(key + ["\(after)"]))
    }

    /// What the policy must know before it decides.
    func totals(for intent: PaymentIntent, at now: Instant) throws -> SpendingTotals {
        let token: [any DatabaseValueConvertible] = ["\(intent.network)", intent.asset.checksummed]
        let hour = Spending.hour(of: now)
        let day: [any DatabaseValueConvertible] = [hour - 24, hour + 24]
        var totals = SpendingTotals()
        totals.today = try sum(
            "SELECT amount FROM spent WHERE network = ? AND asset = ? AND hour BETWEEN ? AND ?", token + day)
        totals.toHostToday = try sum(
            "SELECT amount FROM spent WHERE network = ? AND asset = ? AND host = ? AND hour BETWEEN ? AND ?",
            token + [intent.host] + day)
        totals.ever = try sum("SELECT amount FROM spent_ever WHERE network = ? AND asset = ?", token)
        totals.toHostEver = try sum(
            "SELECT amount FROM spent_ever WHERE network = ? AND asset = ? AND host = ?", token + [intent.host])
        totals.lastMinute = try sum(
            "SELECT amount FROM spent_lately WHERE network = ? AND asset = ? AND second > ? AND second <= ?",
            token + [now.unixSeconds - 60, now.unixSeconds + 60])
        totals.lockedInAll = try sum(
            """
            SELECT locked AS amount FROM channels WHERE network = ? AND asset = ?
            UNION ALL SELECT locked AS amount FROM prepaid_channels WHERE network = ? AND asset = ?
            """, token + token)
        totals.hostIsKnown =
            try Row.fetchOne(self, sql: "SELECT 1 FROM hosts WHERE host = ?", arguments: [intent.host]) != nil
        return totals
    }

    /// Forgets the seconds that no minute will ask for again.
    func forgetOldSeconds(at now: Instant) throws {
        try execute(sql: "DELETE FROM spent_lately WHERE second < ?", arguments: [now.unixSeconds - 300])
    }

    private func sum(_ sql: String, _ arguments: [any DatabaseValueConvertible]) throws -> Amount {
        let rows = try Row.fetchCursor(self, sql: sql, arguments: StatementArguments(arguments))
        var total = Amount.zero
        while let row = try rows.next() { total = total.adding(try row.amount("amount")) ?? .max }
        return total
    }
}
