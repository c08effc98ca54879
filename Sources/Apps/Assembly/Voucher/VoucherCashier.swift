// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingNode
public import FarthingPrimitives
import Logging
import Metrics
import Synchronization

/// Brings in what was earned: claims what a schedule finds due, then has the ledger pay out.
///
/// A batch that the settlement will not have is halved until the row that it does not like is alone. That row is left
/// alone for a while then, and blocks no other.
public final class VoucherCashier: Sendable {
    /// What is unclaimed now, and what may be.
    public let index: UnclaimedIndex
    private let settlement: any Settlement
    private let effects: VoucherEffects
    private let clock: @Sendable () -> Instant
    private let reliefs = ReliefTurns()
    /// Until when payments do not try to make room, because it failed just now.
    private let reliefPause = Mutex<Instant?>(nil)

    /// How long payments do not try to make room after that failed.
    ///
    /// - Unit: seconds.
    static let pause: Int64 = 5

    public init(
        settlement: any Settlement, effects: VoucherEffects, index: UnclaimedIndex,
        clock: @escaping @Sendable () -> Instant
    ) {
        self.settlement = settlement
        self.effects = effects
        self.index = index
        self.clock = clock
    }

    // MARK: - Claims

    /// Claims what all channels have earned, also where it was refused not long ago.
    ///
    /// - Parameter progress: Told how many channels were claimed, after each batch.
    public func claimAll(
        progress: @Sendable (Int) -> Void = { _ in }
    ) async throws -> VoucherEffects.ClaimReport {
        var unclaimed = index.channels
        for index in unclaimed.indices { unclaimed[index].retryAt = nil }
        return try await claim(ClaimSchedule(age: .min).due(unclaimed, at: clock()), progress: progress)
    }

    /// Claims what a schedule finds due.
    ///
    /// - Parameter fees: What claims cost now, where that is known: channels that do not cover it are held.
    /// - Throws: What is wrong with the settlement or the store; what was claimed before is booked then.
    public func claimDue(
        _ schedule: ClaimSchedule, fees: ClaimFees? = nil
    ) async throws -> VoucherEffects.ClaimReport {
        try await claim(schedule.due(index.channels, at: clock(), fees: fees))
    }

    private func claim(
        _ channels: [UnclaimedChannel], progress: @Sendable (Int) -> Void = { _ in }
    ) async throws -> VoucherEffects.ClaimReport {
        var report = VoucherEffects.ClaimReport()
        var seen = 0
        for batch in ClaimSchedule.batches(channels) {
            try await effects.claim(batch.map(\.id)[...], by: batch[0].terms.receiverAuthorizer, into: &report)
            seen += batch.count
            progress(seen)
        }
        return report
    }

    // MARK: - Payouts

    /// Has the ledger pay out what was claimed for a receiver.
    public func settle(receiver: Address, token: Address) async throws -> PayoutReceipt {
        let receipt = try await settlement.settle(receiver: receiver, token: token)
        if receipt.transaction != nil {
            Counter(label: "farthing_sweeps_total").increment()
            FloatingPointCounter(label: "farthing_settled_units_total").increment(
                by: Double((receipt.amount ?? .zero).units))
        }
        return receipt
    }

    /// Has the ledger pay out to everybody for whom something was claimed since the last time, each once.
    ///
    /// - Throws: What is wrong with the settlement; whoever was not paid is paid next time.
    public func sweep() async throws -> [(target: SweepTarget, receipt: PayoutReceipt)] {
        var paid: [(target: SweepTarget, receipt: PayoutReceipt)] = []
        var trouble: (any Error)?
        for target in index.takeUnswept() {
            do {
                paid.append((target, try await settle(receiver: target.receiver, token: target.token)))
            } catch let error as SettlementError where error.isVerdict {
                effects.logger.error(
                    "A payout was refused", metadata: ["receiver": "\(target.receiver)", "error": "\(error)"])
            } catch {
                index.putBack(target)
                trouble = error
            }
        }
        if let trouble { throw trouble }
        return paid
    }

    // MARK: - Caps

    /// Sets aside what a request may leave unclaimed; where a cap leaves no room, it is made by claiming first.
    ///
    /// - Throws: ``UnclaimedRefusal`` when no claim makes room; nothing is set aside then.
    func hold(
        _ amount: Amount, as reservation: UInt64, of id: ChannelID, token: Address
    ) async throws(UnclaimedRefusal) {
        // Others may take the room that was made, so one try may not be enough; but it must come to an end.
        for _ in 0..<3 {
            do {
                return try index.reserve(amount, as: reservation, of: id, token: token)
            } catch {
                guard await makeRoom(after: error, for: amount, in: id, token: token) else { throw error }
            }
        }
        try index.reserve(amount, as: reservation, of: id, token: token)
    }

    private func makeRoom(
        after refusal: UnclaimedRefusal, for amount: Amount, in id: ChannelID, token: Address
    ) async -> Bool {
        let place: ReliefTurns.Place =
            switch refusal {
            case .exceedsChannelCap, .claimRefused: .channel(id)
            case .exceedsTotalCap: .all
            }
        return await reliefs.run(place) { [self] in
            let now = clock()
            // One that lies further ahead than it was made is from a clock that was wrong.
            let isPaused = reliefPause.withLock {
                $0.map { (1...Self.pause).contains($0.seconds(since: now)) } ?? false
            }
            guard !isPaused else { return false }
            let channels = index.relief(of: refusal, for: amount, in: id, token: token, at: now)
            guard !channels.isEmpty else { return false }
            do {
                return try await !claim(channels).claimed.isZero
            } catch {
                reliefPause.withLock { $0 = now.advanced(bySeconds: Self.pause) }
                effects.logger.error("No room could be made under a cap", metadata: ["error": "\(error)"])
                return false
            }
        }
    }
}
