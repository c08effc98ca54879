// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
public import FarthingNode
import FarthingPrimitives
import Logging

extension PrepaidBooks {
    /// Captures what a payer could take back soon, soonest first, and then what the schedule finds due.
    ///
    /// - Parameters:
    ///   - fees: What that costs now, where it is known: channels that do not cover it are held, but never longer than
    ///     until a payer could take its money back soon.
    ///   - soon: How long it may be until the next look.
    public func redeemDue(
        _ schedule: ClaimSchedule, fees: ClaimFees? = nil, soon: Duration
    ) async -> PrepaidOffice.Report {
        guard !Scheme.redemptionEnds else { return PrepaidOffice.Report() }
        let unclaimed = index.channels
        let first = expiring(unclaimed, soon: soon)
        let known = Set(first)
        let due = schedule.due(unclaimed, at: clock(), fees: fees).map(\.id)
        return await redeem(first + due.filter { !known.contains($0) })
    }

    /// Captures what a payer could take back soon, and waits for nothing that ``redeemDue(_:fees:soon:)`` waits for.
    ///
    /// - Parameter soon: How long it may be until the next look.
    public func redeemExpiring(soon: Duration) async -> PrepaidOffice.Report {
        guard !Scheme.redemptionEnds else { return PrepaidOffice.Report() }
        return await redeem(expiring(index.channels, soon: soon))
    }

    /// The channels that a payer could empty soon, soonest first.
    private func expiring(_ unclaimed: [UnclaimedChannel], soon: Duration) -> [ChannelID] {
        let horizon = clock().advanced(bySeconds: 2 * soon.components.seconds + Self.haste)
        let found = unclaimed.compactMap { channel -> (id: ChannelID, expiry: Instant)? in
            guard let state = engine.knownState(of: channel.id), let expiry = state.expiry else { return nil }
            // What takes long must begin so much sooner.
            let latest = expiry.advanced(bySeconds: -state.redemptionTime)
            return latest <= horizon ? (channel.id, latest) : nil
        }
        return found.sorted { ($0.expiry, $0.id) < ($1.expiry, $1.id) }.map(\.id)
    }

    /// How long before a payer may take back what is left everything is captured, whatever the schedule says.
    ///
    /// - Unit: seconds.
    private static var haste: Int64 { 600 }

    /// Captures all that was earned.
    ///
    /// - Parameter ending: Whether channels may end for it that pay at their end alone.
    public func redeemAll(ending: Bool) async -> PrepaidOffice.Report {
        Scheme.redemptionEnds && !ending ? PrepaidOffice.Report() : await redeem(index.channels.map(\.id))
    }

    /// How many channels are redeemed at once: one whose transaction waits for a block holds up few others, and a chain
    /// takes only so many of one account that wait.
    ///
    /// - Source: stacks-core takes 25 (`MAXIMUM_MEMPOOL_TX_CHAINING`), and deposits and claims are some of them.
    static var redemptionsAtOnce: Int { 8 }

    private func redeem(_ channels: [ChannelID]) async -> PrepaidOffice.Report {
        var report = PrepaidOffice.Report()
        await withTaskGroup { group in
            var left = channels[...]
            var underWay = 0
            while !left.isEmpty || underWay > 0 {
                if underWay < Self.redemptionsAtOnce, let id = left.popFirst() {
                    underWay += 1
                    group.addTask { (id, await self.redemption(of: id)) }
                } else if let (id, redemption) = await group.next() {
                    underWay -= 1
                    // Another's is told by whoever began it.
                    if redemption.isOwn { note(redemption.outcome, of: id, in: &report) }
                }
            }
        }
        return report
    }

    private typealias Redemption = (outcome: Result<[Payout]?, any Error>, isOwn: Bool)

    private func redemption(of id: ChannelID) async -> Redemption {
        await redeeming.share(id) { [self] in
            do { return .success(try await redeemOnce(id)) } catch { return .failure(error) }
        }
    }

    private func note(
        _ outcome: Result<[Payout]?, any Error>, of id: ChannelID, in report: inout PrepaidOffice.Report
    ) {
        switch outcome {
        case .success(nil): break
        case .success(let payouts?):
            report.channels += 1
            metrics?.count(.claimed)
            for payout in payouts { report.captured = report.captured.adding(payout.amount) ?? .max }
        case .failure(let error):
            // An outage says nothing of the channel.
            let isVerdict = if case ContractError.refused = error { true } else { false }
            metrics?.count(.refused)
            _ = index.refused(id, at: clock(), isVerdict: isVerdict)
            report.failures.append("\(id): \(error)")
            logger.error("A channel could not be redeemed", metadata: ["channel": "\(id)", "error": "\(error)"])
        }
    }

    /// Sets aside what a request may leave unclaimed; where a cap leaves no room, it is made by redeeming first.
    ///
    /// - Throws: ``UnclaimedRefusal`` when that makes no room; nothing is set aside then.
    func hold(
        _ price: Amount, for reservation: ReservationID, of id: ChannelID, token: Address
    ) async throws(UnclaimedRefusal) {
        try await room?.hold(price, as: reservation.number, of: id, token: token) { [self] channels in
            // Each is a transaction of its own, and all who find no room wait for these.
            let report = await redeem(channels.prefix(Self.redemptionsAtOnce).map(\.id))
            if report.channels == 0, let failure = report.failures.first { throw NotRedeemed(reason: failure) }
            return true
        }
    }

    private struct NotRedeemed: Error {
        let reason: String
    }

    /// Captures what was earned in one channel; while that is under way, who asks once more only waits for it.
    ///
    /// - Returns: `nil` when nothing was new.
    func redeem(_ id: ChannelID) async throws -> [Payout]? {
        try await redeeming.attempt(id) { [self] in try await redeemOnce(id) }
    }

    private func redeemOnce(_ id: ChannelID) async throws -> [Payout]? {
        guard let order = try await engine.knownState(of: id)?.redemptionOrder(signedBy: authorizer, in: domain) else {
            return try await redeemProofs(of: id)
        }
        return try await carryOut(order, on: id).payouts
    }

    /// Whether what a channel has earned covers what it costs to capture it.
    func covers(_ fees: ClaimFees, in id: ChannelID) -> Bool {
        guard let position = engine.knownState(of: id)?.position, !position.unclaimed.isZero else { return true }
        let channel = UnclaimedChannel(
            id: id, terms: position.terms, amount: position.unclaimed, since: position.paidAt)
        return !ClaimSchedule(age: 0).due([channel], at: clock(), fees: fees).isEmpty
    }
}
