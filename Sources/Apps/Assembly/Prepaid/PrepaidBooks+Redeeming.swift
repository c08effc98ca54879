// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
public import FarthingNode
import FarthingPrimitives
import Logging
import Synchronization

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
        var tried: Set<ChannelID> = []
        var queue: [ChannelID] = []
        var lookedAt: Instant?
        return await redeem(atOnce: Self.expiringAtOnce) { [self] in
            let now = clock()
            // With many this takes long, and what has come near its end meanwhile waits for no other turn.
            if queue.isEmpty || lookedAt.map({ now.seconds(since: $0) >= Self.pauseOfLooks }) ?? true {
                lookedAt = now
                queue = expiring(index.channels, soon: soon).filter { !tried.contains($0) }.reversed()
            }
            guard let id = queue.popLast() else { return nil }
            tried.insert(id)
            return id
        }
    }

    /// The channels that a payer could empty soon, soonest first.
    ///
    /// Where all that are redeemed at once wait for their blocks, the last of a crowd waits long, so a crowd begins so
    /// much sooner.
    private func expiring(_ unclaimed: [UnclaimedChannel], soon: Duration) -> [ChannelID] {
        let horizon = clock().advanced(bySeconds: 2 * soon.components.seconds + Self.haste)
        var found = unclaimed.compactMap { channel -> (id: ChannelID, latest: Instant)? in
            guard let state = engine.knownState(of: channel.id), let expiry = state.expiry else { return nil }
            // Before the expiry none waits because it was refused; after it the pause counts again.
            guard expiry > clock() || channel.isReady(at: clock()) else { return nil }
            // What takes long must begin so much sooner.
            return (channel.id, expiry.advanced(bySeconds: -state.redemptionTime))
        }
        var count: Int
        repeat {
            count = found.count
            let rounds = Int64(count / Self.expiringAtOnce)
            let reach = horizon.advanced(bySeconds: rounds * redemptionTook.load(ordering: .relaxed))
            found.removeAll { $0.latest > reach }
        } while found.count < count
        return found.sorted { ($0.latest, $0.id) < ($1.latest, $1.id) }.map(\.id)
    }

    /// How long before a payer may take back what is left everything is captured, whatever the schedule says.
    ///
    /// - Unit: seconds.
    private static var haste: Int64 { 600 }

    /// How long it is at least until it is looked again whose end has come near.
    ///
    /// - Unit: seconds.
    private static var pauseOfLooks: Int64 { 10 }

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

    /// The same for what a payer could take back soon: nearly all that a chain takes.
    static var expiringAtOnce: Int { 24 }

    private func redeem(_ channels: [ChannelID]) async -> PrepaidOffice.Report {
        var left = channels[...]
        return await redeem(atOnce: Self.redemptionsAtOnce) { left.popFirst() }
    }

    /// - Parameter next: Asked whenever there is room for one more; `nil` when there is none for now.
    private func redeem(atOnce most: Int, _ next: () -> ChannelID?) async -> PrepaidOffice.Report {
        var report = PrepaidOffice.Report()
        await withTaskGroup { group in
            var underWay = 0
            while true {
                if underWay < most, let id = next() {
                    underWay += 1
                    group.addTask { (id, await self.redemption(of: id)) }
                } else if let (id, redemption) = await group.next() {
                    underWay -= 1
                    // Another's is told by whoever began it.
                    if redemption.isOwn { note(redemption.outcome, of: id, in: &report) }
                } else {
                    break
                }
            }
        }
        tellOfOutage(report)
        return report
    }

    /// Logs that the settlement is not reached: once, and then rarely, however many channels wait for it.
    private func tellOfOutage(_ report: PrepaidOffice.Report) {
        let now = clock()
        let isNews = outageTold.withLock { told in
            if report.outages == 0, report.channels > 0 { told = nil }
            guard report.outages > 0, told.map({ !(0..<900).contains(now.seconds(since: $0)) }) ?? true else {
                return false
            }
            told = now
            return true
        }
        guard isNews else { return }
        logger.error(
            "Channels cannot be redeemed for now",
            metadata: ["channels": "\(report.outages)", "error": "\(report.failures.first ?? "")"])
    }

    private typealias Redemption = (outcome: Result<[Payout]?, any Error>, isOwn: Bool)

    private func redemption(of id: ChannelID) async -> Redemption {
        await redeeming.share(id) { [self] in
            let start = clock()
            do {
                let payouts = try await redeemOnce(id)
                let took = min(max(clock().seconds(since: start), 0), Self.haste)
                if payouts != nil { redemptionTook.store(took, ordering: .relaxed) }
                return .success(payouts)
            } catch { return .failure(error) }
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
            report.failures.append("\(id): \(error)")
            if !Self.isVerdict(error) { report.outages += 1 }
        }
    }

    /// Whether an error says something of the channel, rather than of the way to the settlement.
    private static func isVerdict(_ error: any Error) -> Bool {
        switch error {
        case ContractError.refused, ContractError.unknownChannel, is KeptProofFault: true
        // What a token or a contract answers that is in no table comes like this too.
        case ContractError.settlement(let error): error.condemnsRow
        default: false
        }
    }

    /// Remembers a verdict, so that the channel takes no payment, and is left alone for a while.
    private func refused(_ id: ChannelID, _ error: any Error) {
        guard Self.isVerdict(error) else { return }
        metrics?.count(.refused)
        // Told more and more rarely: it comes again and again.
        guard index.refused(id, at: clock()).nonzeroBitCount <= 1 else { return }
        logger.error("A channel could not be redeemed", metadata: ["channel": "\(id)", "error": "\(error)"])
    }

    /// Sets aside what a request may leave unclaimed; where a cap leaves no room, it is made by redeeming first.
    ///
    /// - Throws: ``UnclaimedRefusal`` when that makes no room, or a redemption of the channel was refused; nothing is
    ///   set aside then.
    func hold(
        _ price: Amount, for reservation: ReservationID, of id: ChannelID, token: Address
    ) async throws(UnclaimedRefusal) {
        guard index.isLimited else { return }
        try await room.hold(price, as: reservation.number, of: id, token: token) { [self] channels in
            // No payment ends a channel.
            guard !Scheme.redemptionEnds else { return false }
            // Each is a transaction of its own, and all who find no room wait for these.
            let report = await redeem(channels.prefix(Self.redemptionsAtOnce).map(\.id))
            guard report.channels == 0, let failure = report.failures.first else { return true }
            // One that is refused is left alone for a while, and holds up no other payer.
            if report.outages == 0 { return false }
            throw NotRedeemed(reason: failure)
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
        do {
            guard let order = try await engine.knownState(of: id)?.redemptionOrder(signedBy: authorizer, in: domain)
            else { return try await redeemProofs(of: id) }
            return try await carryOut(order, on: id).payouts
        } catch {
            refused(id, error)
            throw error
        }
    }

    /// Whether what a channel has earned covers what it costs to capture it.
    func covers(_ fees: ClaimFees, in id: ChannelID) -> Bool {
        guard let position = engine.knownState(of: id)?.position, !position.unclaimed.isZero else { return true }
        let channel = UnclaimedChannel(
            id: id, terms: position.terms, amount: position.unclaimed, since: position.paidAt)
        return !ClaimSchedule(age: 0).due([channel], at: clock(), fees: fees).isEmpty
    }
}
