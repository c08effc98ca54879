// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import GRDB

extension Journal {
    /// Takes the lowest number of an account that is not used and that no deposit has.
    ///
    /// No two callers get the same, in whatever process they are, and what was taken before a restart stays taken.
    ///
    /// - Parameters:
    ///   - used: How many transactions of the account are in blocks: the first number that is not used.
    ///   - until: When the number is free again, if it is still not used then.
    func takeDepositNumber(
        of account: Address, on network: Network, from used: UInt64, until: Instant, at now: Instant
    ) async throws -> UInt64 {
        // SQLite's integers are signed.
        guard used < UInt64(Int64.max) - 1024 else {
            throw SettlementError.unavailable(reason: "the account's number is too high")
        }
        return try await change { db in
            try db.execute(
                sql: """
                    DELETE FROM deposit_numbers
                    WHERE network = ? AND account = ? AND (until <= ? OR number < ?)
                    """,
                arguments: ["\(network)", account.checksummed, now.unixSeconds, Int64(used)])
            let taken = Set(
                try Int64.fetchAll(
                    db, sql: "SELECT number FROM deposit_numbers WHERE network = ? AND account = ?",
                    arguments: ["\(network)", account.checksummed]))
            var number = Int64(used)
            while taken.contains(number) { number += 1 }
            try db.execute(
                sql: "INSERT INTO deposit_numbers (network, account, number, until) VALUES (?, ?, ?, ?)",
                arguments: ["\(network)", account.checksummed, number, until.unixSeconds])
            return UInt64(number)
        }
    }

    /// Takes a number for a deposit that had it before, unless another one has it now.
    ///
    /// - Parameter until: When the number is free again, if it is still not used then.
    /// - Returns: Whether the deposit has it again.
    func takeAgain(
        depositNumber: UInt64, of account: Address, on network: Network, until: Instant, at now: Instant
    ) async throws -> Bool {
        try await change { db in
            try db.execute(
                sql: """
                    INSERT INTO deposit_numbers (network, account, number, until) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET until = excluded.until WHERE until <= ?
                    """,
                arguments: [
                    "\(network)", account.checksummed, Int64(clamping: depositNumber), until.unixSeconds,
                    now.unixSeconds,
                ])
            return db.changesCount > 0
        }
    }

    /// Lets the next deposit have a number that nothing was signed with.
    func giveBack(depositNumber: UInt64, of account: Address, on network: Network) async throws {
        try await change { db in
            try db.execute(
                sql: "DELETE FROM deposit_numbers WHERE network = ? AND account = ? AND number = ?",
                arguments: ["\(network)", account.checksummed, Int64(clamping: depositNumber)])
        }
    }
}
