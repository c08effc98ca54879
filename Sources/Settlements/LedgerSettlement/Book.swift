// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import GRDB

/// The ledger's tables inside one transaction, with the rules of the contract on top.
///
/// Every rule throws before it writes; and should it throw later, the transaction takes back what was written.
struct Book {
    let db: Database
    let domain: SettlementDomain
    /// The newest block, whose time is now even when nothing happened for a while.
    let head: Block
    /// When the newest block was made.
    let sealedAt: Instant

    init(db: Database, domain: SettlementDomain, clock: () -> Instant) throws {
        self.db = db
        self.domain = domain
        let statement = try db.cachedStatement(sql: "SELECT height, time, offset_seconds FROM clock")
        guard let row = try Row.fetchOne(statement) else { throw LedgerFault(reason: "it has no clock") }
        let now = clock().advanced(bySeconds: try row.integer("offset_seconds"))
        sealedAt = try row.instant("time")
        head = Block(height: try row.count("height"), time: max(now, sealedAt))
    }

    // MARK: - Making a block

    /// A change that is about to be made: the block that it makes, and the name by which it is known.
    struct Posting {
        let block: Block
        let transaction: TransactionID
    }

    /// - Parameter payload: What tells this transaction from others of its kind; its height does the rest.
    func posting(_ kind: String, _ payload: [UInt8]) -> Posting {
        let block = Block(height: head.height + 1, time: head.time)
        var writer = ByteWriter(version: 1)
        writer.write(Array(domain.network.description.utf8))
        writer.write(domain.contract)
        writer.write(block.height)
        writer.write(Array(kind.utf8))
        writer.write(payload)
        return Posting(block: block, transaction: TransactionID(Keccak256.hash(writer.bytes)))
    }

    /// Makes the posting's block the newest.
    func seal(_ posting: Posting) throws {
        try run(
            "UPDATE clock SET height = ?, time = ?", posting.block.height.column, posting.block.time.unixSeconds)
        try addHash(of: posting.block, after: posting.transaction.hash)
    }

    /// Writes what is there already.
    func rewrite() throws { try run("UPDATE clock SET height = height") }

    /// Lets time pass.
    ///
    /// - Parameter seconds: `nil` for as many as so many blocks take at the least.
    func advance(blocks: UInt64, seconds: UInt64?) throws -> Block {
        let seconds = seconds ?? leastSeconds(of: blocks)
        let time = head.time.advanced(bySeconds: Int64(clamping: seconds))
        let (height, overflow) = head.height.addingReportingOverflow(blocks)
        guard time <= Self.endOfTime, !overflow, height <= Self.maximumHeight else { throw SettlementError.overflow }
        try run(
            "UPDATE clock SET height = ?, time = ?, offset_seconds = offset_seconds + ?", height.column,
            time.unixSeconds, seconds.column)
        if blocks > 0 { try addHash(of: Block(height: height, time: sealedAt), after: .zero) }
        return Block(height: height, time: time)
    }

    /// How much time is missing for so many blocks since the newest.
    private func leastSeconds(of blocks: UInt64) -> UInt64 {
        let (seconds, overflow) = blocks.multipliedReportingOverflow(by: Self.blockSeconds)
        let end = sealedAt.advanced(bySeconds: overflow ? .max : Int64(clamping: seconds))
        return UInt64(clamping: end.seconds(since: head.time))
    }

    /// - Source: x402BatchSettlement keeps moments in a `uint40`.
    private static let endOfTime = Instant(unixSeconds: (1 << 40) - 1)
    /// The largest whole number that every reader of JSON can hold.
    private static let maximumHeight: UInt64 = (1 << 53) - 1

    // MARK: - Statements

    func row(_ sql: String, _ values: (any DatabaseValueConvertible)?...) throws -> Row? {
        try Row.fetchOne(db.cachedStatement(sql: sql), arguments: StatementArguments(values))
    }

    func rows(_ sql: String, _ values: (any DatabaseValueConvertible)?...) throws -> [Row] {
        try Row.fetchAll(db.cachedStatement(sql: sql), arguments: StatementArguments(values))
    }

    func run(_ sql: String, _ values: (any DatabaseValueConvertible)?...) throws {
        try db.cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
    }
}
