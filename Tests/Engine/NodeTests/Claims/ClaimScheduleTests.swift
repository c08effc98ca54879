// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@testable import FarthingNode

@Suite("A claim schedule")
struct ClaimScheduleTests {
    static let noon = Instant(unixSeconds: 1_800_000_000)

    @Test func `claims nothing when no rule says so`() {
        let channels = [unclaimed(1, 1_000_000, age: 1_000_000)]
        #expect(ClaimSchedule().due(channels, at: Self.noon) == [])
    }

    @Test func `claims a channel that reaches the value, and no other`() {
        let schedule = ClaimSchedule(valueInChannel: Amount(units: 100))
        #expect(due(schedule, [unclaimed(1, 99), unclaimed(2, 100), unclaimed(3, 101)]) == [3, 2])
    }

    @Test func `claims a channel whose oldest charge reaches the age, and no other`() {
        let schedule = ClaimSchedule(age: 60)
        #expect(
            due(schedule, [unclaimed(1, 5, age: 59), unclaimed(2, 5, age: 60), unclaimed(3, 5, age: 61)]) == [3, 2])
        #expect(due(schedule, [unclaimed(1, 5, age: -10)]) == [], "A clock that went back makes nothing old")
        #expect(due(ClaimSchedule(age: 0), [unclaimed(1, 1)]) == [1])
    }

    @Test(arguments: [0, 60, 3600] as [Int64])
    func `claims what was charged by a clock that was far ahead`(age: Int64) {
        #expect(due(ClaimSchedule(age: age), [unclaimed(1, 5, age: -86_400)]) == [1])
        #expect(due(ClaimSchedule(age: age), [unclaimed(1, 5, age: -max(age, 1))]) == [1])
    }

    @Test func `leaves no row alone for longer than rows are left alone, whatever the clock was`() {
        let schedule = ClaimSchedule(age: 0)
        #expect(due(schedule, [unclaimed(1, 5, isWithdrawing: true, retryIn: 225)]) == [], "a quarter of the delay")
        #expect(due(schedule, [unclaimed(1, 5, isWithdrawing: true, retryIn: 226)]) == [1])
        #expect(due(schedule, [unclaimed(1, 5, isWithdrawing: true, retryIn: 86_400)]) == [1])
    }

    @Test func `claims all of a token once it reaches the value in all`() {
        let schedule = ClaimSchedule(valueInAll: Amount(units: 100))
        #expect(due(schedule, [unclaimed(1, 60), unclaimed(2, 39)]) == [])
        #expect(due(schedule, [unclaimed(1, 60), unclaimed(2, 40)]) == [1, 2])
        #expect(due(schedule, [unclaimed(1, 60), unclaimed(2, 40, token: 9)]) == [], "Tokens do not add up")
        #expect(due(schedule, [unclaimed(1, 100), unclaimed(2, 40, token: 9)]) == [1])
        let huge = [unclaimed(1, .max), unclaimed(2, .max)]
        #expect(due(schedule, huge) == [1, 2])
    }

    @Test func `claims all once so many channels have something`() {
        let schedule = ClaimSchedule(channels: 3)
        #expect(due(schedule, [unclaimed(1, 1), unclaimed(2, 1)]) == [])
        #expect(due(schedule, [unclaimed(1, 1), unclaimed(2, 2), unclaimed(3, 3)]) == [3, 2, 1])
    }

    @Test func `claims at once where a payer is leaving, whatever the rules are`() {
        #expect(due(ClaimSchedule(), [unclaimed(1, 5), unclaimed(2, 1, isWithdrawing: true)]) == [2])
        #expect(due(ClaimSchedule(), [unclaimed(1, 0, isWithdrawing: true)]) == [], "There is nothing to claim")
    }

    @Test func `puts first who is leaving, then the largest sum, then the oldest`() {
        let channels = [
            unclaimed(1, 5, age: 10), unclaimed(2, 9), unclaimed(3, 1, isWithdrawing: true), unclaimed(4, 5, age: 20),
            unclaimed(5, 2, isWithdrawing: true),
        ]
        #expect(due(ClaimSchedule(age: 0), channels) == [5, 3, 2, 4, 1])
        #expect(due(ClaimSchedule(age: 0), channels.reversed()) == [5, 3, 2, 4, 1])
    }

    @Test func `leaves a refused row alone until its time, and does not count it`() {
        let refused = unclaimed(1, 1000, isWithdrawing: true, retryIn: 30)
        let schedule = ClaimSchedule(valueInChannel: Amount(units: 1), age: 0)
        #expect(due(schedule, [refused]) == [])
        #expect(schedule.due([refused], at: Self.noon.advanced(bySeconds: 29)) == [])
        #expect(schedule.due([refused], at: Self.noon.advanced(bySeconds: 30)).count == 1)
        #expect(due(ClaimSchedule(channels: 2), [refused, unclaimed(2, 1)]) == [])
        #expect(due(ClaimSchedule(valueInAll: Amount(units: 500)), [refused, unclaimed(2, 1)]) == [])
    }

    @Test func `makes batches of a hundred with one authorizer each, in the order of the channels`() {
        let channels = (0..<450).map { unclaimed($0, UInt128(1000 - $0), authorizer: $0 % 3 == 0 ? 1 : 2) }
        let batches = ClaimSchedule.batches(channels)
        #expect(batches.map(\.count).sorted() == [50, 100, 100, 100, 100])
        #expect(batches.allSatisfy { Set($0.map(\.terms.receiverAuthorizer)).count == 1 })
        #expect(Set(batches.joined().map(\.id)) == Set(channels.map(\.id)))
        #expect(batches.first?.first?.id == channels.first?.id)
        for batch in batches { #expect(batch.map(\.amount) == batch.map(\.amount).sorted(by: >)) }
        #expect(ClaimSchedule.batches([]) == [])
    }

    private func due(_ schedule: ClaimSchedule, _ channels: [UnclaimedChannel]) -> [Int] {
        schedule.due(channels, at: Self.noon).map { Int($0.id.hash.bytes[31]) }
    }
}

/// A channel by its number, with so much unclaimed.
func unclaimed(
    _ number: Int, _ amount: UInt128, age: Int64 = 0, isWithdrawing: Bool = false, retryIn: Int64? = nil,
    token: UInt8 = 5, authorizer: UInt8 = 4
) -> UnclaimedChannel {
    let noon = ClaimScheduleTests.noon
    return UnclaimedChannel(
        id: channelID(number), terms: claimTerms(token: token, authorizer: authorizer), amount: Amount(units: amount),
        since: noon.advanced(bySeconds: -age), isWithdrawing: isWithdrawing, refusals: retryIn == nil ? 0 : 1,
        retryAt: retryIn.map { noon.advanced(bySeconds: $0) })
}

func channelID(_ number: Int) -> ChannelID {
    ChannelID(Hash32(filling: { $0.storeBytes(of: UInt64(number).bigEndian, toByteOffset: 24, as: UInt64.self) }))
}

func claimTerms(token: UInt8 = 5, authorizer: UInt8 = 4, delay: UInt64 = 900) -> ClaimTerms {
    func address(_ byte: UInt8) -> Address { Address([UInt8](repeating: byte, count: 20)) ?? .zero }
    return ClaimTerms(
        receiver: address(3), receiverAuthorizer: address(authorizer), token: address(token), withdrawDelay: delay)
}
