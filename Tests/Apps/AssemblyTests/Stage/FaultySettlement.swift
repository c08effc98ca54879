// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingConformance
import FarthingLedgerSettlement
import FarthingPrimitives
import Synchronization

/// A real ledger on a road that a test can block.
final class FaultySettlement: Settlement, ForwardingSettlement {
    private struct Plan {
        var isDown = false
        /// Calls that move money, counted down; the one at zero fails before anything moves.
        var failsIn: Int?
        var poisoned: Set<ChannelID> = []
        var claims: [[ChannelID]] = []
        var sweeps: [SweptPair] = []
        /// What is said of refunds, which are sent off and made later, or never.
        var refundAnswer: SettlementError?
        var sentRefunds: [RefundOrder] = []
        var refundsTakeTime = false
        var refunds = 0
        /// The same of deposits.
        var depositAnswer: SettlementError?
        var sentDeposits: [(deposit: SignedDeposit, voucher: SignedCeiling)] = []
        var depositsTakeTime = false
        var deposits = 0
        /// Which channels cannot be read with a voucher, and how old a reading may be then.
        var hidden: Set<ChannelID> = []
        var freshness: Int64?
        var readsByVoucher = 0
        var reads = 0
    }

    struct SweptPair: Hashable {
        let receiver: Address
        let token: Address
    }

    let ledger: Ledger
    var target: Ledger { ledger }
    private let plan = Mutex(Plan())
    /// Where claims can be held up, as by a chain on which a transaction takes its time.
    let claimBarrier = Barrier()
    /// The same for payouts.
    let payoutBarrier = Barrier()

    init(_ ledger: Ledger) { self.ledger = ledger }

    /// While it is down, nothing moves.
    func setDown(_ isDown: Bool) { plan.withLock { $0.isDown = isDown } }
    func fail(after calls: Int) { plan.withLock { $0.failsIn = calls } }
    /// A batch with a row of these is refused as a whole, as a contract does.
    func poison(_ channels: Set<ChannelID>) { plan.withLock { $0.poisoned = channels } }

    /// Refunds are sent off and not waited for: they are made with ``makeSentRefunds()``, or never; `nil` ends that.
    func answerRefunds(with error: SettlementError?) { plan.withLock { $0.refundAnswer = error } }
    /// A refund takes a while, and is broken off when whoever asked for it does not wait.
    func slowRefunds() { plan.withLock { $0.refundsTakeTime = true } }
    func makeSentRefunds() async throws {
        let orders = plan.withLock { plan in
            defer { plan.sentRefunds = [] }
            return plan.sentRefunds
        }
        for order in orders { _ = try await ledger.refund(order) }
    }
    /// How many refunds were handed in.
    var refunds: Int { plan.withLock { $0.refunds } }

    /// Deposits are sent off and not waited for: they are made with ``makeSentDeposits()``, or never; `nil` ends that.
    func answerDeposits(with error: SettlementError?) { plan.withLock { $0.depositAnswer = error } }
    /// A deposit takes a while, and is broken off when whoever asked for it does not wait.
    func slowDeposits() { plan.withLock { $0.depositsTakeTime = true } }
    func makeSentDeposits() async throws {
        let sent = plan.withLock { plan in
            defer { plan.sentDeposits = [] }
            return plan.sentDeposits
        }
        for (deposit, voucher) in sent { _ = try await ledger.deposit(deposit, for: voucher) }
    }
    /// How many deposits were handed in.
    var deposits: Int { plan.withLock { $0.deposits } }

    /// Channels are shown by voucher alone, as at a facilitator, and some not at all.
    func hide(_ channels: Set<ChannelID>, freshness: Int64 = 300) {
        plan.withLock { ($0.hidden, $0.freshness, $0.readsByVoucher) = (channels, freshness, 0) }
    }
    /// How often somebody asked for a channel by voucher.
    var readsByVoucher: Int { plan.withLock { $0.readsByVoucher } }

    func freshness(of terms: ChannelTerms) -> Int64? { plan.withLock { $0.freshness } }
    func snapshot(
        of channel: ChannelID, shown voucher: SignedCeiling
    ) async throws(SettlementError) -> ChannelSnapshot? {
        let isHidden = plan.withLock { plan in
            plan.readsByVoucher += 1
            return plan.hidden.contains(channel)
        }
        if isHidden { throw .unavailable(reason: "the test hides it") }
        return try await ledger.snapshot(of: channel)
    }

    /// The batches that were handed in, also those that failed.
    var claims: [[ChannelID]] { plan.withLock { $0.claims } }
    var sweeps: [SweptPair] { plan.withLock { $0.sweeps } }

    private func enter() throws(SettlementError) {
        let fails = plan.withLock { plan in
            if plan.isDown { return true }
            guard let left = plan.failsIn else { return false }
            plan.failsIn = left == 0 ? nil : left - 1
            return left == 0
        }
        if fails { throw .unavailable(reason: "the test says so") }
    }

    func claim(_ rows: [ClaimRow], authorization: Signature) async throws(SettlementError) -> ClaimReceipt {
        let ids = rows.map { domain.channelID(of: $0.terms) }
        let isPoisoned = plan.withLock { plan in
            plan.claims.append(ids)
            return !plan.poisoned.isDisjoint(with: ids)
        }
        await claimBarrier.pass()
        try enter()
        if isPoisoned { throw .voucherSignature }
        return try await ledger.claim(rows, authorization: authorization)
    }

    func settle(receiver: Address, token: Address) async throws(SettlementError) -> PayoutReceipt {
        try enter()
        plan.withLock { $0.sweeps.append(SweptPair(receiver: receiver, token: token)) }
        await payoutBarrier.pass()
        return try await ledger.settle(receiver: receiver, token: token)
    }

    func deposit(
        _ deposit: SignedDeposit, for voucher: SignedCeiling
    ) async throws(SettlementError) -> DepositReceipt {
        try enter()
        let (answer, takesTime) = plan.withLock { plan in
            plan.deposits += 1
            if plan.depositAnswer != nil { plan.sentDeposits.append((deposit, voucher)) }
            return (plan.depositAnswer, plan.depositsTakeTime)
        }
        if let answer { throw answer }
        if takesTime { do { try await Task.sleep(for: .milliseconds(300)) } catch { throw .cancelled } }
        return try await ledger.deposit(deposit, for: voucher)
    }

    func refund(_ order: RefundOrder) async throws(SettlementError) -> RefundReceipt {
        try enter()
        let (answer, takesTime) = plan.withLock { plan in
            plan.refunds += 1
            if plan.refundAnswer != nil { plan.sentRefunds.append(order) }
            return (plan.refundAnswer, plan.refundsTakeTime)
        }
        if let answer { throw answer }
        if takesTime { do { try await Task.sleep(for: .milliseconds(300)) } catch { throw .cancelled } }
        return try await ledger.refund(order)
    }

    /// How often a channel was read.
    var reads: Int { plan.withLock { $0.reads } }

    func snapshot(of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot? {
        plan.withLock { $0.reads += 1 }
        return try await ledger.snapshot(of: channel)
    }
}
