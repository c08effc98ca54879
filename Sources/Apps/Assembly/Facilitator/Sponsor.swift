// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Synchronization

/// How much a facilitator settles at its own cost, for one account and for all.
///
/// An eighth of what there is for all is kept for claims of much from channels that are being withdrawn from, which what
/// there is for one account does not bound.
public struct SponsorLimits: Hashable, Sendable {
    public var accountPerMinute: Int
    public var accountPerDay: Int
    public var totalPerMinute: Int
    public var totalPerDay: Int
    /// What may be spent on gas in a day.
    ///
    /// - Unit: a thousand-millionth of the chain's coin (gwei, where the coin is ether).
    public var accountGweiPerDay: Int
    public var totalGweiPerDay: Int

    public init(
        accountPerMinute: Int = 30, accountPerDay: Int = 2000, totalPerMinute: Int = 600, totalPerDay: Int = 100_000,
        accountGweiPerDay: Int = 100_000_000, totalGweiPerDay: Int = 1_000_000_000
    ) {
        self.accountPerMinute = accountPerMinute
        self.accountPerDay = accountPerDay
        self.totalPerMinute = totalPerMinute
        self.totalPerDay = totalPerDay
        self.accountGweiPerDay = accountGweiPerDay
        self.totalGweiPerDay = totalGweiPerDay
    }
}

/// Counts what is settled at our cost, by the calendar's minute and day.
///
/// It keeps no more accounts than are served in a day.
final class Sponsor: Sendable {
    /// How often somebody was served since a moment.
    private struct Count {
        var total = 0
        var accounts: [Address: Int] = [:]
        /// What that cost, in wei.
        var coin = Amount.zero
        var coinOfAccounts: [Address: Amount] = [:]

        mutating func add(_ account: Address) {
            total += 1
            accounts[account, default: 0] += 1
        }

        mutating func giveBack(_ account: Address) {
            total -= 1
            let left = (accounts[account] ?? 1) - 1
            accounts[account] = left > 0 ? left : nil
        }
    }

    private struct Book {
        var minute: Int64 = .min
        var day: Int64 = .min
        var inMinute = Count()
        var inDay = Count()

        /// Begins to count anew where another minute or day has begun.
        ///
        /// A time is read before what is waited for, and from endpoints that are not equally far, so an earlier one
        /// begins nothing; but one that was more than minutes ahead was wrong, and is not kept. What was counted that
        /// day still counts.
        mutating func turn(to now: Instant) {
            let (minute, day) = (now.unixSeconds / 60, now.unixSeconds / 86_400)
            let wasAhead = minute + Self.farthestApart < self.minute
            if minute > self.minute || wasAhead { (self.minute, inMinute) = (minute, Count()) }
            if day > self.day { (self.day, inDay) = (day, Count()) } else if wasAhead { self.day = day }
        }

        /// How many minutes lie between the newest blocks of endpoints at most, unless one is wrong.
        private static let farthestApart: Int64 = 5
    }

    /// What was counted, so that it can be given back.
    struct Share: Hashable {
        let account: Address
        fileprivate let minute: Int64
        fileprivate let day: Int64
    }

    private let limits: SponsorLimits
    private let book = Mutex(Book())

    init(_ limits: SponsorLimits) { self.limits = limits }

    /// Lets one settlement through, and counts it.
    ///
    /// It must be checked before that whoever it is counted for has signed it, and that there is something to do, so
    /// that nobody uses up what is another's.
    ///
    /// - Parameters:
    ///   - account: Who profits: the payer of a deposit or refund, the authorizer of claims, a receiver.
    ///   - isUrgent: Whether it may use what is kept, and more than there is for one account: a payer takes out what
    ///     was earned if it is not let through. There must be few for whatever it is counted for.
    ///   - counts: Whether it is counted already now.
    /// - Returns: What can be given back, if it is counted.
    /// - Throws: ``FacilitatorRefusal`` with our own code; nothing is counted then.
    @discardableResult
    func admit(
        _ account: Address, at now: Instant, isUrgent: Bool = false, counts: Bool = true
    ) throws(FacilitatorRefusal) -> Share {
        func share(_ limit: Int) -> Int { isUrgent ? limit : limit - limit / 8 }
        let (perMinute, perDay) = (share(limits.totalPerMinute), share(limits.totalPerDay))
        let gweiPerDay = share(limits.totalGweiPerDay)
        var counted = Share(account: account, minute: .min, day: .min)
        let refusal = book.withLock { book -> String? in
            book.turn(to: now)
            counted = Share(account: account, minute: book.minute, day: book.day)
            guard isUrgent || book.inMinute.accounts[account, default: 0] < limits.accountPerMinute else {
                return "\(limits.accountPerMinute) settlements a minute are made for one account."
            }
            guard isUrgent || book.inDay.accounts[account, default: 0] < limits.accountPerDay else {
                return "\(limits.accountPerDay) settlements a day are made for one account."
            }
            guard book.inMinute.total < perMinute else {
                return "\(perMinute) settlements a minute are made in all."
            }
            guard book.inDay.total < perDay else {
                return "\(perDay) settlements a day are made in all."
            }
            guard isUrgent || book.inDay.coinOfAccounts[account] ?? .zero < Self.wei(limits.accountGweiPerDay) else {
                return "No more than \(limits.accountGweiPerDay) gwei a day are spent on gas for one account."
            }
            guard book.inDay.coin < Self.wei(gweiPerDay) else {
                return "No more than \(gweiPerDay) gwei a day are spent on gas in all."
            }
            guard counts else { return nil }
            book.inMinute.add(account)
            book.inDay.add(account)
            return nil
        }
        if let refusal { throw FacilitatorRefusal(FacilitatorRefusal.rateLimited, refusal, payer: account) }
        return counted
    }

    /// Takes back that one was counted, while its minute and day last.
    func giveBack(_ share: Share) {
        book.withLock { book in
            if book.minute == share.minute { book.inMinute.giveBack(share.account) }
            if book.day == share.day { book.inDay.giveBack(share.account) }
        }
    }

    /// Does what may cost the chain's coin, and counts for an account what it cost, also where it failed.
    ///
    /// The day is that of the last ``admit(_:at:isUrgent:counts:)``, which let it through.
    ///
    /// - Parameters:
    ///   - share: What was counted for the work; given back where it cost no coin and came to nothing.
    ///   - cameToNothing: Whether it did, for good: what may still be carried out later did not.
    func metering<Value: Sendable, Failure: Error>(
        _ account: Address, giving share: Share? = nil,
        where cameToNothing: (Result<Value, Failure>) -> Bool = { _ in false },
        _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let meter = CoinMeter()
        let result = await CoinMeter.$current.withValue(meter) { () async -> Result<Value, Failure> in
            do throws(Failure) { return .success(try await work()) } catch { return .failure(error) }
        }
        let spent = meter.spent
        if !spent.isZero {
            book.withLock { book in
                book.inDay.coin = book.inDay.coin.adding(spent) ?? .max
                book.inDay.coinOfAccounts[account] = (book.inDay.coinOfAccounts[account] ?? .zero).adding(spent) ?? .max
            }
        } else if let share, cameToNothing(result) {
            giveBack(share)
        }
        return try result.get()
    }

    private static func wei(_ gwei: Int) -> Amount { Amount(units: UInt128(clamping: gwei) * 1_000_000_000) }
}
