// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingNode
public import FarthingPrimitives
import FarthingVoucherScheme
import Logging
import Synchronization

extension VoucherEffects {
    /// What a batch of claims came to.
    public struct ClaimReport: Hashable, Sendable {
        public struct Refusal: Hashable, Sendable {
            public let channel: ChannelID
            public let error: SettlementError
        }

        public var claimed: Amount = .zero
        public var channels = 0
        public var refused: [Refusal] = []

        mutating func add(_ other: ClaimReport) {
            claimed = claimed.adding(other.claimed) ?? .max
            channels += other.channels
            refused += other.refused
        }
    }

    var authorizerAddress: Address { authorizer.address }

    /// Books what was earned in these channels and not yet claimed, in one batch.
    ///
    /// - Throws: A `SettlementError` when the settlement would not have the batch; nothing is booked then.
    @discardableResult
    public func claim(_ channels: [ChannelID]) async throws -> ClaimReport {
        var report = ClaimReport()
        var rows: [(id: ChannelID, row: ClaimRow)] = []
        for id in channels {
            if let row = try await engine.state(of: id)?.claimRow(in: settlement.domain) { rows.append((id, row)) }
        }
        guard !rows.isEmpty else { return report }
        let digest = settlement.domain.claimBatchDigest(rows.map { ($0.id, $0.row.ceiling, $0.row.total) })
        let receipt = try await settlement.claim(rows.map(\.row), authorization: try await authorizer.sign(digest))
        for ((id, _), outcome) in zip(rows, receipt.outcomes) {
            switch outcome {
            case .claimed(let amount):
                report.claimed = report.claimed.adding(amount) ?? .max
                report.channels += 1
                metrics.count(.claimed)
            case .alreadyClaimed: metrics.count(.alreadyClaimed)
            case .refused(let error): report.add(refused([id], error))
            }
            await observe(id)
        }
        metrics.claim(report.claimed)
        return report
    }

    /// Takes in what a claim changed.
    ///
    /// The claim is booked, so trouble with this is no reason to say that it was not: the watch takes it in later.
    private func observe(_ id: ChannelID) async {
        do {
            if let snapshot = try await settlement.snapshot(of: id) { try await takeIn(snapshot, of: id) }
        } catch {
            logger.error("A claim was not taken in", metadata: ["channel": "\(id)", "error": "\(error)"])
        }
    }

    // MARK: - News

    /// Takes in how a channel stands on the ledger.
    ///
    /// What it asks for then is begun when all have been told: many payers may leave in one block, and if each claim
    /// were waited for before the next channel is told, the last would be too late.
    public func takeIn(_ snapshot: ChannelSnapshot, of channel: ChannelID) async throws {
        let effects = try await engine.apply(.observed(snapshot), to: channel).effects
        // A channel that hears how it stands asks for claims alone.
        asked.withLock { $0 += effects.map { (channel, $0) } }
    }

    /// Does what had to wait, takes in what happened on the ledger, and claims from all that are leaving at once.
    public func catchUp(by watcher: SettlementWatcher) async throws {
        await retry()
        do { try await watcher.catchUp() } catch {
            // What was seen before must not wait for what could not be seen.
            try? await claimAsked()
            throw error
        }
        try await claimAsked()
    }

    /// Claims what channels have asked for since they heard news, and what could not be claimed before.
    ///
    /// - Parameter onlyDue: Whether what has failed again and again is left for later.
    /// - Throws: What went wrong first; what could not be claimed is tried again.
    func claimAsked(onlyDue: Bool = false) async throws {
        var effects = asked.withLock { asked in
            defer { asked = [] }
            return asked
        }
        // A payer may be leaving, so these wait for no deposit that is retried.
        effects += postponed.take(onlyDue: onlyDue, where: \.effect.isClaim)
        defer { postponed.tried(effects) }
        try await claim(for: effects)
    }

    /// Claims for effects that ask for it, many rows in a batch and several batches at once.
    ///
    /// A row that the settlement will not have is the schedule's from then on.
    ///
    /// - Throws: What went wrong first; what it kept from being claimed is tried again at the next ``retry(onlyDue:)``.
    func claim(for asked: [Asked]) async throws {
        let trouble = await batches(asked).severalAtOnce(Self.transactionsAtOnce) { [self] authorizer, batch in
            do {
                var report = ClaimReport()
                try await claim(Set(batch.map(\.channel)).sorted()[...], by: authorizer, into: &report)
                for (_, stored) in batch { try await engine.acknowledge(stored.id) }
            } catch {
                // Each has its own count.
                let isTold = batch.count { postponed.failed($0.effect, of: $0.channel) } > 0
                if isTold {
                    logger.error("Claims must wait", metadata: ["channels": "\(batch.count)", "error": "\(error)"])
                }
                throw error
            }
        }
        if let trouble { throw trouble }
    }

    /// What one authorizer can sign for at once.
    private func batches(_ asked: [Asked]) async -> [(authorizer: Address, batch: [Asked])] {
        var groups: [Address: [Asked]] = [:]
        for one in asked {
            // Where the store cannot tell, to try is what finds out.
            let state = try? await engine.state(of: one.channel)
            groups[state?.terms.receiverAuthorizer ?? authorizerAddress, default: []].append(one)
        }
        return groups.flatMap { authorizer, group in
            stride(from: 0, to: group.count, by: ClaimSchedule.batch).map { start in
                (authorizer, Array(group[start..<min(start + ClaimSchedule.batch, group.count)]))
            }
        }
    }

    /// Claims a batch, or as much of it as the settlement will have.
    func claim(
        _ batch: ArraySlice<ChannelID>, by authorizer: Address, into report: inout ClaimReport
    ) async throws {
        do {
            report.add(try await claim(Array(batch)))
        } catch let error as SettlementError where error.isVerdict {
            // With a foreign authorizer every row is refused, and there is nothing to look for.
            guard batch.count > 1, authorizer == authorizerAddress || error != .claimSignature else {
                report.add(refused(Array(batch), error))
                return
            }
            let middle = batch.startIndex + batch.count / 2
            try await claim(batch[..<middle], by: authorizer, into: &report)
            try await claim(batch[middle...], by: authorizer, into: &report)
        }
    }

    /// Remembers rows that the settlement would not have, so that they are left alone for a while.
    @discardableResult
    func refused(_ channels: [ChannelID], _ error: SettlementError) -> ClaimReport {
        var report = ClaimReport()
        for id in channels {
            metrics.count(.refused)
            // Told once: it comes again and again.
            if index.refused(id, at: clock(), isVerdict: error.condemnsRow) <= 1 {
                logger.error("A claim was refused", metadata: ["channel": "\(id)", "error": "\(error)"])
            }
            report.refused.append(ClaimReport.Refusal(channel: id, error: error))
        }
        return report
    }
}
