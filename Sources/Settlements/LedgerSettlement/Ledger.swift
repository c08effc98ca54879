// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
internal import Foundation
internal import GRDB
internal import Synchronization

/// A settlement inside the process: what x402BatchSettlement does on a chain, done in one SQLite file.
///
/// It is a simulation. The money on it is minted by whoever runs it, and is worth what that person makes it worth.
/// Rules and the order in which they are checked are those of the contract, with two differences: in a batch of
/// claims a bad row is refused by itself and stops no other, and neither a channel nor a transfer may name the
/// contract as its payer or receiver, so that the contract never holds money that belongs to nobody.
///
/// Several processes may open the file at once, as many talk to one chain. Nothing is kept in memory, and every
/// change is one transaction that is on the disk when the call returns.
///
/// - Source: x402 v2, `batch-settlement` on EVM, contract `x402BatchSettlement`; EIP-3009 for deposits and
///   transfers.
public final class Ledger: Sendable {
    public let domain: SettlementDomain
    let clock: @Sendable () -> Instant
    let database: any DatabaseWriter
    /// Whether the last change could not be written, as on a full disk.
    let hasFailedToWrite = Mutex(false)

    /// Opens the ledger in a file, and makes the file when there is none.
    ///
    /// The file and those that SQLite lays beside it (`-wal`, `-shm`) are made for their owner alone, mode 0600.
    /// The domain is kept in the file: it can never be opened with another.
    ///
    /// - Parameters:
    ///   - path: Where the file is; `nil` for a ledger in memory that goes with this object.
    ///   - domain: Which contract on which chain is simulated.
    ///   - clock: What time it is. Blocks never go back when the clock does: one block under a clock that is far ahead
    ///     keeps the ledger there until time has caught up, and only a copy of the file from before mends that.
    /// - Throws: `StoreError`; nothing was changed then.
    public init(
        path: String?, domain: SettlementDomain, clock: @escaping @Sendable () -> Instant = Ledger.systemClock
    ) throws(StoreError) {
        self.domain = domain
        self.clock = clock
        database = try Self.open(path, domain: domain, clock: clock)
    }

    /// The time of the machine.
    public static let systemClock: @Sendable () -> Instant = {
        Instant(unixSeconds: Int64(Date().timeIntervalSince1970))
    }
}
