// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingNode
public import FarthingPrimitives
public import FarthingVoucherScheme
import Logging

/// Brings in what was earned: claims channel after channel, then has the ledger pay out.
public struct VoucherCashier: Sendable {
    /// How many channels are claimed in one transaction.
    ///
    /// - Source: the official server's default.
    public static let batch = 100

    private let engine: ChannelEngine<VoucherChannel>
    private let settlement: any Settlement
    private let effects: VoucherEffects

    public init(engine: ChannelEngine<VoucherChannel>, settlement: any Settlement, effects: VoucherEffects) {
        self.engine = engine
        self.settlement = settlement
        self.effects = effects
    }

    /// Claims what all channels have earned.
    ///
    /// - Parameter progress: Told how many channels were looked at, after each batch.
    public func claimAll(
        progress: @Sendable (Int) -> Void = { _ in }
    ) async throws -> VoucherEffects.ClaimReport {
        var total = VoucherEffects.ClaimReport()
        var last: ChannelID?
        var seen = 0
        while true {
            let page = try await engine.channels(after: last, limit: Self.batch)
            guard let end = page.last else { return total }
            // The contract wants one authorizer in a batch.
            let groups = Dictionary(grouping: page.filter { !$0.state.claimable.isZero }) {
                $0.state.terms.receiverAuthorizer
            }
            for group in groups.values {
                let report = try await claim(group.map(\.id))
                total.claimed = total.claimed.adding(report.claimed) ?? .max
                total.channels += report.channels
                total.refused += report.refused
            }
            last = end.id
            seen += page.count
            progress(seen)
        }
    }

    /// Claims one batch.
    ///
    /// One that the ledger will not have as a whole, because it is another authorizer's than ours, say, stops no
    /// other.
    private func claim(_ channels: [ChannelID]) async throws -> VoucherEffects.ClaimReport {
        do { return try await effects.claim(channels) } catch let error as SettlementError {
            switch error {
            case .unavailable, .cancelled: throw error
            default: break
            }
            effects.logger.error(
                "A batch of claims was refused", metadata: ["channels": "\(channels.count)", "error": "\(error)"])
            var report = VoucherEffects.ClaimReport()
            report.refused = channels.map { VoucherEffects.ClaimReport.Refusal(channel: $0, error: error) }
            return report
        }
    }

    /// Has the ledger pay out what was claimed for a receiver.
    public func settle(receiver: Address, token: Address) async throws -> PayoutReceipt {
        try await settlement.settle(receiver: receiver, token: token)
    }
}
