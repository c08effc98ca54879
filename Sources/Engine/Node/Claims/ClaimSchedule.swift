// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingPrimitives

/// When channels are claimed, and in what order.
///
/// A claim costs a transaction and lowers what is at risk. Each rule says when the risk is worth the transaction;
/// one that is `nil` says nothing. A payer that is leaving is a rule of its own and cannot be turned off.
public struct ClaimSchedule: Hashable, Sendable {
    /// How many channels are claimed in one transaction at most.
    ///
    /// - Source: the official server's default.
    public static let batch = 100

    /// A channel is claimed once so much in it is unclaimed.
    public var valueInChannel: Amount?
    /// All channels of a token are claimed once so much of it is unclaimed in all.
    public var valueInAll: Amount?
    /// A channel is claimed once its oldest unclaimed charge is as old as this.
    ///
    /// - Unit: seconds; 0 claims everything at every look.
    public var age: Int64?
    /// All channels are claimed once so many have something unclaimed.
    public var channels: Int?

    public init(
        valueInChannel: Amount? = nil, valueInAll: Amount? = nil, age: Int64? = nil, channels: Int? = nil
    ) {
        self.valueInChannel = valueInChannel
        self.valueInAll = valueInAll
        self.age = age
        self.channels = channels
    }

    /// The channels to claim now, most at risk first.
    ///
    /// A row that was refused is left out until it may be tried again, and counts for no rule until then.
    ///
    /// - Parameter fees: What claims cost now: a channel that does not cover its share is held, unless its payer is
    ///   leaving. `nil` where that is not known, or costs nothing.
    public func due(
        _ unclaimed: [UnclaimedChannel], at now: Instant, fees: ClaimFees? = nil
    ) -> [UnclaimedChannel] {
        let due = due(unclaimed, at: now)
        return fees?.covered(due) ?? due
    }

    private func due(_ unclaimed: [UnclaimedChannel], at now: Instant) -> [UnclaimedChannel] {
        let ready = unclaimed.filter { !$0.amount.isZero && $0.isReady(at: now) }
        if let channels, ready.count >= channels { return ready.sorted(by: UnclaimedChannel.isMoreAtRisk) }
        let tokens = tokensInFull(ready)
        return ready.filter { channel in
            channel.isWithdrawing || tokens.contains(channel.terms.token)
                || valueInChannel.map { channel.amount >= $0 } ?? false
                || age.map { isOld(channel, $0, at: now) } ?? false
        }.sorted(by: UnclaimedChannel.isMoreAtRisk)
    }

    /// A charge that lies as far ahead is old too: it is from a clock that was wrong, and nobody knows how old it is.
    private func isOld(_ channel: UnclaimedChannel, _ age: Int64, at now: Instant) -> Bool {
        max(now.seconds(since: channel.since), channel.since.seconds(since: now)) >= age
    }

    /// The tokens of which so much is unclaimed that all their channels are claimed.
    private func tokensInFull(_ ready: [UnclaimedChannel]) -> Set<Address> {
        guard let valueInAll else { return [] }
        var sums: [Address: Amount] = [:]
        for channel in ready {
            sums[channel.terms.token] = (sums[channel.terms.token] ?? .zero).adding(channel.amount) ?? .max
        }
        return Set(sums.filter { $0.value >= valueInAll }.keys)
    }

    /// Lays channels together for the settlement, which wants one authorizer in a batch.
    ///
    /// The batch with the channel that comes first is the first.
    public static func batches(_ channels: [UnclaimedChannel]) -> [[UnclaimedChannel]] {
        var batches: [[UnclaimedChannel]] = []
        var open: [Address: Int] = [:]
        for channel in channels {
            let authorizer = channel.terms.receiverAuthorizer
            if let index = open[authorizer], batches[index].count < batch {
                batches[index].append(channel)
            } else {
                open[authorizer] = batches.count
                batches.append([channel])
            }
        }
        return batches
    }
}
