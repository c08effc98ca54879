// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Logging

extension Wallet {
    /// Waits for a channel that an offer can be paid out of, for this payment alone.
    ///
    /// - Parameter beside: How many payments may be in flight on it.
    /// - Throws: ``JournalError/channelInUse(_:)`` when another process keeps it.
    func lease(
        for terms: VoucherTerms, in domain: SettlementDomain, beside: Int = 0
    ) async throws -> (ChannelLease, KeptChannel) {
        let candidates = try await candidates(for: terms, in: domain)
        let lease = try await lease(oneOf: candidates.map(\.id), beside: beside)
        do {
            // Somebody else may have used it since it was looked at.
            let known = try await journal.channel(lease.channel)
            guard let kept = known ?? candidates.first(where: { $0.id == lease.channel }) else {
                throw JournalError.channelInUse(lease.channel)
            }
            // What others have in flight was prepared before they signed.
            return (lease, lease.isShared ? kept : try await prepared(kept, isNew: known == nil))
        } catch {
            lease.giveBack()
            throw error
        }
    }

    /// Takes one of these channels, first within this process and then against all others.
    func lease(oneOf candidates: [ChannelID], beside: Int = 0) async throws -> ChannelLease {
        let deadline = ContinuousClock.now + options.lockTimeout
        var rest = candidates
        while true {
            let turn = try await queue.take(oneOf: rest, beside: beside)
            let channel = turn.channel
            do {
                guard let lockFolder, turn.lock == nil else {
                    return ChannelLease(turn, queue: queue, lock: turn.lock)
                }
                if let lock = try ChannelLock(channel, in: lockFolder) {
                    return ChannelLease(turn, queue: queue, lock: lock)
                }
            } catch {
                await queue.giveBack(channel)
                throw error
            }
            await queue.giveBack(channel)
            guard ContinuousClock.now < deadline else { throw JournalError.channelInUse(channel) }
            // Another process has this one: the next candidate comes first now.
            rest = rest.filter { $0 != channel } + [channel]
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The channels to pay out of, those that need no deposit first.
    private func candidates(for terms: VoucherTerms, in domain: SettlementDomain) async throws -> [KeptChannel] {
        let all = try await journal.channels().filter { $0.network == terms.network }
        // A payee that cheated on one channel does not get another, whatever its terms are now.
        let others = all.lazy.filter { $0.books.terms.receiver == terms.receiver }
        if let misconduct = others.compactMap(\.books.misconduct).first {
            throw VoucherPayer.Refusal.suspended(misconduct)
        }
        let known = all.filter {
            terms.fits($0.books.terms, payer: address, voucherSigner: voucherSigner.address)
        }
        var candidates = known.filter { $0.books.spendable >= terms.price }
        candidates += known.filter { $0.books.spendable < terms.price }
            .sorted { $0.books.spendable > $1.books.spendable }
        var index: UInt64 = 0
        while candidates.count < options.channelsPerPayee {
            let channel = terms.channel(index, payer: address, voucherSigner: voucherSigner.address)
            let id = domain.channelID(of: channel)
            if !candidates.contains(where: { $0.id == id }) {
                candidates.append(
                    KeptChannel(books: VoucherPayer(id: id, terms: channel), network: terms.network, usedAt: nil))
            }
            index += 1
        }
        return Array(candidates.prefix(options.channelsPerPayee))
    }

    /// Brings a channel's books as near to the truth as can be without its payee.
    ///
    /// The caller has the channel's lease.
    func prepared(_ channel: KeptChannel, isNew: Bool = false) async throws -> KeptChannel {
        var channel = channel
        if channel.books.phase != .idle {
            // Whoever signed this is gone: the lock says so.
            if case .ahead(let payments) = channel.books.phase {
                for payment in payments { _ = try channel.books.apply(.aheadEnded(ceiling: payment.ceiling)) }
            } else {
                _ = try channel.books.apply(.outcomeUnknown)
            }
            try await journal.abandon(channel)
        }
        let books = channel.books
        guard isNew || books.outstanding != nil || books.isRefundInDoubt || books.withdrawal != nil else {
            return channel
        }
        return try await observed(channel)
    }

    /// Reads the channel from its settlement, if that can be read.
    func observed(_ channel: KeptChannel) async throws -> KeptChannel {
        guard let view = views[channel.network] else { return channel }
        let snapshot: ChannelSnapshot?
        do { snapshot = try await view.snapshot(of: channel.id) } catch {
            logger.warning(
                "The settlement cannot be read", metadata: ["network": "\(channel.network)", "error": "\(error)"])
            return channel
        }
        guard let snapshot else { return channel }
        return try await taking(snapshot, into: channel)
    }

    /// Takes in what the settlement says of a channel, and writes down what that tells of its past.
    func taking(_ snapshot: ChannelSnapshot, into channel: KeptChannel) async throws -> KeptChannel {
        var next = channel
        _ = try next.books.apply(.observed(snapshot))
        if next != channel {
            try await journal.found(next, finding: Findings(from: channel.books, to: next.books))
        }
        return next
    }
}
