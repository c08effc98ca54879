// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
internal import Synchronization

extension Ledger: Settlement {
    /// Always: no chain stands behind this money.
    public var isSimulated: Bool { true }

    /// Asks for the newest block and, where the last change could not be written, tries to write.
    ///
    /// A full disk lets everybody look, and nobody deposit or claim.
    public func obstacles() async -> [SettlementObstacle] {
        do throws(SettlementError) {
            if hasFailedToWrite.withLock({ $0 }) { try await change { try $0.rewrite() } }
            _ = try await head()
            return []
        } catch { return [.unreachable(error)] }
    }

    // MARK: - Reading

    public func head() async throws(SettlementError) -> Block {
        try await read { $0.head }
    }

    public func token(_ address: Address) async throws(SettlementError) -> Token? {
        try await read { try $0.token(address) }
    }

    public func balance(of account: Address, token: Address) async throws(SettlementError) -> Amount {
        try await read { try $0.balance(of: account, token: token) }
    }

    public func snapshot(of channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot? {
        try await read { book in
            try book.channel(channel).map { try book.snapshot(of: $0, in: book.head) }
        }
    }

    public func events(after sequence: UInt64, limit: Int) async throws(SettlementError) -> [SettlementEvent] {
        try await read { try $0.events(after: sequence, limit: limit) }
    }

    public func channels(
        openedBy payer: Address, since block: UInt64, progress: @Sendable (_ height: UInt64, _ head: UInt64) -> Void
    ) async throws(SettlementError) -> [ChannelTerms] {
        let head = try await head().height
        var terms: [ChannelTerms] = []
        var last: UInt64 = 0
        while true {
            let page = try await events(after: last, limit: 1000)
            guard let end = page.last else { return terms }
            for event in page where event.block.height >= block {
                guard case .channelCreated(_, let created) = event.kind, created.payer == payer,
                    !terms.contains(created)
                else { continue }
                terms.append(created)
            }
            last = end.sequence
            progress(end.block.height, head)
        }
    }

    // MARK: - Moving money

    public func check(_ deposit: SignedDeposit, for voucher: SignedCeiling) async throws(SettlementError) {
        try await check(deposit)
    }

    public func deposit(
        _ deposit: SignedDeposit, for voucher: SignedCeiling
    ) async throws(SettlementError) -> DepositReceipt { try await self.deposit(deposit) }

    /// Does all that ``deposit(_:)`` would, and takes it back: throws what that would throw.
    public func check(_ deposit: SignedDeposit) async throws(SettlementError) {
        try await read { try $0.check(deposit) }
    }

    /// Locks money in a channel.
    ///
    /// The same authorisation a second time answers with the first receipt.
    ///
    /// As on the chain, a deposit is nobody's business but the payer's: no voucher need come with it.
    public func deposit(_ deposit: SignedDeposit) async throws(SettlementError) -> DepositReceipt {
        try await change { try $0.deposit(deposit) }
    }

    public func claim(
        _ rows: [ClaimRow], authorization: Signature
    ) async throws(SettlementError) -> ClaimReceipt {
        try await change { try $0.claim(rows, authorization: authorization) }
    }

    public func settle(receiver: Address, token: Address) async throws(SettlementError) -> PayoutReceipt {
        try await change { try $0.settle(receiver: receiver, token: token) }
    }

    public func refund(_ order: RefundOrder) async throws(SettlementError) -> RefundReceipt {
        try await change { try $0.refund(order) }
    }
}
