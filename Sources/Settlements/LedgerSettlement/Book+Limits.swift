// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingContracts
internal import FarthingPrimitives

extension Book {
    // MARK: - Limits

    func limits(of kind: ContractKind) throws -> ContractLimits {
        guard let row = try row("SELECT * FROM contract_limits WHERE kind = ?", kind.rawValue) else { return .none }
        return ContractLimits(
            minimum: try row.amount("minimum"), maximum: try row.amount("maximum"),
            openChannels: row.optionalInteger("open_channels").map { Int(clamping: $0) }, fee: try row.amount("fee"),
            feeReceiver: try row.address("fee_receiver"))
    }

    func setLimits(_ limits: ContractLimits, of kind: ContractKind) throws {
        guard limits.fee.isZero || limits.feeReceiver != .zero && !isContract(limits.feeReceiver) else {
            throw SettlementError.invalidReceiver(limits.feeReceiver)
        }
        try run(
            """
            INSERT INTO contract_limits (kind, minimum, maximum, open_channels, fee, fee_receiver)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (kind) DO UPDATE SET minimum = excluded.minimum, maximum = excluded.maximum,
                open_channels = excluded.open_channels, fee = excluded.fee, fee_receiver = excluded.fee_receiver
            """, kind.rawValue, limits.minimum.column, limits.maximum.column, limits.openChannels, limits.fee.column,
            limits.feeReceiver.column)
    }

    /// In how many channels that are not empty an account has put money.
    func openChannels(of account: Address, under kind: ContractKind, besides id: ChannelID) throws -> Int {
        let row = try row(
            """
            SELECT count(*) AS open FROM contract_funders JOIN contract_channels ON id = channel
            WHERE account = ? AND kind = ? AND locked <> ? AND id <> ?
            """, account.column, kind.rawValue, Amount.zero.column, id.column)
        return Int(try row?.integer("open") ?? 0)
    }

    // MARK: - Hashes of blocks

    /// Nobody can tell a block's hash before the block is there, not even whoever hands in what it is made of.
    func addHash(of height: UInt64, after transaction: Hash32) throws {
        var random = SystemRandomNumberGenerator()
        var writer = ByteWriter(version: 1)
        writer.write(transaction)
        for _ in 0..<4 { writer.write(random.next() as UInt64) }
        try run(
            "INSERT OR REPLACE INTO block_hashes (height, hash) VALUES (?, ?)", height.column,
            Keccak256.hash(writer.bytes).column)
        guard let oldest = height.subtractingReportingOverflow(Self.rememberedBlocks).partialValue as UInt64?,
            oldest < height
        else { return }
        try run("DELETE FROM block_hashes WHERE height < ?", oldest.column)
    }

    /// - Source: as many as a contract on an EVM chain can ask for.
    static let rememberedBlocks: UInt64 = 256

    /// The hash of a block, or `nil` when that is not there yet or too long ago.
    ///
    /// A block that was passed over when somebody let time go by has one that follows from the next.
    func blockHash(of height: UInt64) throws -> Hash32? {
        guard height <= head.height, head.height - height < Self.rememberedBlocks,
            let row = try row("SELECT * FROM block_hashes WHERE height >= ? ORDER BY height LIMIT 1", height.column)
        else { return nil }
        let hash = try row.hash("hash")
        guard try row.count("height") != height else { return hash }
        var writer = ByteWriter(version: 1)
        writer.write(hash)
        writer.write(height)
        return Keccak256.hash(writer.bytes)
    }
}
