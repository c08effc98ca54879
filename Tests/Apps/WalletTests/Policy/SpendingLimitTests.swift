// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@testable import FarthingWallet

@Suite("A spending limit")
struct SpendingLimitTests {
    /// The limits that refuse, in the order in which they are looked at.
    static let rules: [(SpendingLimits.Name, String)] = [
        (.perRequest, "policy.per-request"), (.perMinute, "policy.per-minute"),
        (.perHostPerDay, "policy.per-host-per-day"), (.perDay, "policy.per-day"), (.perHost, "policy.per-host"),
        (.total, "policy.total"), (.depositPerChannel, "policy.deposit-per-channel"),
        (.depositInAll, "policy.deposits-in-all"),
    ]

    /// A policy with one limit of 1,000 units.
    private func policy(_ name: SpendingLimits.Name) -> SpendingPolicy {
        SpendingPolicy(dollarLimits: PolicyFixture.limits { $0[name] = Amount(units: 1_000) })
    }

    /// Totals of which only the one that this limit is about is not zero.
    private func totals(_ name: SpendingLimits.Name, _ units: UInt128) -> SpendingTotals {
        var totals = SpendingTotals()
        let amount = Amount(units: units)
        switch name {
        case .perMinute: totals.lastMinute = amount
        case .perHostPerDay: totals.toHostToday = amount
        case .perDay: totals.today = amount
        case .perHost: totals.toHostEver = amount
        case .total: totals.ever = amount
        case .depositInAll: totals.lockedInAll = amount
        case .perRequest, .depositPerChannel, .depositTarget, .askAbove, .askForDepositsAbove: break
        }
        return totals
    }

    @Test(arguments: rules)
    func `allows exactly as much as it says, and refuses one unit more`(name: SpendingLimits.Name, code: String) {
        let policy = policy(name)
        let isSingle = name == .perRequest || name == .depositPerChannel
        let before = totals(name, isSingle ? 0 : 600)
        let rest: UInt128 = isSingle ? 1_000 : 400
        let atLimit = PolicyFixture.intent(price: rest, deposit: rest, locked: rest)
        let above = PolicyFixture.intent(price: rest + 1, deposit: rest + 1, locked: rest + 1)
        #expect(policy.evaluate(atLimit, after: before) == .allowed)
        #expect(policy.evaluate(above, after: before).code == code)
        guard case .refused(let refusal) = policy.evaluate(above, after: before) else { return }
        #expect(refusal.message.hasPrefix("limits.\(name.rawValue) is $0.001, but "))
        #expect(refusal.remedy?.contains("limits.\(name.rawValue)") == true)
    }

    @Test(arguments: rules)
    func `refuses sums that are too large to be counted`(name: SpendingLimits.Name, code: String) {
        let intent = PolicyFixture.intent(price: .max, deposit: .max, locked: .max)
        #expect(policy(name).evaluate(intent, after: totals(name, .max)).code == code)
        var limits = SpendingLimits()
        limits[name] = .max
        let isSingle = name == .perRequest || name == .depositPerChannel
        let verdict = SpendingPolicy(dollarLimits: limits).evaluate(intent, after: totals(name, .max))
        #expect(verdict.code == (isSingle ? nil : code))
    }

    @Test(arguments: [SpendingLimits.Name.depositPerChannel, .depositInAll])
    func `on deposits lets what is locked already be spent`(name: SpendingLimits.Name) {
        let intent = PolicyFixture.intent(price: 1, deposit: 0, locked: 5_000)
        #expect(policy(name).evaluate(intent, after: totals(name, 5_000)) == .allowed)
    }

    @Test func `names the token's own limits when those decided`() {
        let token = TokenPattern(network: PolicyFixture.mainnet, address: PolicyFixture.dai)
        var limits = SpendingLimits(dollarDecimals: 18)
        limits.perRequest = Amount(units: 100_000_000_000_000_000)
        let policy = SpendingPolicy(tokenLimits: [token: limits])
        let intent = PolicyFixture.intent(
            network: PolicyFixture.mainnet, asset: PolicyFixture.dai, price: 1_000_000_000_000_000_000)
        guard case .refused(let refusal) = policy.evaluate(intent, after: SpendingTotals()) else {
            Issue.record("allowed")
            return
        }
        #expect(refusal.message == "tokenLimits.\(token).perRequest is $0.10, but the request may cost $1.")
    }

    // MARK: - Questions

    @Test func `asks above a price and above a deposit, and not at it`() {
        let policy = SpendingPolicy(
            dollarLimits: PolicyFixture.limits {
                $0.askAbove = Amount(units: 100)
                $0.askForDepositsAbove = Amount(units: 1_000)
            })
        let at = PolicyFixture.intent(price: 100, deposit: 1_000, locked: 1_000)
        #expect(policy.evaluate(at, after: SpendingTotals()) == .allowed)
        let above = PolicyFixture.intent(price: 101, deposit: 1_001, locked: 1_001)
        let price = LimitExcess(
            member: "limits.askAbove", asked: Amount(units: 101), limit: Amount(units: 100), dollarDecimals: 6)
        let deposit = LimitExcess(
            member: "limits.askForDepositsAbove", asked: Amount(units: 1_001), limit: Amount(units: 1_000),
            dollarDecimals: 6)
        #expect(policy.evaluate(above, after: SpendingTotals()) == .ask([.above(price), .deposit(deposit)]))
    }

    @Test func `asks for new hosts when told to, and never for known ones`() {
        let policy = SpendingPolicy(asksForNewHosts: true)
        let verdict = policy.evaluate(PolicyFixture.intent(), after: SpendingTotals())
        #expect(verdict == .ask([.newHost("api.example.com")]))
        #expect(policy.evaluate(PolicyFixture.intent(), after: SpendingTotals(hostIsKnown: true)) == .allowed)
    }

    // MARK: - For the caller

    @Test(
        arguments: [
            (target: nil, cap: nil, price: 10, deposit: 100), (target: 500, cap: nil, price: 10, deposit: 500),
            (target: nil, cap: 70, price: 10, deposit: 70), (target: 5, cap: nil, price: 10, deposit: 10),
            (target: nil, cap: 5, price: 10, deposit: 10), (target: nil, cap: nil, price: .max, deposit: .max),
            (target: 500, cap: nil, price: 0, deposit: 500),
        ] as [(target: UInt128?, cap: UInt128?, price: UInt128, deposit: UInt128)])
    func `says how much to have in a channel`(target: UInt128?, cap: UInt128?, price: UInt128, deposit: UInt128) {
        let policy = SpendingPolicy(
            dollarLimits: PolicyFixture.limits {
                $0.depositTarget = target.map { Amount(units: $0) }
                $0.depositPerChannel = cap.map { Amount(units: $0) }
            })
        let price = Amount(units: price)
        let wanted = policy.depositTarget(for: PolicyFixture.base, asset: PolicyFixture.usdc, price: price)
        #expect(wanted == Amount(units: deposit))
        #expect(policy.depositCap(for: PolicyFixture.base, asset: PolicyFixture.usdc) == cap.map { Amount(units: $0) })
    }

    @Test func `is lowered by a maximum price, and never raised`() {
        let token = TokenPattern(network: PolicyFixture.mainnet, address: PolicyFixture.dai)
        let policy = SpendingPolicy(tokenLimits: [token: SpendingLimits()])
        let tight = policy.tightened(maxPrice: Amount(units: 7))
        #expect(tight.dollarLimits.perRequest == Amount(units: 7))
        #expect(tight.tokenLimits[token]?.perRequest == Amount(units: 7))
        #expect(tight.dollarLimits.perDay == policy.dollarLimits.perDay)
        #expect(policy.tightened(maxPrice: .max).dollarLimits == policy.dollarLimits)
        #expect(policy.tightened(maxPrice: nil) == policy)
    }
}
