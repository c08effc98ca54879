// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
import Synchronization

/// Knows what is unclaimed, in which channel and since when, without asking the store.
///
/// It follows what channels commit, each in its order, so it is right as soon as an answer leaves. Only channels with
/// something unclaimed are kept. It also keeps the *reserved* sum: the prices of requests that are being answered,
/// which will be unclaimed in a moment. Unclaimed and reserved together never rise above ``caps`` through a payment.
/// A channel whose claim was refused takes no payment until one succeeds.
public final class UnclaimedIndex: Sendable {
    fileprivate struct Totals {
        var unclaimed = Amount.zero
        var reserved = Amount.zero
        /// `nil` when it is more than an amount can hold, which no honest token makes possible.
        var sum: Amount? { unclaimed.adding(reserved) }
    }

    fileprivate struct Held {
        let token: Address
        var amounts: [UInt64: Amount] = [:]
        var sum: Amount { amounts.values.reduce(.zero) { $0.adding($1) ?? .max } }
    }

    /// A channel that is changed where it stands, because that is what nearly every payment does.
    ///
    /// There may be a million of them, so it holds no id and shares its terms.
    fileprivate final class Place {
        let terms: SharedTerms
        var amount: Amount
        private var since: Instant
        private var isWithdrawing: Bool
        private var refusals: Int32
        private var retryAt: Instant?

        init(_ channel: UnclaimedChannel, _ terms: SharedTerms) {
            self.terms = terms
            amount = channel.amount
            since = channel.since
            isWithdrawing = channel.isWithdrawing
            refusals = Int32(clamping: channel.refusals)
            retryAt = channel.retryAt
        }

        func channel(_ id: ChannelID) -> UnclaimedChannel {
            UnclaimedChannel(
                id: id, terms: terms.terms, amount: amount, since: since, isWithdrawing: isWithdrawing,
                refusals: Int(refusals), retryAt: retryAt)
        }

        func replace(by channel: UnclaimedChannel) {
            amount = channel.amount
            since = channel.since
            isWithdrawing = channel.isWithdrawing
            refusals = Int32(clamping: channel.refusals)
            retryAt = channel.retryAt
        }
    }

    fileprivate final class SharedTerms {
        let terms: ClaimTerms
        init(_ terms: ClaimTerms) { self.terms = terms }
    }

    fileprivate struct Contents {
        var places: [ChannelID: Place] = [:]
        /// One of each; a node has as many as it has receivers, tokens and delays.
        var terms: [ClaimTerms: SharedTerms] = [:]
        var held: [ChannelID: Held] = [:]
        var totals: [Address: Totals] = [:]
        var unswept: Set<SweepTarget> = []
        /// Channels whose claim was refused, and of which none has succeeded since.
        var suspect: Set<ChannelID> = []
    }

    public let caps: UnclaimedCaps
    private let contents = Mutex(Contents())
    /// Whether a claim was ever refused; it stays so, since what was reserved on the strength of it must be released.
    private let hasRefused = Atomic(false)

    public init(caps: UnclaimedCaps = UnclaimedCaps()) { self.caps = caps }

    /// Whether anything may be refused, for a cap or for a claim that was, so that sums must be reserved.
    public var isLimited: Bool {
        caps.perChannel != nil || caps.inAll != nil || hasRefused.load(ordering: .relaxed)
    }

    // MARK: - Following the channels

    /// Takes in that more is unclaimed in a channel, and nothing else of it has changed.
    ///
    /// - Returns: `false` when nothing was unclaimed there; then it must be told by ``update(_:from:to:ended:)``.
    public func raise(_ id: ChannelID, of token: Address, to unclaimed: Amount) -> Bool {
        contents.withLock { contents in
            guard let place = contents.places[id] else { return false }
            contents.totals[token, default: Totals()].replace(unclaimed: place.amount, by: unclaimed)
            place.amount = unclaimed
            return true
        }
    }

    /// Takes in that a channel was committed.
    ///
    /// - Parameters:
    ///   - before: What it was, also in memory; `nil` when it is read from the store for the first time.
    ///   - ended: The reservations on which requests were being answered before, and are not any more.
    public func update(
        _ id: ChannelID, from before: UnclaimedPosition?, to after: UnclaimedPosition,
        ended: some Sequence<UInt64> = EmptyCollection<UInt64>()
    ) {
        contents.withLock { contents in
            // A request is answered: in the same moment its price stops being reserved and is unclaimed.
            for reservation in ended { contents.release(reservation, of: id) }
            let isClaimed = after.captured > (before?.captured ?? .zero)
            if isClaimed {
                if before != nil { contents.suspect.remove(id) }
                contents.unswept.insert(SweepTarget(receiver: after.terms.receiver, token: after.terms.token))
            }
            let known = contents.channel(id)
            contents.totals[after.terms.token, default: Totals()].replace(
                unclaimed: known?.amount ?? .zero, by: after.unclaimed)
            guard !after.unclaimed.isZero else {
                contents.places[id] = nil
                // What was given back can neither be claimed nor refused any more.
                if before != nil { contents.suspect.remove(id) }
                return
            }
            var channel =
                known
                ?? UnclaimedChannel(id: id, terms: after.terms, amount: after.unclaimed, since: after.paidAt)
            channel.amount = after.unclaimed
            channel.isWithdrawing = after.isWithdrawing
            if isClaimed, known != nil {
                // What is left is from after the claim was made up.
                channel.since = after.paidAt
                channel.refusals = 0
                channel.retryAt = nil
            }
            contents.put(channel)
        }
    }

    /// Remembers that the settlement would not have a channel's row, and for how long it is not tried again: half a
    /// minute at first, then twice as long each time, up to an hour and a quarter of the withdrawal's delay, or a quarter
    /// of an hour where there is none.
    ///
    /// - Parameter isVerdict: Whether the row itself was refused. The channel takes no payment then, until a claim of it
    ///   succeeds or the node is started anew: its payer may have made all its vouchers worthless.
    /// - Returns: How often in a row that happened; 0 when there is nothing unclaimed in the channel.
    public func refused(_ id: ChannelID, at now: Instant, isVerdict: Bool = true) -> Int {
        contents.withLock { contents in
            guard var channel = contents.channel(id) else { return 0 }
            if isVerdict {
                contents.suspect.insert(id)
                hasRefused.store(true, ordering: .relaxed)
            }
            channel.refusals += 1
            channel.retryAt = now.advanced(
                bySeconds: min(30 << min(Int64(channel.refusals - 1), 10), channel.longestPause))
            contents.put(channel)
            return channel.refusals
        }
    }

    // MARK: - Looking

    /// All channels with something unclaimed, in no order.
    public var channels: [UnclaimedChannel] { contents.withLock { $0.places.map { $1.channel($0) } } }

    public func channel(_ id: ChannelID) -> UnclaimedChannel? { contents.withLock { $0.channel(id) } }

    /// How much of a token is unclaimed.
    public func unclaimed(of token: Address) -> Amount { contents.withLock { $0.totals[token]?.unclaimed ?? .zero } }

    /// How much of a token is set aside for requests that are being answered.
    public func reserved(of token: Address) -> Amount { contents.withLock { $0.totals[token]?.reserved ?? .zero } }

    // MARK: - Caps

    /// Whether a claim of the channel was refused, and none has succeeded since; one flag is read where none ever was.
    public func isSuspect(_ id: ChannelID) -> Bool {
        hasRefused.load(ordering: .relaxed) && contents.withLock { $0.suspect.contains(id) }
    }

    /// Sets aside what a request may add, unless the caps leave no room for it, or the channel's claim was refused.
    ///
    /// - Throws: ``UnclaimedRefusal``; nothing is reserved then.
    public func reserve(
        _ amount: Amount, as reservation: UInt64, of id: ChannelID, token: Address
    ) throws(UnclaimedRefusal) {
        try contents.withLock { (contents: inout Contents) throws(UnclaimedRefusal) in
            let inChannel = (contents.places[id]?.amount ?? .zero).adding(contents.held[id]?.sum ?? .zero)
            if let cap = caps.perChannel {
                guard let sum = inChannel?.adding(amount), sum <= cap else {
                    throw .exceedsChannelCap(price: amount, cap: cap)
                }
            }
            guard let sum = (contents.totals[token] ?? Totals()).sum?.adding(amount), sum <= caps.inAll ?? .max else {
                throw .exceedsTotalCap
            }
            guard !contents.suspect.contains(id) else { throw .claimRefused }
            contents.release(reservation, of: id)
            contents.held[id, default: Held(token: token)].amounts[reservation] = amount
            contents.totals[token, default: Totals()].replace(reserved: .zero, by: amount)
        }
    }

    /// Gives free what was set aside; harmless when it was done before.
    public func release(_ reservation: UInt64, of id: ChannelID) {
        contents.withLock { $0.release(reservation, of: id) }
    }

    /// The channels whose claim would make room for a payment, largest sums first; none when no claim could.
    ///
    /// For the cap on a channel that is the channel itself, and so it is where its claim was refused before. For the cap
    /// on all, it is as many of the largest as free half of what is unclaimed, or more where that is not enough, so that
    /// the next payments find room as well.
    public func relief(
        of refusal: UnclaimedRefusal, for amount: Amount, in id: ChannelID, token: Address, at now: Instant
    ) -> [UnclaimedChannel] {
        let (channels, held, totals) = contents.withLock { contents in
            (
                contents.places.map { $1.channel($0) }, contents.held[id]?.sum ?? .zero,
                contents.totals[token] ?? Totals()
            )
        }
        switch refusal {
        case .exceedsChannelCap(_, let cap):
            guard let channel = channels.first(where: { $0.id == id }), channel.isReady(at: now),
                held.adding(amount).map({ $0 <= cap }) ?? false
            else { return [] }
            return [channel]
        case .claimRefused: return channels.filter { $0.id == id && $0.isReady(at: now) }
        case .exceedsTotalCap:
            guard let cap = caps.inAll, let sum = totals.sum?.adding(amount) else { return [] }
            let goal = max(sum.clampedSubtracting(cap), Amount(units: totals.unclaimed.units / 2))
            var freed = Amount.zero
            var chosen: [UnclaimedChannel] = []
            let ready = channels.filter { $0.terms.token == token && $0.isReady(at: now) }
            for channel in ready.sorted(by: { ($1.amount, $0.id) < ($0.amount, $1.id) }) where freed < goal {
                freed = freed.adding(channel.amount) ?? .max
                chosen.append(channel)
            }
            return sum.clampedSubtracting(freed) <= cap ? chosen : []
        }
    }

    // MARK: - Sweeps

    /// Takes out whom something was claimed for since the last time, so that each is paid once.
    public func takeUnswept() -> [SweepTarget] {
        contents.withLock { contents in
            defer { contents.unswept = [] }
            return contents.unswept.sorted()
        }
    }

    /// Puts back one that could not be paid.
    public func putBack(_ target: SweepTarget) { contents.withLock { _ = $0.unswept.insert(target) } }
}

extension UnclaimedIndex.Totals {
    // The sum of what channels hold of a token is at most what there is of it, so it cannot go over.
    fileprivate mutating func replace(unclaimed old: Amount, by new: Amount) {
        unclaimed = unclaimed.clampedSubtracting(old).adding(new) ?? .max
    }

    fileprivate mutating func replace(reserved old: Amount, by new: Amount) {
        reserved = reserved.clampedSubtracting(old).adding(new) ?? .max
    }
}

extension UnclaimedIndex.Contents {
    fileprivate mutating func put(_ channel: UnclaimedChannel) {
        if let place = places[channel.id] {
            place.replace(by: channel)
        } else {
            let shared = terms[channel.terms] ?? UnclaimedIndex.SharedTerms(channel.terms)
            terms[channel.terms] = shared
            places[channel.id] = UnclaimedIndex.Place(channel, shared)
        }
    }

    fileprivate func channel(_ id: ChannelID) -> UnclaimedChannel? { places[id]?.channel(id) }

    fileprivate mutating func release(_ reservation: UInt64, of id: ChannelID) {
        guard let amount = held[id]?.amounts.removeValue(forKey: reservation), let token = held[id]?.token else {
            return
        }
        if held[id]?.amounts.isEmpty == true { held[id] = nil }
        totals[token]?.replace(reserved: amount, by: .zero)
    }
}
