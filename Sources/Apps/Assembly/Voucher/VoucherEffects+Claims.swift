// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingNode
public import FarthingPrimitives
import FarthingVoucherScheme
import Logging
import Metrics

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
                Self.count("claimed")
            case .alreadyClaimed: Self.count("already_claimed")
            case .refused(let error): report.add(refused([id], error))
            }
            await observe(id)
        }
        FloatingPointCounter(label: "farthing_claimed_units_total").increment(by: Double(report.claimed.units))
        return report
    }

    /// Takes in what a claim changed.
    ///
    /// The claim is booked, so trouble with this is no reason to say that it was not: the watch takes it in later.
    private func observe(_ id: ChannelID) async {
        do {
            if let snapshot = try await settlement.snapshot(of: id) { try await tell(id, .observed(snapshot)) }
        } catch {
            logger.error("A claim was not taken in", metadata: ["channel": "\(id)", "error": "\(error)"])
        }
    }

    /// Remembers rows that the settlement would not have, so that they are left alone for a while.
    @discardableResult
    func refused(_ channels: [ChannelID], _ error: SettlementError) -> ClaimReport {
        var report = ClaimReport()
        for id in channels {
            Self.count("refused")
            // Told once: it comes again and again.
            if index.refused(id, at: clock(), isVerdict: error.condemnsRow) <= 1 {
                logger.error("A claim was refused", metadata: ["channel": "\(id)", "error": "\(error)"])
            }
            report.refused.append(ClaimReport.Refusal(channel: id, error: error))
        }
        return report
    }

    private static func count(_ outcome: String) {
        Counter(label: "farthing_claim_rows_total", dimensions: [("outcome", outcome)]).increment()
    }
}
