// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@testable import FarthingWallet

@Suite("A spending policy")
struct SpendingPolicyTests {
    private let fresh = SpendingTotals()

    @Test func `allows a small payment in USDC by default, and asks nobody`() {
        #expect(SpendingPolicy.standard.evaluate(PolicyFixture.intent(), after: fresh) == .allowed)
    }

    // MARK: - Hosts

    @Test func `lets a denied host through by no allow list`() throws {
        let pattern = try #require(HostPattern("*.example.com"))
        let policy = SpendingPolicy(hosts: AccessList(allowed: [pattern], denied: [pattern]))
        #expect(
            policy.evaluate(PolicyFixture.intent(), after: fresh) == .refused(.hostDenied("api.example.com")))
        #expect(policy.evaluate(PolicyFixture.intent(host: "x.net"), after: fresh).code == "policy.host-not-allowed")
    }

    @Test func `pays only the hosts of an allow list, which may be empty`() throws {
        var policy = SpendingPolicy(hosts: AccessList(allowed: [try #require(HostPattern("api.example.com"))]))
        #expect(policy.evaluate(PolicyFixture.intent(), after: fresh) == .allowed)
        policy.hosts.allowed = []
        #expect(policy.evaluate(PolicyFixture.intent(), after: fresh).code == "policy.host-not-allowed")
    }

    @Test(arguments: ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "::1"])
    func `pays without encryption on this machine`(host: String) {
        let intent = PolicyFixture.intent(host: host, isEncrypted: false)
        #expect(SpendingPolicy.standard.evaluate(intent, after: fresh) == .allowed)
    }

    @Test(arguments: ["api.example.com", "localhost.example.com", "127.0.0.1.example.com", "127.0.0.2", "0.0.0.0"])
    func `pays without encryption nowhere else, unless it may`(host: String) {
        let intent = PolicyFixture.intent(host: host, isEncrypted: false)
        var policy = SpendingPolicy.standard
        #expect(policy.evaluate(intent, after: fresh).code == "policy.not-encrypted")
        policy.requiresEncryption = false
        #expect(policy.evaluate(intent, after: fresh) == .allowed)
    }

    // MARK: - Networks, tokens, receivers

    @Test func `keeps to its networks`() {
        var policy = SpendingPolicy(networks: AccessList(allowed: [PolicyFixture.base]))
        #expect(policy.evaluate(PolicyFixture.intent(), after: fresh) == .allowed)
        policy.networks.denied = [PolicyFixture.base]
        #expect(
            policy.evaluate(PolicyFixture.intent(), after: fresh) == .refused(.network(PolicyFixture.base, .denied)))
        policy.networks = AccessList(allowed: [PolicyFixture.mainnet])
        #expect(
            policy.evaluate(PolicyFixture.intent(), after: fresh)
                == .refused(.network(PolicyFixture.base, .notAllowed)))
    }

    @Test func `keeps to its tokens`() {
        let exact = TokenPattern(network: PolicyFixture.base, address: PolicyFixture.usdc)
        let bare = TokenPattern(network: nil, address: PolicyFixture.usdc)
        var policy = SpendingPolicy(tokens: AccessList(allowed: [bare]))
        #expect(policy.evaluate(PolicyFixture.intent(), after: fresh) == .allowed)
        policy.tokens.denied = [exact]
        #expect(policy.evaluate(PolicyFixture.intent(), after: fresh) == .refused(.token(exact, .denied)))
        policy.tokens = AccessList(allowed: [TokenPattern(network: PolicyFixture.mainnet, address: PolicyFixture.usdc)])
        #expect(policy.evaluate(PolicyFixture.intent(), after: fresh) == .refused(.token(exact, .notAllowed)))
    }

    @Test(arguments: [(PolicyFixture.base, PolicyFixture.dai), (PolicyFixture.mainnet, PolicyFixture.usdc)])
    func `pays in no token without limits, even one that is on the allow list`(network: Network, asset: Address) {
        let token = TokenPattern(network: network, address: asset)
        let policy = SpendingPolicy(tokens: AccessList(allowed: [token]))
        let intent = PolicyFixture.intent(network: network, asset: asset)
        #expect(policy.evaluate(intent, after: fresh) == .refused(.tokenWithoutLimits(token)))
        #expect(policy.evaluate(intent, after: fresh).code == "policy.token")
        #expect(policy.depositCap(for: network, asset: asset) == .zero)
    }

    @Test func `pays its receivers only`() {
        var policy = SpendingPolicy(receivers: [PolicyFixture.receiver])
        #expect(policy.evaluate(PolicyFixture.intent(), after: fresh) == .allowed)
        policy.receivers = []
        #expect(
            policy.evaluate(PolicyFixture.intent(), after: fresh) == .refused(.receiver(PolicyFixture.receiver)))
    }

    @Test func `prefers the limits of a token on its network, then of its address, then of dollars`() {
        let one = PolicyFixture.limits { $0.perRequest = Amount(units: 1) }
        let two = PolicyFixture.limits { $0.perRequest = Amount(units: 2) }
        let exact = TokenPattern(network: PolicyFixture.base, address: PolicyFixture.usdc)
        let bare = TokenPattern(network: nil, address: PolicyFixture.usdc)
        let both = SpendingPolicy(tokenLimits: [exact: one, bare: two])
        #expect(both.limits(of: PolicyFixture.usdc, on: PolicyFixture.base)?.limits == one)
        #expect(both.limits(of: PolicyFixture.usdc, on: PolicyFixture.mainnet)?.limits == two)
        #expect(SpendingPolicy.standard.limits(of: PolicyFixture.usdc, on: PolicyFixture.base)?.limits == .standard)
    }

    // MARK: - In which order

    @Test func `looks at its rules in the order that is documented`() throws {
        var policy = SpendingPolicy(
            hosts: AccessList(allowed: [], denied: [try #require(HostPattern("api.example.com"))]),
            networks: AccessList(denied: [PolicyFixture.base]),
            tokens: AccessList(denied: [TokenPattern(network: nil, address: PolicyFixture.usdc)]), receivers: [],
            dollarLimits: PolicyFixture.limits { limits in
                for name in SpendingLimits.Name.allCases { limits[name] = .zero }
            })
        let intent = PolicyFixture.intent(isEncrypted: false, deposit: 1, locked: 1)
        func code() -> String? { policy.evaluate(intent, after: fresh).code }

        #expect(code() == "policy.host-denied")
        policy.hosts.denied = []
        #expect(code() == "policy.host-not-allowed")
        policy.hosts.allowed = nil
        #expect(code() == "policy.not-encrypted")
        policy.requiresEncryption = false
        #expect(code() == "policy.network")
        policy.networks.denied = []
        #expect(code() == "policy.token")
        policy.tokens.denied = []
        #expect(code() == "policy.receiver")
        policy.receivers = nil
        var limits = policy.dollarLimits
        for (name, code) in SpendingLimitTests.rules {
            #expect(
                SpendingPolicy(requiresEncryption: false, dollarLimits: limits).evaluate(intent, after: fresh).code
                    == code)
            limits[name] = nil
        }
        policy = SpendingPolicy(requiresEncryption: false, asksForNewHosts: true, dollarLimits: limits)
        guard case .ask(let questions) = policy.evaluate(intent, after: fresh) else {
            Issue.record("nobody is asked")
            return
        }
        #expect(questions.map(\.member) == ["askForNewHosts", "limits.askAbove", "limits.askForDepositsAbove"])
    }

    // MARK: - What it says

    @Test func `says in a refusal which member decided, with the numbers, and what to change`() {
        let excess = LimitExcess(
            member: "limits.perDay", before: Amount(units: 4_950_000), asked: Amount(units: 100_000),
            limit: Amount(units: 5_000_000), dollarDecimals: 6)
        let refusal = PolicyRefusal.perDay(excess)
        #expect(
            refusal.message
                == "limits.perDay is $5, but $4.95 was spent in the last 24 hours, and the request may cost $0.10.")
        #expect(refusal.remedy == "Wait up to a day, or raise limits.perDay.")
    }

    @Test func `says which questions nobody approved`() {
        let excess = LimitExcess(
            member: "limits.askAbove", asked: Amount(units: 7), limit: Amount(units: 5), dollarDecimals: nil)
        let refusal = PolicyRefusal.notApproved([.newHost("x.net"), .above(excess)])
        #expect(refusal.code == "policy.not-approved")
        #expect(refusal.message == "askForNewHosts and limits.askAbove demanded approval, but nobody gave it.")
        #expect(Question.above(excess).text == "Pay up to 7 units, which is above limits.askAbove (5 units)?")
    }
}
