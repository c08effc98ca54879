// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingNode
public import FarthingPrimitives
import Logging
import Metrics

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
    private let room: RoomUnderCaps

    /// How long payments do not try to make room after that failed.
    ///
    /// - Unit: seconds.
    static var pause: Int64 { RoomUnderCaps.pause }

    public init(
        settlement: any Settlement, effects: VoucherEffects, index: UnclaimedIndex,
        clock: @escaping @Sendable () -> Instant
    ) {
        self.settlement = settlement
        self.effects = effects
        self.index = index
        self.clock = clock
        room = RoomUnderCaps(index, clock: clock, logger: effects.logger)
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
        try await room.hold(amount, as: reservation, of: id, token: token) { [self] channels in
            try await !claim(channels).claimed.isZero
        }
    }
}
