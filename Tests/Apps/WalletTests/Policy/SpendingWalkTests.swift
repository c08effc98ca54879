// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@testable import FarthingWallet

@Suite("A payer who keeps to a spending policy")
struct SpendingWalkTests {
    @Test func `never exceeds a limit, and is never refused without one, whatever it pays`() {
        var allowed = 0
        var codes: Set<String> = []
        for seed in 0x5EED00..<0x5EED28 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var walk = SpendingWalk(random: &random)
            for step in 0..<200 {
                let (intent, totals) = walk.next(&random)
                let verdict = walk.policy.evaluate(intent, after: totals)
                #expect((verdict.code != nil) == walk.wouldExceed(intent), "seed \(seed), step \(step)")
                if let code = verdict.code {
                    codes.insert(code)
                } else {
                    walk.pay(intent)
                    allowed += 1
                }
                #expect(walk.limitsHold(for: intent), "seed \(seed), step \(step)")
            }
        }
        #expect(allowed > 1_000)
        #expect(codes == Set(SpendingLimitTests.rules.map(\.1)), "the walk has come across every limit")
    }
}

/// A payer's books, kept as plain lists and added up anew each time.
private struct SpendingWalk {
    private struct Channel: Hashable {
        let host: String
        let asset: Address
    }
    private typealias Payment = (time: Int64, channel: Channel, price: UInt128)

    let policy: SpendingPolicy
    private var now: Int64 = 0
    private var payments: [Payment] = []
    private var locked: [Channel: UInt128] = [:]

    init(random: inout SeededGenerator) {
        let token = TokenPattern(network: PolicyFixture.base, address: PolicyFixture.dai)
        policy = SpendingPolicy(
            dollarLimits: Self.limits(&random), tokenLimits: [token: Self.limits(&random)])
    }

    private static func limits(_ random: inout SeededGenerator) -> SpendingLimits {
        func limit(_ range: ClosedRange<UInt128>) -> Amount? {
            Int.random(in: 0..<3, using: &random) == 0 ? nil : Amount(units: UInt128.random(in: range, using: &random))
        }
        var limits = SpendingLimits()
        limits.perRequest = limit(20...100)
        limits.perMinute = limit(100...400)
        limits.perHostPerDay = limit(150...1_500)
        limits.perDay = limit(200...2_000)
        limits.perHost = limit(500...4_000)
        limits.total = limit(600...6_000)
        limits.depositPerChannel = limit(100...600)
        limits.depositInAll = limit(200...1_500)
        limits.depositTarget = limit(1...1_000)
        return limits
    }

    /// Lets some time pass, and comes up with the next payment.
    mutating func next(_ random: inout SeededGenerator) -> (PaymentIntent, SpendingTotals) {
        now += [0, 1, 20, 59, 60, 61, 3_600, 86_400].randomElement(using: &random) ?? 0
        let host = ["a.example", "b.example", "c.example"].randomElement(using: &random) ?? ""
        let asset = Bool.random(using: &random) ? PolicyFixture.usdc : PolicyFixture.dai
        let price = UInt128.random(in: 0...110, using: &random)
        let channel = Channel(host: host, asset: asset)
        let before = locked[channel] ?? 0
        var deposit: UInt128 = 0
        if before < price {
            let target = policy.depositTarget(for: PolicyFixture.base, asset: asset, price: Amount(units: price)).units
            deposit = target - before + (Int.random(in: 0..<8, using: &random) == 0 ? 50 : 0)
        }
        let intent = PolicyFixture.intent(
            host: host, asset: asset, price: price, deposit: deposit, locked: before + deposit)
        return (intent, totals(for: channel))
    }

    private func totals(for channel: Channel) -> SpendingTotals {
        SpendingTotals(
            toHostToday: Amount(units: spent(channel, onHost: true, within: 86_400)),
            today: Amount(units: spent(channel, within: 86_400)),
            lastMinute: Amount(units: spent(channel, within: 60)), ever: Amount(units: spent(channel)),
            toHostEver: Amount(units: spent(channel, onHost: true)),
            lockedInAll: Amount(units: lockedInAll(channel.asset)))
    }

    private func spent(_ channel: Channel, onHost: Bool = false, within seconds: Int64? = nil) -> UInt128 {
        payments.filter { payment in
            payment.channel.asset == channel.asset && (!onHost || payment.channel.host == channel.host)
                && (seconds.map { payment.time > now - $0 } ?? true)
        }.reduce(0) { $0 + $1.price }
    }

    private func lockedInAll(_ asset: Address) -> UInt128 {
        locked.filter { $0.key.asset == asset }.reduce(0) { $0 + $1.value }
    }

    mutating func pay(_ intent: PaymentIntent) {
        let channel = Channel(host: intent.host, asset: intent.asset)
        payments.append((now, channel, intent.price.units))
        locked[channel] = intent.locked.units - intent.price.units
    }

    /// Whether paying would break a limit: found out by paying on a copy of the books.
    func wouldExceed(_ intent: PaymentIntent) -> Bool {
        var copy = self
        copy.pay(intent)
        guard copy.limitsHold(for: intent), let limits = limits(intent) else { return true }
        let isOver = { (limit: Amount?, sum: UInt128) in limit.map { sum > $0.units } ?? false }
        guard !intent.deposit.isZero else { return isOver(limits.perRequest, intent.price.units) }
        return isOver(limits.perRequest, intent.price.units)
            || isOver(limits.depositPerChannel, intent.locked.units)
            || isOver(limits.depositInAll, lockedInAll(intent.asset) + intent.deposit.units)
    }

    func limitsHold(for intent: PaymentIntent) -> Bool {
        guard let limits = limits(intent) else { return false }
        let channel = Channel(host: intent.host, asset: intent.asset)
        let sums: [(Amount?, UInt128)] = [
            (limits.perRequest, payments.filter { $0.channel.asset == intent.asset }.map(\.price).max() ?? 0),
            (limits.perMinute, spent(channel, within: 60)),
            (limits.perHostPerDay, spent(channel, onHost: true, within: 86_400)),
            (limits.perDay, spent(channel, within: 86_400)),
            (limits.perHost, spent(channel, onHost: true)),
            (limits.total, spent(channel)),
            (limits.depositPerChannel, locked[channel] ?? 0),
            (limits.depositInAll, lockedInAll(intent.asset)),
        ]
        return sums.allSatisfy { limit, sum in limit.map { sum <= $0.units } ?? true }
    }

    private func limits(_ intent: PaymentIntent) -> SpendingLimits? {
        policy.limits(of: intent.asset, on: intent.network)?.limits
    }
}
