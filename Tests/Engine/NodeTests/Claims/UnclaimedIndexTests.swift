// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@testable import FarthingNode

@Suite("An index of what is unclaimed")
struct UnclaimedIndexTests {
    private static let noon = ClaimScheduleTests.noon
    private let token = claimTerms().token
    private let one = channelID(1)
    private let two = channelID(2)

    private func position(
        _ unclaimed: UInt128, captured: UInt128 = 0, at seconds: Int64 = 0,
        isWithdrawing: Bool = false, delay: UInt64 = 900
    ) -> UnclaimedPosition {
        UnclaimedPosition(
            terms: claimTerms(delay: delay), unclaimed: Amount(units: unclaimed), captured: Amount(units: captured),
            isWithdrawing: isWithdrawing, paidAt: Self.noon.advanced(bySeconds: seconds))
    }

    @Test func `counts from the first charge that is unclaimed`() {
        let index = UnclaimedIndex()
        index.update(one, from: nil, to: position(10, at: 5))
        index.update(one, from: position(10, at: 5), to: position(30, at: 9))
        #expect(index.channel(one)?.amount.units == 30)
        #expect(index.channel(one)?.since == Self.noon.advanced(bySeconds: 5))
        #expect(index.unclaimed(of: token).units == 30)
        index.update(one, from: position(30, at: 9), to: position(4, captured: 26, at: 9))
        #expect(index.channel(one)?.since == Self.noon.advanced(bySeconds: 9))
        index.update(one, from: position(4, captured: 26, at: 9), to: position(0, captured: 30, at: 9))
        #expect(index.channel(one) == nil)
        #expect(index.unclaimed(of: token) == .zero)
        index.update(one, from: position(0, captured: 30, at: 9), to: position(1, captured: 30, at: 50))
        #expect(index.channel(one)?.since == Self.noon.advanced(bySeconds: 50))
    }

    @Test func `turns a price into something unclaimed in one step`() throws {
        let index = UnclaimedIndex(caps: UnclaimedCaps(inAll: Amount(units: 10)))
        try index.reserve(Amount(units: 6), as: 7, of: one, token: token)
        try index.reserve(Amount(units: 3), as: 9, of: one, token: token)
        try index.reserve(Amount(units: 1), as: 11, of: one, token: token)
        #expect(index.reserved(of: token).units == 10)
        index.update(one, from: position(0), to: position(6), ended: [7, 11])
        #expect(index.reserved(of: token).units == 3)
        #expect(index.unclaimed(of: token).units == 6)
        index.update(one, from: position(6), to: position(6), ended: [9])
        #expect(index.reserved(of: token) == .zero)
        index.release(7, of: one)
        try index.reserve(Amount(units: 4), as: 8, of: two, token: token)
    }

    @Test func `keeps a price while its deposit is on the way`() throws {
        let index = UnclaimedIndex()
        try index.reserve(Amount(units: 10), as: 7, of: one, token: token)
        index.update(one, from: position(0), to: position(0))
        #expect(index.reserved(of: token).units == 10)
    }

    @Test func `takes what reaches a cap, and not one unit more`() throws {
        let index = UnclaimedIndex(caps: UnclaimedCaps(perChannel: Amount(units: 10), inAll: Amount(units: 15)))
        index.update(one, from: nil, to: position(4))
        #expect(throws: UnclaimedRefusal.exceedsChannelCap(price: Amount(units: 7), cap: Amount(units: 10))) {
            try index.reserve(Amount(units: 7), as: 1, of: one, token: token)
        }
        #expect(index.reserved(of: token) == .zero)
        try index.reserve(Amount(units: 6), as: 1, of: one, token: token)
        #expect(throws: UnclaimedRefusal.exceedsTotalCap) {
            try index.reserve(Amount(units: 6), as: 2, of: two, token: token)
        }
        try index.reserve(Amount(units: 5), as: 2, of: two, token: token)
        index.release(2, of: two)
        index.release(2, of: two)
        try index.reserve(Amount(units: 5), as: 3, of: two, token: token)
        #expect(throws: UnclaimedRefusal.exceedsTotalCap) {
            try index.reserve(Amount(units: 1), as: 4, of: channelID(3), token: token)
        }
        // Another token has a cap of its own.
        try index.reserve(Amount(units: 5), as: 5, of: channelID(4), token: claimTerms(token: 9).token)
    }

    @Test func `refuses a sum that no amount can hold, even without a cap`() throws {
        let index = UnclaimedIndex()
        try index.reserve(.max, as: 1, of: one, token: token)
        #expect(throws: UnclaimedRefusal.exceedsTotalCap) {
            try index.reserve(Amount(units: 1), as: 2, of: two, token: token)
        }
    }

    @Test func `lets a crowd have exactly as much as the cap allows`() async throws {
        let index = UnclaimedIndex(caps: UnclaimedCaps(inAll: Amount(units: 1000)))
        let taken = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<640 {
                group.addTask {
                    (try? index.reserve(
                        Amount(units: 7), as: UInt64(number), of: channelID(number % 64), token: claimTerms().token))
                        != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(taken == 142)
        #expect(index.reserved(of: token).units == 994)
    }

    @Test func `refuses nothing any more in a channel of which all was given back`() {
        let index = UnclaimedIndex()
        index.update(one, from: nil, to: position(5))
        _ = index.refused(one, at: Self.noon)
        #expect(index.isSuspect(one))
        index.update(one, from: position(5), to: position(2))
        #expect(index.isSuspect(one))
        index.update(one, from: position(2), to: position(0))
        #expect(!index.isSuspect(one))
    }

    @Test func `waits longer with each refusal, but not until the payer is gone`() {
        let index = UnclaimedIndex()
        #expect(index.refused(one, at: Self.noon) == 0, "There is nothing unclaimed")
        index.update(one, from: nil, to: position(5))
        for (count, seconds) in [30, 60, 120, 225, 225].enumerated() {
            #expect(index.refused(one, at: Self.noon) == count + 1)
            #expect(index.channel(one)?.retryAt == Self.noon.advanced(bySeconds: Int64(seconds)))
        }
        index.update(one, from: position(5), to: position(8))
        #expect(index.channel(one)?.refusals == 5, "A charge does not make the row better")
        index.update(one, from: position(8), to: position(1, captured: 7))
        #expect(index.channel(one)?.refusals == 0)
        #expect(index.channel(one)?.retryAt == nil)

        index.update(two, from: nil, to: position(5, delay: 2_592_000))
        for _ in 0..<100 { _ = index.refused(two, at: Self.noon) }
        #expect(index.channel(two)?.retryAt == Self.noon.advanced(bySeconds: 3600))
    }

    @Test func `makes room by the largest sums, and only where that helps`() {
        let index = UnclaimedIndex(caps: UnclaimedCaps(inAll: Amount(units: 100)))
        for (number, amount) in [(1, 10), (2, 50), (3, 30), (4, 10)] {
            index.update(channelID(number), from: nil, to: position(UInt128(amount)))
        }
        func relief(for amount: UInt128) -> [ChannelID] {
            index.relief(
                of: .exceedsTotalCap, for: Amount(units: amount), in: channelID(9), token: token, at: Self.noon
            ).map(\.id)
        }
        #expect(relief(for: 1) == [channelID(2)])
        #expect(relief(for: 51) == [channelID(2), channelID(3)])
        #expect(relief(for: 100) == [channelID(2), channelID(3), channelID(1), channelID(4)])
        #expect(relief(for: 101) == [])
        _ = index.refused(channelID(2), at: Self.noon)
        #expect(relief(for: 50).count == 3)
        #expect(relief(for: 51) == [])
    }

    @Test func `makes no room in a channel whose requests alone reach the cap`() throws {
        let cap = Amount(units: 10)
        let index = UnclaimedIndex(caps: UnclaimedCaps(perChannel: cap))
        func relief(_ amount: UInt128) -> [ChannelID] {
            let refusal = UnclaimedRefusal.exceedsChannelCap(price: Amount(units: amount), cap: cap)
            return index.relief(of: refusal, for: Amount(units: amount), in: one, token: token, at: Self.noon).map(\.id)
        }
        #expect(relief(1) == [], "There is nothing to claim")
        index.update(one, from: nil, to: position(10))
        #expect(relief(10) == [one])
        try index.reserve(.zero, as: 1, of: one, token: token)
        index.update(one, from: position(10), to: position(5, captured: 5))
        try index.reserve(Amount(units: 5), as: 1, of: one, token: token)
        #expect(relief(5) == [one])
        #expect(relief(6) == [])
        _ = index.refused(one, at: Self.noon)
        #expect(relief(5) == [])
    }

    @Test func `takes in that more is unclaimed as a commit would have told it, and nothing else`() {
        for seed in UInt64(0)..<50 {
            var random = SeededGenerator(seed: seed)
            let (quick, full) = (UnclaimedIndex(), UnclaimedIndex())
            var amounts: [UInt128] = [0, 0, 0]
            var raises = 0
            for step in 0..<100 {
                let number = Int.random(in: 0..<3, using: &random)
                let id = channelID(number)
                let before = position(amounts[number], at: Int64(step))
                if Int.random(in: 0..<8, using: &random) == 0 {
                    let after = position(0, captured: UInt128(step + 1), at: Int64(step))
                    for index in [quick, full] { index.update(id, from: before, to: after) }
                    amounts[number] = 0
                } else {
                    if Int.random(in: 0..<8, using: &random) == 0 {
                        #expect(quick.refused(id, at: Self.noon) == full.refused(id, at: Self.noon))
                    }
                    let wasUnclaimed = amounts[number] > 0
                    amounts[number] += UInt128.random(in: 1...9, using: &random)
                    let after = position(amounts[number], at: Int64(step))
                    full.update(id, from: before, to: after)
                    let isRaised = quick.raise(id, of: token, to: Amount(units: amounts[number]))
                    #expect(isRaised == wasUnclaimed, "seed \(seed), step \(step)")
                    if !isRaised { quick.update(id, from: before, to: after) }
                    raises += isRaised ? 1 : 0
                }
                #expect(quick.channel(id) == full.channel(id), "seed \(seed), step \(step)")
                #expect(quick.unclaimed(of: token).units == amounts.reduce(0, +), "seed \(seed), step \(step)")
            }
            #expect(raises > 30)
            #expect(quick.takeUnswept() == full.takeUnswept())
        }
    }

    @Test func `raises nothing in a channel that it does not know`() {
        let index = UnclaimedIndex()
        #expect(!index.raise(one, of: token, to: Amount(units: 5)))
        #expect(index.channel(one) == nil)
        #expect(index.unclaimed(of: token) == .zero)
    }

    @Test func `names once whom something was claimed for`() {
        let index = UnclaimedIndex()
        index.update(one, from: nil, to: position(5))
        #expect(index.takeUnswept() == [])
        index.update(one, from: position(5), to: position(0, captured: 5))
        index.update(two, from: nil, to: position(0, captured: 9))
        let target = SweepTarget(receiver: claimTerms().receiver, token: token)
        #expect(index.takeUnswept() == [target])
        #expect(index.takeUnswept() == [])
        index.putBack(target)
        #expect(index.takeUnswept() == [target])
    }
}
