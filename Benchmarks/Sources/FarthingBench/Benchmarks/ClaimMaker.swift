// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingMemoryStore
import FarthingPrimitives

/// Signs batches of claims, all channels in each, and has the ledger book them.
struct ClaimMaker: Sendable {
    struct Batch: Sendable {
        let rows: [ClaimRow]
        let authorization: Signature
    }

    private let payee: Payee
    private let channels: [BenchChannel]

    init(ledgerPath: String?) async throws {
        payee = try await Payee(store: MemoryStore(), ledgerPath: ledgerPath, channels: Benchmark.claimBatch)
        channels = payee.wallet.channels
    }

    /// One more price for every channel.
    func batch() -> Batch {
        let rows = channels.enumerated().map { number, channel in
            let ceiling = payee.wallet.raise(number)
            return ClaimRow(
                terms: channel.terms, ceiling: ceiling, signature: channel.signature(upTo: ceiling), total: ceiling)
        }
        let entries = zip(channels, rows).map { ($0.id, $1.ceiling, $1.total) }
        let digest = payee.ledger.domain.claimBatchDigest(entries)
        return Batch(rows: rows, authorization: payee.authorizer.signNow(digest))
    }

    func book(_ batch: Batch) async throws {
        let receipt = try await payee.ledger.claim(batch.rows, authorization: batch.authorization)
        guard receipt.outcomes.allSatisfy({ $0 == .claimed(Wallet.price) }) else {
            throw WrongResult("Not every claim was booked: \(receipt.outcomes)")
        }
    }
}
