// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives

/// The newest blocks, for contracts in which the hash of one decides.
extension Book {
    /// What is remembered of a block.
    struct PastBlock: Hashable {
        let hash: Hash32
        /// When it was there; of one that was passed over, or only passes time, when the one before it was.
        let time: Instant
    }

    /// How long a block takes at the least, for what counts in blocks: as many may be made in a second as are posted.
    ///
    /// - Unit: seconds.
    static let blockSeconds: UInt64 = 1

    /// - Source: as many as a contract on an EVM chain can ask for.
    private static let rememberedBlocks: UInt64 = 256
    /// - Unit: seconds.
    private static let rememberedSeconds = Int64(clamping: rememberedBlocks * blockSeconds)

    /// Nobody can tell a block's hash before the block is there, not even whoever hands in what it is made of.
    func addHash(of block: Block, after transaction: Hash32) throws {
        var random = SystemRandomNumberGenerator()
        var writer = ByteWriter(version: 1)
        writer.write(transaction)
        for _ in 0..<4 { writer.write(random.next() as UInt64) }
        try run(
            "INSERT OR REPLACE INTO block_hashes (height, hash, time) VALUES (?, ?, ?)", block.height.column,
            Keccak256.hash(writer.bytes).column, block.time.unixSeconds)
        guard block.height > Self.rememberedBlocks else { return }
        // From the oldest on and a few at a time, so that no block takes long; of those that were made too fast there
        // are more than are remembered by their number.
        try run(
            """
            DELETE FROM block_hashes WHERE height < ? AND time <= ?
                AND height IN (SELECT height FROM block_hashes ORDER BY height LIMIT 4)
            """, (block.height - Self.rememberedBlocks).column,
            block.time.advanced(bySeconds: -Self.rememberedSeconds).unixSeconds)
    }

    /// What is remembered of a block, or `nil` when that is not there yet or too long ago.
    ///
    /// A block that was passed over when somebody let time go by has a hash that follows from the next.
    func pastBlock(at height: UInt64) throws -> PastBlock? {
        guard height <= head.height,
            let row = try row("SELECT * FROM block_hashes WHERE height >= ? ORDER BY height LIMIT 1", height.column)
        else { return nil }
        let (next, hash, time) = (try row.count("height"), try row.hash("hash"), try row.instant("time"))
        if head.height - height >= Self.rememberedBlocks {
            guard head.time.seconds(since: time) < Self.rememberedSeconds else { return nil }
            // With nothing older beside it, it may not be that it was passed over, but that it was forgotten.
            let sql = "SELECT height FROM block_hashes WHERE height < ? LIMIT 1"
            guard try next == height || self.row(sql, height.column) != nil else { return nil }
        }
        guard next != height else { return PastBlock(hash: hash, time: time) }
        var writer = ByteWriter(version: 1)
        writer.write(hash)
        writer.write(height)
        return PastBlock(hash: Keccak256.hash(writer.bytes), time: time)
    }
}
