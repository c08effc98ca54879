// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@testable import FarthingNode

@Suite("A claim that costs gas")
struct ClaimFeesTests {
    /// 100 a transaction and 10 a channel.
    private let fees = ClaimFees(
        token: claimTerms().token, transaction: Amount(units: 100), channel: Amount(units: 10))
    private let everything = ClaimSchedule(age: 0)

    private func claimed(_ channels: [UnclaimedChannel], _ fees: ClaimFees? = nil) -> [Int] {
        everything.due(channels, at: ClaimScheduleTests.noon, fees: fees ?? self.fees).map {
            Int($0.id.hash.bytes[31])
        }
    }

    @Test func `holds a channel alone until it has earned the whole fee`() {
        #expect(claimed([unclaimed(1, 109)]) == [])
        #expect(claimed([unclaimed(1, 110)]) == [1])
    }

    @Test func `claims together what shares the fee`() {
        #expect(claimed([unclaimed(1, 60), unclaimed(2, 59)]) == [])
        #expect(claimed([unclaimed(1, 60), unclaimed(2, 60)]) == [1, 2])
        // Four share it by 25 each; the smallest does not cover that, and three by 34.
        #expect(claimed([unclaimed(1, 44), unclaimed(2, 44), unclaimed(3, 44), unclaimed(4, 34)]) == [1, 2, 3])
        #expect(claimed([unclaimed(1, 43), unclaimed(2, 44), unclaimed(3, 44), unclaimed(4, 34)]) == [])
    }

    @Test func `leaves out what is too small for what it adds itself, whoever else is claimed`() {
        #expect(claimed([unclaimed(1, 1_000_000), unclaimed(2, 9)]) == [1])
    }

    @Test func `shares no fee between more channels than one transaction holds`() {
        let many = (1...200).map { unclaimed($0, 10) }
        #expect(claimed(many) == [], "each adds 10, and a hundredth of 100")
        #expect(claimed((1...200).map { unclaimed($0, 11) }).count == 200)
        #expect(claimed((1...99).map { unclaimed($0, 11) }) == [], "a ninety-ninth of 100 is more than 1")
    }

    @Test func `claims at once from a payer that is leaving, and lets others ride along`() {
        let channels = [unclaimed(1, 1, isWithdrawing: true), unclaimed(2, 10), unclaimed(3, 9)]
        #expect(claimed(channels) == [1, 2])
        // In a batch of its own nobody rides along.
        #expect(claimed([unclaimed(1, 1, isWithdrawing: true), unclaimed(2, 10, authorizer: 7)]) == [1])
        // There is room for ninety-nine.
        let crowd = [unclaimed(1, 1, isWithdrawing: true)] + (2...150).map { unclaimed($0, 10) }
        #expect(claimed(crowd).count == 100)
    }

    @Test func `shares no fee between those that no one transaction can claim`() {
        #expect(claimed([unclaimed(1, 60, authorizer: 7), unclaimed(2, 60)]) == [])
    }

    @Test func `does not hold what is in a token that it knows no price of`() {
        #expect(claimed([unclaimed(1, 1, token: 9), unclaimed(2, 9)]) == [1])
    }

    @Test func `takes no more of what was earned than the percentage`() {
        let tenth = ClaimFees(
            token: claimTerms().token, transaction: Amount(units: 100), channel: Amount(units: 10), percent: 10)
        #expect(claimed([unclaimed(1, 1099)], tenth) == [])
        #expect(claimed([unclaimed(1, 1100)], tenth) == [1])
        #expect(tenth.leastWorth == Amount(units: 1100))
        #expect(ClaimFees(token: .zero, transaction: .max, channel: .max).leastWorth == .max)
        #expect(ClaimFees(token: .zero, transaction: .zero, channel: .zero, percent: 0).percent == 1)
        #expect(ClaimFees(token: .zero, transaction: .zero, channel: .zero, percent: 500).percent == 100)
    }

    @Test func `claims by the schedule alone when gas costs nothing`() {
        let free = ClaimFees(token: claimTerms().token, transaction: .zero, channel: .zero)
        #expect(claimed([unclaimed(1, 1), unclaimed(2, 2)], free) == [2, 1])
        // What the schedule does not find due, no price of gas makes due.
        let due = ClaimSchedule(valueInChannel: Amount(units: 500)).due(
            [unclaimed(1, 499)], at: ClaimScheduleTests.noon, fees: free)
        #expect(due == [])
    }

    @Test func `holds all when gas costs more than there is`() {
        let dear = ClaimFees(token: claimTerms().token, transaction: .max, channel: .max)
        #expect(claimed([unclaimed(1, 1_000_000), unclaimed(2, 1, isWithdrawing: true)], dear) == [2])
    }

    @Test func `knows what gas costs in the token, rounded up and never wrapping round`() {
        // 50 gwei, and a coin at 2500 tokens of six decimals: 100,000 gas are 0.005 coins, which are 12.50.
        let price = Amount(units: 50_000_000_000)
        let coin = Amount(units: 2_500_000_000)
        #expect(ClaimFees.fee(of: 100_000, at: price, coin: coin) == Amount(units: 12_500_000))
        #expect(ClaimFees.fee(of: 1, at: Amount(units: 1), coin: coin) == Amount(units: 1))
        #expect(ClaimFees.fee(of: 0, at: price, coin: coin) == .zero)
        #expect(ClaimFees.fee(of: .max, at: .max, coin: coin) == .max)
        #expect(ClaimFees.fee(of: .max, at: price, coin: .max) == .max)
    }

    @Test func `claims in a random walk just the largest set in which all cover their share`() {
        var random = SeededGenerator(seed: 21)
        for _ in 0..<300 {
            let amounts = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                UInt128.random(in: 1...80, using: &random)
            }
            let chosen = claimed(amounts.enumerated().map { unclaimed($0.offset, $0.element) }).map { amounts[$0] }
            let sorted = amounts.sorted(by: >)
            // By trying all numbers of channels, the largest channels first.
            var best = 0
            for count in 1..<(sorted.count + 1) {
                let number = UInt128(count)
                if sorted[count - 1] * number >= 100 + 10 * number { best = count }
            }
            #expect(chosen.sorted(by: >) == Array(sorted.prefix(best)), "\(amounts)")
        }
    }
}
