// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import GRDB
import Testing

@testable import FarthingLedgerSettlement

@Suite("The audit")
struct LedgerAuditTests {
    /// A ledger on which everything has happened once.
    static func lively(path: String? = nil) async throws -> Stage {
        let stage = try await Stage.open(100, path: path)
        try await stage.claim(stage.row(30))
        _ = try await stage.ledger.settle(receiver: stage.receiver.address, token: stage.token.address)
        try await stage.claim(stage.row(40))
        _ = try await stage.ledger.refund(stage.refundOrder(5))
        try await stage.ledger.initiateWithdraw(stage.terms, amount: units(20), by: stage.payer.address)
        try await stage.ledger.advance(seconds: 900)
        try await stage.ledger.finalizeWithdraw(stage.terms, by: stage.payer.address)
        try await stage.ledger.initiateWithdraw(stage.terms, amount: units(7), by: stage.payer.address)
        _ = try await stage.ledger.transfer(stage.transfer(12, to: stage.stranger.address))
        return stage
    }

    @Test func `counts where all money is`() async throws {
        let audit = try await Self.lively().ledger.audit()
        #expect(audit.faults == [])
        #expect(audit.events == 11)
        #expect(
            audit.totals == [
                LedgerAudit.TokenTotals(
                    token: Stage.token.address, minted: units(1000), held: units(955), locked: units(45),
                    unclaimed: units(35), unsettled: units(10), inContracts: .zero)
            ])
    }

    @Test func `finds nothing wrong with an empty ledger`() async throws {
        let audit = try await Stage().ledger.audit()
        #expect(audit.isConserved)
        #expect(audit.totals == [])
    }

    /// Sixteen bytes as SQL.
    private static func sql(_ amount: UInt128) -> String { "x'\(Hex.digits(units(amount).column))'" }

    @Test(arguments: [
        "UPDATE accounts SET balance = \(sql(914)) WHERE balance = \(sql(913))",
        "UPDATE accounts SET balance = \(sql(1)) WHERE balance = \(sql(45))",
        "DELETE FROM accounts WHERE balance = \(sql(30))",
        "UPDATE tokens SET supply = \(sql(999))",
        "UPDATE tokens SET supply = \(sql(.max))",
        "UPDATE channels SET balance = \(sql(76))",
        "UPDATE channels SET total_claimed = \(sql(41))",
        "UPDATE channels SET total_claimed = balance",
        "UPDATE channels SET total_claimed = \(sql(1000))",
        "UPDATE channels SET total_deposited = \(sql(101))",
        "UPDATE channels SET balance = x'00'",
        "UPDATE channels SET terms = x'00'",
        "UPDATE channels SET withdrawal_requested_at = withdrawal_requested_at - 900",
        "UPDATE channels SET withdrawal_amount = NULL, withdrawal_requested_at = NULL",
        "UPDATE channels SET id = zeroblob(32)",
        "DELETE FROM channels",
        "UPDATE receivers SET total_claimed = \(sql(50))",
        "UPDATE receivers SET total_settled = \(sql(40))",
        "DELETE FROM receivers",
        "UPDATE authorizations SET amount = \(sql(99))",
        "DELETE FROM authorizations",
        "DELETE FROM authorizations WHERE channel IS NULL",
        "UPDATE authorizations SET receiver = payer WHERE channel IS NULL",
        "UPDATE authorizations SET amount = \(sql(13)) WHERE channel IS NULL",
        "DELETE FROM refund_nonces",
        "DELETE FROM events WHERE sequence = 2",
        "DELETE FROM events WHERE sequence = 5",
        "DELETE FROM events WHERE sequence = 10",
        "DELETE FROM events WHERE sequence = 11",
        "UPDATE events SET receiver = zeroblob(20) WHERE kind = 'Transfer'",
        "UPDATE events SET account = receiver, receiver = account WHERE kind = 'Transfer'",
        "UPDATE events SET amount = \(sql(11)) WHERE kind = 'Transfer'",
        "UPDATE events SET receiver = NULL WHERE kind = 'Transfer'",
        "UPDATE events SET amount = \(sql(31)) WHERE kind = 'Claimed' AND sequence = 4",
        "UPDATE events SET amount = \(sql(10000)) WHERE kind = 'Minted'",
        "UPDATE events SET total = \(sql(1)) WHERE kind = 'Deposited'",
        "UPDATE events SET moment = 0 WHERE kind = 'WithdrawInitiated'",
        "UPDATE events SET kind = 'Gifted' WHERE sequence = 4",
        "UPDATE events SET amount = NULL WHERE sequence = 4",
        "UPDATE events SET height = 1000 WHERE sequence = 4",
        "UPDATE events SET account = zeroblob(20) WHERE kind = 'Settled'",
        "UPDATE clock SET height = 3",
    ])
    func `finds a row that somebody changed behind the ledger's back`(sql: String) async throws {
        let stage = try await Self.lively()
        try await stage.ledger.database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;")
            try db.execute(sql: sql)
            #expect(db.changesCount > 0)
        }
        let audit = try await stage.ledger.audit()
        #expect(!audit.isConserved)
        #expect(!audit.faults.isEmpty)
    }

    @Test func `misses the last word of the log, too`() async throws {
        let stage = try await Stage.open(100)
        _ = try await stage.ledger.refund(stage.refundOrder(100))
        try await stage.ledger.database.writeWithoutTransaction { db in
            try db.execute(sql: "DELETE FROM events WHERE kind = 'ChannelClosed'")
            #expect(db.changesCount == 1)
        }
        #expect(try await stage.ledger.audit().faults.count == 1)
    }

    @Test func `finds money that was moved between two accounts, though the sums are right`() async throws {
        let stage = try await Self.lively()
        try await stage.ledger.database.writeWithoutTransaction { db in
            try db.execute(
                sql: """
                    UPDATE accounts SET balance = \(Self.sql(903)) WHERE balance = \(Self.sql(913));
                    UPDATE accounts SET balance = \(Self.sql(40)) WHERE balance = \(Self.sql(30));
                    """)
        }
        let audit = try await stage.ledger.audit()
        #expect(audit.faults.count == 2)
        #expect(audit.faults.allSatisfy { $0.contains("is not what the log makes of it") })
    }

    @Test func `an unreadable row is an error for whoever needs it, and never a crash`() async throws {
        let stage = try await Self.lively()
        try await stage.ledger.database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA ignore_check_constraints = ON; UPDATE channels SET balance = x'00'")
        }
        await #expect(
            throws: SettlementError.unavailable(
                reason: "its file is damaged: the column balance does not hold what it must")
        ) { try await stage.ledger.snapshot(of: stage.channel) }
    }
}
