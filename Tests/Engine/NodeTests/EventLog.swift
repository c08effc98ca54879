// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Synchronization

/// A settlement that only tells what happened, as a test wrote it.
final class EventLog: Settlement {
    private struct State {
        var kinds: [SettlementEvent.Kind] = []
        var snapshots: [ChannelID: ChannelSnapshot] = [:]
        var reads: [UInt64] = []
        var snapshotsRead = 0
        var failure: SettlementError?
    }

    let domain: SettlementDomain
    let isSimulated = true
    private let state = Mutex(State())

    init(domain: SettlementDomain) { self.domain = domain }

    /// A deposit of one unit happened in each channel.
    func deposit(in channels: some Sequence<ChannelID>) {
        state.withLock { state in
            for id in channels {
                let balance = state.snapshots[id]?.balance.adding(Amount(units: 1)) ?? Amount(units: 1)
                state.kinds.append(.deposited(id, amount: Amount(units: 1), newBalance: balance))
                state.snapshots[id] = ChannelSnapshot(
                    balance: balance, totalClaimed: .zero, block: Self.block(UInt64(state.kinds.count)))
            }
        }
    }

    /// Something happened that is about no channel.
    func settle() {
        state.withLock { $0.kinds.append(.settled(receiver: .zero, token: .zero, amount: .zero)) }
    }

    func fail(with error: SettlementError?) { state.withLock { $0.failure = error } }

    /// After which events was asked.
    var reads: [UInt64] { state.withLock { $0.reads } }

    /// How often a channel was read.
    var snapshotsRead: Int { state.withLock { $0.snapshotsRead } }

    func events(after sequence: UInt64, limit: Int) async throws(SettlementError) -> [SettlementEvent] {
        let (kinds, failure) = state.withLock { state in
            state.reads.append(sequence)
            return (state.kinds, state.failure)
        }
        if let failure { throw failure }
        return zip(UInt64(1)..., kinds).dropFirst(Int(sequence)).prefix(limit).map { number, kind in
            SettlementEvent(
                sequence: number, block: Self.block(number), transaction: TransactionID(.zero), kind: kind)
        }
    }

    func snapshot(of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot? {
        state.withLock { state in
            state.snapshotsRead += 1
            return state.snapshots[channel]
        }
    }

    func head() async throws(SettlementError) -> Block { Self.block(UInt64(state.withLock { $0.kinds.count })) }

    private static func block(_ height: UInt64) -> Block { Block(height: height, time: Instant(unixSeconds: 0)) }

    // MARK: - What no watcher asks for

    private static let notAsked = SettlementError.unavailable(reason: "a watcher only watches")

    func token(_ address: Address) async throws(SettlementError) -> Token? { throw Self.notAsked }
    func balance(of account: Address, token: Address) async throws(SettlementError) -> Amount { throw Self.notAsked }
    func channels(
        openedBy payer: Address, since block: UInt64, progress: @Sendable (UInt64, UInt64) -> Void
    ) async throws(SettlementError) -> [ChannelTerms] { throw Self.notAsked }
    func check(_ deposit: SignedDeposit, for voucher: SignedCeiling) async throws(SettlementError) {
        throw Self.notAsked
    }
    func deposit(
        _ deposit: SignedDeposit, for voucher: SignedCeiling
    ) async throws(SettlementError) -> DepositReceipt { throw Self.notAsked }
    func claim(
        _ rows: [ClaimRow], authorization: Signature
    ) async throws(SettlementError) -> ClaimReceipt { throw Self.notAsked }
    func settle(receiver: Address, token: Address) async throws(SettlementError) -> PayoutReceipt {
        throw Self.notAsked
    }
    func refund(_ order: RefundOrder) async throws(SettlementError) -> RefundReceipt { throw Self.notAsked }
}
