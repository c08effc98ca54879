// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@testable import FarthingWallet

@Suite("A policy file")
struct PolicyFileTests {
    private static let usdc = "eip155:8453/0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
    private static let dai = "eip155:1/0x6B175474E89094C44Da98b954EedeAC495271d0F"

    private func read(_ text: String) throws(PolicyFileError) -> SpendingPolicy {
        try SpendingPolicy(file: Array(text.utf8))
    }

    private static let example = """
        {
          "hosts": { "allow": ["api.example.com", "*.example.org", "localhost:8080"], "deny": ["ads.example.org"] },
          "networks": { "allow": ["eip155:8453", "eip155:84532"] },
          "tokens": { "deny": ["eip155:1/0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"] },
          "receivers": ["0x209693Bc6afc0C5328bA36FaF03C514EF312287C"],
          "requiresEncryption": true,
          "askForNewHosts": true,
          "limits": {
            "perRequest": "$0.10", "perMinute": "$1", "perHostPerDay": "$1", "perDay": "$5", "perHost": "none",
            "total": "$100", "depositPerChannel": "$1", "depositInAll": "$10", "depositTarget": "none",
            "askAbove": "$0.05", "askForDepositsAbove": "$0.50"
          },
          "tokenLimits": {
            "\(dai)": {
              "dollarDecimals": 18, "perRequest": "$0.10", "perDay": "$1", "depositInAll": "$2"
            }
          }
        }
        """

    @Test func `that is there and cannot be read leaves no other policy in force`() throws {
        let path = NSTemporaryDirectory() + UUID().uuidString
        let folder = WalletFolder(path: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try folder.policy() == .standard, "there is none")
        try folder.create()
        #expect(try folder.policy() == .standard)
        try FileManager.default.createSymbolicLink(atPath: folder.policyPath, withDestinationPath: "nowhere")
        #expect(throws: PolicyFileError.unreadable(path: folder.policyPath)) { try folder.policy() }
        try FileManager.default.removeItem(atPath: folder.policyPath)
        try FileManager.default.createDirectory(atPath: folder.policyPath, withIntermediateDirectories: false)
        #expect(throws: PolicyFileError.unreadable(path: folder.policyPath)) { try folder.policy() }
    }

    @Test func `is read as its documentation says`() throws {
        let policy = try read(Self.example)
        #expect(policy.hosts.allowed?.count == 3)
        #expect(policy.hosts.denied == [try #require(HostPattern("ads.example.org"))])
        #expect(policy.networks == AccessList(allowed: [PolicyFixture.base, Network(evm: 84_532)]))
        #expect(policy.receivers == [PolicyFixture.receiver])
        #expect(policy.asksForNewHosts)
        #expect(policy.dollarLimits.total == Amount(units: 100_000_000))
        #expect(policy.dollarLimits.askForDepositsAbove == Amount(units: 500_000))
        let dai = try #require(TokenPattern(Self.dai).flatMap { policy.tokenLimits[$0] })
        #expect(dai.perRequest == Amount(units: 100_000_000_000_000_000))
        #expect(dai.total == nil)
        #expect(try SpendingPolicy(json: policy.json) == policy)
    }

    @Test func `that is empty is the standard policy`() throws {
        #expect(try read("{}") == .standard)
        #expect(try read(#"{"limits": {}, "hosts": {}, "tokenLimits": {}}"#) == .standard)
        #expect(try SpendingPolicy(json: SpendingPolicy.standard.json) == .standard)
    }

    @Test func `lifts a limit only by saying so`() throws {
        let policy = try read(#"{"limits": {"perDay": "none", "perRequest": "1000"}}"#)
        #expect(policy.dollarLimits.perDay == nil)
        #expect(policy.dollarLimits.perRequest == Amount(units: 1_000))
        #expect(policy.dollarLimits.perMinute == SpendingLimits.standard.perMinute)
    }

    @Test func `gives a named dollar token the dollar limits it does not state`() throws {
        let policy = try read(
            #"{"limits": {"perDay": "$2"}, "tokenLimits": {"\#(Self.usdc)": {"perRequest": "$0.01"}}}"#)
        let limits = try #require(TokenPattern(Self.usdc).flatMap { policy.tokenLimits[$0] })
        #expect(limits.perRequest == Amount(units: 10_000))
        #expect(limits.perDay == Amount(units: 2_000_000))
        #expect(limits.dollarDecimals == 6)
    }

    @Test func `tells an empty allow list from none`() throws {
        let policy = try read(#"{"hosts": {"allow": []}, "receivers": []}"#)
        #expect(policy.hosts.allowed == [])
        #expect(policy.receivers == [])
        #expect(try SpendingPolicy(json: policy.json) == policy)
    }

    @Test func `comes back as it was written, whatever it says`() throws {
        let seed: UInt64 = 0xF11E
        var random = SeededGenerator(seed: seed)
        for step in 0..<300 {
            let policy = try Self.policy(&random)
            let text = policy.json.prettyText()
            #expect(try read(text) == policy, "seed \(seed), step \(step): \(text)")
        }
    }

    private static func policy(_ random: inout SeededGenerator) throws -> SpendingPolicy {
        func limits(_ decimals: Int?) -> SpendingLimits {
            var limits = SpendingLimits(dollarDecimals: decimals)
            for name in SpendingLimits.Name.allCases where Bool.random(using: &random) {
                limits[name] = Amount(
                    units: UInt128.random(in: 0 ... .max, using: &random) >> UInt128(random.next() % 128))
            }
            return limits
        }
        func some<Item>(_ items: [Item?]) throws -> Set<Item> {
            Set(try items.map { try #require($0) }.filter { _ in Bool.random(using: &random) })
        }
        let hosts = ["a.example", "*.b.example:8443", "[::1]:1"].map { HostPattern($0) }
        let tokens = [usdc, dai, "0x6B175474E89094C44Da98b954EedeAC495271d0F"].map { TokenPattern($0) }
        var named: [TokenPattern: SpendingLimits] = [:]
        for token in try some(tokens) { named[token] = limits([nil, 0, 18, 38].randomElement(using: &random) ?? nil) }
        return SpendingPolicy(
            hosts: AccessList(allowed: Bool.random(using: &random) ? nil : try some(hosts), denied: try some(hosts)),
            networks: AccessList(denied: try some([PolicyFixture.base, PolicyFixture.mainnet])),
            tokens: AccessList(allowed: try some(tokens)),
            receivers: Bool.random(using: &random) ? nil : try some([PolicyFixture.receiver]),
            requiresEncryption: Bool.random(using: &random), asksForNewHosts: Bool.random(using: &random),
            dollarLimits: limits(6), tokenLimits: named)
    }

    // MARK: - What it refuses

    @Test(arguments: [
        (#"{"#, "policy-file.not-json", ""), (#"{"hosts": {}, "hosts": {}}"#, "policy-file.not-json", "hosts"),
        (#"[]"#, "policy-file.wrong-type", "an array"),
        (#"{"limit": {}}"#, "policy-file.unknown-member", "Did you mean 'limits'?"),
        (#"{"sandwiches": 1}"#, "policy-file.unknown-member", "'sandwiches'"),
        (
            #"{"hosts": {"alow": []}}"#, "policy-file.unknown-member",
            "'hosts.alow', which does not exist. Did you mean 'allow'?"
        ),
        (#"{"limits": {"perday": "$1"}}"#, "policy-file.unknown-member", "Did you mean 'perDay'?"),
        (#"{"limits": {"dollarDecimals": 6}}"#, "policy-file.unknown-member", "limits.dollarDecimals"),
        (#"{"tokenLimits": {"\#(usdc)": {"perHuor": "$1"}}}"#, "policy-file.unknown-member", "'perHost'"),
        (#"{"hosts": []}"#, "policy-file.wrong-type", "'hosts' in the policy file is an array, but must be an object"),
        (#"{"hosts": {"allow": "x"}}"#, "policy-file.wrong-type", "'hosts.allow' in the policy file is a string"),
        (
            #"{"hosts": {"allow": ["x", 1]}}"#, "policy-file.wrong-type",
            "'hosts.allow[1]' in the policy file is a number"
        ),
        (#"{"hosts": {"deny": null}}"#, "policy-file.wrong-type", "'hosts.deny' in the policy file is null"),
        (
            #"{"hosts": {"deny": ["https://x.net"]}}"#, "policy-file.bad-value",
            "'hosts.deny[0]' in the policy file is 'https://x.net'"
        ),
        (#"{"networks": {"allow": ["base"]}}"#, "policy-file.bad-value", "a CAIP-2 network"),
        (#"{"tokens": {"allow": ["USDC"]}}"#, "policy-file.bad-value", "'tokens.allow[0]'"),
        (#"{"receivers": ["0x209693BC6afc0C5328bA36FaF03C514EF312287C"]}"#, "policy-file.bad-value", "checksum"),
        (#"{"requiresEncryption": "yes"}"#, "policy-file.wrong-type", "true or false"),
        (#"{"askForNewHosts": 1}"#, "policy-file.wrong-type", "'askForNewHosts' in the policy file is a number"),
        (#"{"limits": {"perDay": 5}}"#, "policy-file.wrong-type", "'limits.perDay' in the policy file is a number"),
        (
            #"{"limits": {"perDay": "5 dollars"}}"#, "policy-file.bad-value",
            "'limits.perDay' in the policy file is '5 dollars'"
        ),
        (#"{"limits": {"perDay": "5.00"}}"#, "policy-file.bad-value", "limits.perDay"),
        (#"{"limits": {"perDay": "-1"}}"#, "policy-file.bad-value", "limits.perDay"),
        (#"{"limits": {"perDay": "$0.0000001"}}"#, "policy-file.bad-value", "at most 6 decimal places"),
        (#"{"tokenLimits": {"DAI": {}}}"#, "policy-file.bad-value", "DAI"),
        (#"{"tokenLimits": {"\#(dai)": {"perRequest": "1", "perDay": "1"}}}"#, "policy-file.missing", "depositInAll"),
        (#"{"tokenLimits": {"\#(dai)": {"perRequest": "$1"}}}"#, "policy-file.bad-value", "dollarDecimals"),
        (#"{"tokenLimits": {"\#(dai)": {"dollarDecimals": 39}}}"#, "policy-file.bad-value", "from 0 to 38"),
        (#"{"tokenLimits": {"\#(dai)": {"dollarDecimals": "18"}}}"#, "policy-file.wrong-type", "from 0 to 38"),
        (#"{"tokenLimits": {"\#(usdc)": {"dollarDecimals": 18}}}"#, "policy-file.bad-value", "must be 6"),
        (
            #"{"tokenLimits": {"\#(usdc)": {}, "\#(usdc.lowercased())": {}}}"#, "policy-file.bad-value",
            "named once only"
        ),
    ])
    func `is refused as a whole for any fault, which is named`(text: String, code: String, part: String) {
        let error = #expect(throws: PolicyFileError.self) { try read(text) }
        #expect(error?.code == code)
        #expect(part.isEmpty || error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test func `does not repeat a long fault in full`() {
        let error = #expect(throws: PolicyFileError.self) {
            try read(#"{"limits": {"perDay": "\#(String(repeating: "9", count: 5_000))"}}"#)
        }
        #expect((error?.message.count ?? .max) < 400)
    }
}
