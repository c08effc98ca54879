// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
import FarthingX402

extension FacilitatorSettlement {
    /// Books what payers have signed away; a batch that fails is divided until the bad rows are alone.
    ///
    /// A chain takes a batch as a whole or not at all. Rows that are booked already it passes over, so a batch may be
    /// sent again at any time.
    public func claim(
        _ rows: [ClaimRow], authorization: Signature
    ) async throws(SettlementError) -> ClaimReceipt {
        guard let first = rows.first else { throw .emptyBatch }
        guard rows.allSatisfy({ $0.terms.receiverAuthorizer == first.terms.receiverAuthorizer }) else {
            throw .mixedAuthorizers
        }
        var batch = ClaimBatch(rows: rows, channels: rows.map { domain.channelID(of: $0.terms) })
        try await readMissing(&batch)
        batch.passOverBooked()
        let due = batch.open
        if !due.isEmpty {
            try await claim(due, of: &batch, authorization: due.count == rows.count ? authorization : nil)
        }
        if let trouble = batch.commonTrouble { throw trouble }
        return batch.receipt
    }

    private func claim(
        _ indices: [Int], of batch: inout ClaimBatch, authorization: Signature?
    ) async throws(SettlementError) {
        let rows = indices.map { batch.rows[$0] }
        let signature: Signature
        if let authorization { signature = authorization } else { signature = try await sign(indices, of: batch) }
        let request = FacilitatorRequest(
            payload: ClaimRow.payload(rows, authorization: signature), requirements: requirements(for: rows[0].terms))
        for attempt in 1...client.limits.attempts {
            switch try await order(request) {
            case .done(let response):
                batch.transaction = response.transaction ?? batch.transaction
                for index in indices {
                    batch.booked(index)
                    mirror.took(claim: batch.rows[index].total, of: batch.channels[index])
                }
                return
            case .refused(let code, let message, _):
                guard code.mayBeOneRow else {
                    return batch.refuse(indices, error(code, message))
                }
                guard indices.count > 1 else { return try await refuse(indices[0], of: &batch, code, message) }
                let middle = indices.count / 2
                try await claim(Array(indices[..<middle]), of: &batch, authorization: nil)
                try await claim(Array(indices[middle...]), of: &batch, authorization: nil)
                return
            case .unknown(let reason):
                batch.refuse(indices, unavailable(reason))
                if attempt < client.limits.attempts { try await pause(after: attempt) }
            }
        }
    }

    /// Looks at the channel of a row that stands alone and is refused still: it may have been claimed meanwhile, and
    /// whoever made the row should know how the channel stands.
    private func refuse(
        _ index: Int, of batch: inout ClaimBatch, _ code: FacilitatorCode, _ message: String?
    ) async throws(SettlementError) {
        let row = batch.rows[index]
        batch.refuse([index], error(code, message))
        guard let snapshot = try await snapshot(of: batch.channels[index], shown: row.shown) else {
            return batch.refuse([index], .claimExceedsBalance(total: row.total, balance: .zero))
        }
        if snapshot.totalClaimed >= row.total {
            batch.alreadyBooked(index)
        } else if snapshot.balance < row.total {
            batch.refuse([index], .claimExceedsBalance(total: row.total, balance: snapshot.balance))
        }
    }

    /// Part of a batch is another batch, and wants a signature of its own.
    private func sign(_ indices: [Int], of batch: ClaimBatch) async throws(SettlementError) -> Signature {
        guard authorizer.address == batch.rows[0].terms.receiverAuthorizer else {
            throw .notAuthorized(authorizer.address)
        }
        let digest = domain.claimBatchDigest(
            indices.map { (batch.channels[$0], batch.rows[$0].ceiling, batch.rows[$0].total) })
        do { return try await authorizer.sign(digest) } catch {
            throw .unavailable(reason: "the authorizer's key cannot be used")
        }
    }

    // MARK: - What was claimed before

    /// Asks for the channels of which nothing is known, because the node was started anew.
    ///
    /// Without that it could not be told what a claim adds to.
    private func readMissing(_ batch: inout ClaimBatch) async throws(SettlementError) {
        var missing = batch.rows.indices.filter { mirror[batch.channels[$0]] == nil }[...]
        while !missing.isEmpty {
            let turn = missing.prefix(client.limits.concurrency)
            missing = missing.dropFirst(turn.count)
            let asked = turn.map { (index: $0, channel: batch.channels[$0], voucher: batch.rows[$0].shown) }
            let answers = await withTaskGroup(of: (Int, Result<ChannelSnapshot?, SettlementError>).self) { group in
                for (index, channel, voucher) in asked {
                    group.addTask { (index, await self.reading(channel, voucher)) }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            for (index, answer) in answers {
                switch answer {
                case .success(let snapshot?): batch.before[index] = snapshot.totalClaimed
                case .success(nil):
                    batch.refuse([index], .claimExceedsBalance(total: batch.rows[index].total, balance: .zero))
                case .failure(.cancelled): throw .cancelled
                case .failure(let error): batch.refuse([index], error)
                }
            }
        }
        for index in batch.rows.indices {
            if let known = mirror[batch.channels[index]] { batch.before[index] = known.totalClaimed }
        }
    }

    private func reading(
        _ channel: ChannelID, _ voucher: SignedCeiling
    ) async -> Result<ChannelSnapshot?, SettlementError> {
        do throws(SettlementError) {
            return .success(try await snapshot(of: channel, shown: voucher))
        } catch {
            return .failure(error)
        }
    }
}

extension ClaimRow {
    fileprivate var shown: SignedCeiling { SignedCeiling(terms: terms, ceiling: ceiling, signature: signature) }
}

extension FacilitatorCode {
    /// Whether a batch without some of its rows may fare better.
    fileprivate var mayBeOneRow: Bool {
        let codes: Set<FacilitatorCode> = [
            .claimPayload, .claimSimulation, .claimTransaction, .transactionReverted, .transactionFailed,
            .invalidPayload,
        ]
        return codes.contains(self)
    }
}
