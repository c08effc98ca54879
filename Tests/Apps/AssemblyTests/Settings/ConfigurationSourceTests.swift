// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEVMSettlement
import FarthingEncodings
import FarthingNode
import FarthingPrimitives
import Foundation
import Testing

@testable import FarthingAssembly

@Suite("A node's settings")
struct ConfigurationSourceTests {
    private static let enough: [Setting: [String]] = [
        .upstream: ["http://127.0.0.1:3000"], .price: ["1000"], .store: ["/tmp/store"],
        .payTo: ["0x1111111111111111111111111111111111111111"],
    ]

    private func node(
        _ flags: [Setting: [String]] = [:], without missing: Setting? = nil, environment: [String: String] = [:],
        file: String? = nil
    ) async throws -> NodeConfiguration {
        var all = Self.enough.merging(flags) { $1 }
        if let missing { all[missing] = nil }
        return try await ConfigurationSource(flags: all, environment: environment, file: file).node()
    }

    private func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        try await withFolder { folder in
            let path = folder + "/farthing.json"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            try await body(path)
        }
    }

    @Test func `that are set to nothing in the environment do not hide the file's`() async throws {
        try await withFile(#"{"claimEvery": 70}"#) { path in
            let node = try await node(environment: ["FARTHING_CLAIM_EVERY": "", "FARTHING_NETWORK": ""], file: path)
            #expect(node.claimInterval == .seconds(70))
            #expect(node.network == Network(evm: 84_532))
        }
    }

    @Test func `are refused when nothing stands behind their flag`() async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await node([.claimEvery: [""]]) }
        #expect(error?.message == "'claimEvery' is '', but nothing stands behind its flag.")
    }

    @Test func `end what is wrong with them with one full stop`() {
        let errors: [any ExplainedError] = [
            ConfigurationError.cannotListen("x", why: "The port is none."),
            ConfigurationError.file(path: "x", why: "It is torn."),
            SettlementError.unavailable(reason: "The node is gone."),
            StoreError.unavailable(reason: "The disk is gone."),
        ]
        for error in errors { #expect(error.message.hasSuffix(".") && !error.message.hasSuffix(".."), "\(error)") }
        #expect("Wait...".unended == "Wait...")
    }

    @Test func `come from a flag, else from the environment, else from the file`() async throws {
        try await withFile(#"{"claimEvery": 30, "withdrawDelay": "1000", "timeout": 10}"#) { path in
            let environment = ["FARTHING_CLAIM_EVERY": "40", "FARTHING_WITHDRAW_DELAY": "2000"]
            let node = try await node([.claimEvery: ["50"]], environment: environment, file: path)
            #expect(node.claimInterval == .seconds(50))
            #expect(node.withdrawDelay == 2000)
            #expect(node.policy.timeoutSeconds == 10)
        }
    }

    @Test func `take the network's own USDC, and want a token named where none is known`() async throws {
        let base = try await node([.network: ["eip155:8453"]])
        #expect(base.token.domain.address == Address(hex: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"))
        #expect(base.token.domain.name == "USD Coin")

        let error = await #expect(throws: ConfigurationError.self) { try await node([.network: ["eip155:10"]]) }
        #expect(error?.code == "config.missing" && error?.message == "'asset' is not set.")
        let asset = "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85"
        let named = try await node([.network: ["eip155:10"], .asset: [asset]])
        #expect(named.token.domain.address == Address(hex: asset))
    }

    @Test func `say how many requests may be signed ahead, and how many payments may be under way`() async throws {
        let usual = try await node()
        #expect(usual.policy.requestsAhead == 64 && usual.policy.paymentsUnderWay == 16_384)
        let told = try await node(
            [.requestsAhead: ["7"]], environment: ["FARTHING_PAYMENTS_UNDER_WAY": "3", "FARTHING_REQUESTS_AHEAD": "8"])
        #expect(told.policy.requestsAhead == 7 && told.policy.paymentsUnderWay == 3)
    }

    @Test(arguments: [Setting.upstream, .price, .store, .payTo])
    func `are named when one is missing`(setting: Setting) async throws {
        await #expect(throws: ConfigurationError.missing(key: setting.rawValue)) {
            try await node(without: setting)
        }
    }

    @Test func `find a ledger by itself or beside its store, and name both when neither is given`() async throws {
        func path(_ flags: [Setting: [String]]) async throws -> String {
            try await ConfigurationSource(flags: flags, environment: [:], file: nil).ledgerPath()
        }
        #expect(try await path([.ledger: ["/tmp/other"], .store: ["/tmp/store"]]) == "/tmp/other")
        #expect(try await path([.store: ["/tmp/store"]]) == "/tmp/store.ledger")
        let error = await #expect(throws: ConfigurationError.self) { try await path([:]) }
        #expect(error?.message == "'ledger' is not set.")
        let remedy = try #require(error?.remedy)
        for way in ["--ledger", "--store", "FARTHING_LEDGER", "FARTHING_STORE"] { #expect(remedy.contains(way)) }
    }

    @Test(arguments: [
        (Setting.requestsAhead, "0"), (.requestsAhead, "257"), (.paymentsUnderWay, "0"), (.paymentsUnderWay, "1000001"),
        (.paymentsUnderWay, "many"), (.claimEvery, "0"), (.claimEvery, "86401"), (.claimAfter, "-1"),
        (.claimAfter, "2592001"),
        (.claimAfter, "soon"), (.claimAtValue, "-1"), (.claimAtValue, "1.5"), (.claimAtValue, "$1.2345678"),
        (.claimAtChannels, "0"), (.claimAtChannels, "-3"), (.claimAtChannels, "many"),
        (.maxUnclaimedPerChannel, "999"), (.maxUnclaimedPerChannel, "0"), (.maxUnclaimedInAll, "$0.000999"),
        (.maxUnclaimedInAll, "1e9"), (.settlement, "moon"), (.payTo, "0x12"),
        (.payTo, "0x0000000000000000000000000000000000000000"), (.upstream, "ftp://x"),
        (.network, "base"), (.withdrawDelay, "899"), (.price, "0"), (.price, "free"), (.metrics, "yes"),
        (.assetDecimals, "39"), (.maxRequestBytes, "-1"), (.publicUrl, "example.com"), (.listen, "4020"),
    ])
    func `are named with their value when it cannot be`(setting: Setting, value: String) async throws {
        do {
            _ = try await node([setting: [value]])
            Issue.record("\(setting) took \(value)")
        } catch let error as ConfigurationError {
            guard case .bad(let key, let text, let why) = error else { throw error }
            #expect(key == setting.rawValue && text == value && !why.isEmpty)
            #expect(error.code == "config.bad-value")
        }
    }

    @Test(arguments: [
        (Setting.upstream, "http://user:hushhush@h:3000", "…"), (.upstream, "ftp://h:3000/hushhush", "ftp://h:3000…"),
        (.upstream, "http://h:3000/p?key=hushhush", "http://h:3000…"), (.upstream, "user:hushhush", "…"),
        (.upstream, "http://hushhush%40h", "…"), (.upstream, "http://" + Self.longSecret + "@h", "…"),
        (.upstream, "127.0.0.1:3000", "127.0.0.1:3000"), (.facilitator, "https://user:hu/sh,hushhush@h", "…"),
        (.facilitator, "wss://h/hushhush", "wss://h…"), (.gun, "ftp://h:8765/hushhush,ws://i", "ftp://h:8765…"),
        (.gun, "ws://user:hushhush@h/gun,no", "…"), (.publicUrl, "h.example?hushhush", "h.example…"),
        (.publicUrl, Self.longSecret + "@h", "…"),
    ])
    func `that are addresses are shown as far as their host`(
        setting: Setting, value: String, shown: String
    )
        async throws
    {
        let error = await #expect(throws: ConfigurationError.self) { try await node([setting: [value]]) }
        let message = try #require(error?.message)
        #expect(message.hasPrefix("'\(setting.rawValue)' is '\(shown)', but "), "\(message)")
        #expect(!message.contains("hush"))
    }

    /// Longer than what is shown of a value.
    private static let longSecret = String(repeating: "hush", count: 40)

    @Test(arguments: [Setting.rpc, .upstream, .facilitator, .gun])
    func `that are addresses are not shown where the file has them in a list`(setting: Setting) async throws {
        try await withFile(#"{"\#(setting.rawValue)": ["https://h.example/hushhush"]}"#) { path in
            let error = await #expect(throws: ConfigurationError.self) { try await node(file: path) }
            let message = try #require(error?.message)
            #expect(message.hasPrefix("'\(setting.rawValue)' is '…', but ") && !message.contains("hush"), "\(message)")
        }
    }

    private static let onChain: [Setting: [String]] = [.settlement: ["evm"], .rpc: ["http://127.0.0.1:8545"]]

    @Test func `say how long a transaction waits on a chain`() async throws {
        let usual = try await node(Self.onChain).chain?.sending
        #expect(usual?.patience == .seconds(45) && usual?.giveUpAfter == .seconds(600))
        let set = try await node(Self.onChain.merging([.chainPatience: ["700"], .chainGiveUp: ["700"]]) { $1 })
        #expect(set.chain?.sending.patience == .seconds(700) && set.chain?.sending.giveUpAfter == .seconds(700))
        let variables = ["FARTHING_CHAIN_PATIENCE": "1", "FARTHING_CHAIN_GIVE_UP": "604800"]
        let sending = try await node(Self.onChain, environment: variables).chain?.sending
        #expect(sending?.patience == .seconds(1) && sending?.giveUpAfter == .seconds(604_800))
    }

    @Test(arguments: [
        ([Setting.chainPatience: "0"], Setting.chainPatience), ([.chainPatience: "86401"], .chainPatience),
        ([.chainPatience: "soon"], .chainPatience), ([.chainGiveUp: "0"], .chainGiveUp),
        ([.chainGiveUp: "604801"], .chainGiveUp), ([.chainGiveUp: "44"], .chainGiveUp),
        ([.chainPatience: "601"], .chainGiveUp),
    ])
    func `are refused when a transaction would wait for nothing, or for ever`(
        settings: [Setting: String], named: Setting
    ) async throws {
        do {
            _ = try await node(Self.onChain.merging(settings.mapValues { [$0] }) { $1 })
            Issue.record("\(settings) was taken")
        } catch let error as ConfigurationError {
            guard case .bad(let key, _, let why) = error else { throw error }
            #expect(key == named.rawValue && !why.isEmpty)
        }
    }

    @Test(arguments: [Setting.chainPatience, .chainGiveUp])
    func `that are for a chain are refused without one`(setting: Setting) async throws {
        do {
            _ = try await node([setting: ["60"]])
            Issue.record("\(setting) was taken")
        } catch let error as ConfigurationError {
            guard case .bad(let key, _, _) = error else { throw error }
            #expect(key == setting.rawValue)
        }
    }

    @Test(arguments: [
        ([Setting.price: "$0.0000001"], "no more decimals than the token has"),
        ([.routes: "weather 1000"], "a path begins with /"), ([.routes: "get /weather 1000"], "in capitals"),
        ([.routes: "/weather $0.0000001"], "no more decimals than the token has"),
    ])
    func `are refused in words that tell what to write`(settings: [Setting: String], words: String) async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await node(settings.mapValues { [$0] }) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func `are cut off when they are long, so that no log is flooded`() async throws {
        let long = String(repeating: "9", count: 5000)
        do {
            _ = try await node([.claimAtValue: [long]])
            Issue.record("It was taken")
        } catch let error as ConfigurationError {
            #expect(error.message.utf8.count < 300)
        }
    }

    @Test(arguments: [
        ("{\"claimafter\": 1}", ConfigurationError.unknown(key: "claimafter", nearest: "claimAfter")),
        ("{\"maxUnclaimed\": 1}", .unknown(key: "maxUnclaimed", nearest: nil)),
        ("[]", .file(path: "", why: "it is not an object")),
        (
            "{\"claimAtValue\": 1.5}",
            .bad(
                key: "claimAtValue", value: "1.5", why: "it must be a string, a whole number, true or false")
        ),
        ("{\"routes\": [1]}", .bad(key: "routes", value: "[1]", why: "it must be a list of strings")),
    ])
    func `are refused in a file that says them wrongly`(text: String, expected: ConfigurationError) async throws {
        try await withFile(text) { path in
            do {
                _ = try await node(file: path)
                Issue.record("It was taken")
            } catch let error as ConfigurationError {
                if case .file(_, let why) = expected {
                    #expect(error == .file(path: path, why: why))
                } else {
                    #expect(error == expected)
                }
            }
        }
        await #expect(throws: ConfigurationError.self) { try await node(file: "/nowhere/farthing.json") }
    }

    // MARK: - Claims and caps

    @Test func `say for which payees a facilitator signs, in a file that others cannot read`() async throws {
        let receiver = Address(hex: "0x1111111111111111111111111111111111111111") ?? .zero
        func payees(_ text: String, mode: Int = 0o600) async throws -> FacilitatedPayees {
            try await withFolder { folder in
                let path = folder + "/payees.json"
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
                return try await ConfigurationSource(
                    flags: [.ledger: [folder + "/ledger"], .payeeSecrets: [path]], environment: [:], file: nil
                ).facilitatorConfiguration().payees
            }
        }
        let good = "{\"\(receiver)\": \"sixteen letters.\"}"
        let known = try await payees(good)
        #expect(known.prove(receiver, by: "sixteen letters."))
        await #expect(throws: ConfigurationError.self) { try await payees(good, mode: 0o644) }
        for wrong in ["", "{}", "[]", "{\"\(receiver)\": \"fifteen letters\"}", "{\"0x11\": \"sixteen letters.\"}"] {
            let thrown = await #expect(throws: ConfigurationError.self, "\(wrong)") { try await payees(wrong) }
            #expect(thrown?.message.contains("letters") == false, "no secret is told")
        }
    }

    @Test func `name GUN relays, and where the key for them is`() async throws {
        #expect(try await node().gun == nil)
        let one = try await node([.gun: ["ws://192.0.2.7:8765/gun"]])
        #expect(
            one.gun
                == NodeConfiguration.Gun(relays: ["ws://192.0.2.7:8765/gun"], keyPath: "/tmp/store.gun.key"))
        let two = try await node([.gun: ["ws://192.0.2.7, ws://[::1]:8765/gun"], .gunKey: ["/tmp/key"]])
        #expect(
            two.gun == NodeConfiguration.Gun(relays: ["ws://192.0.2.7", "ws://[::1]:8765/gun"], keyPath: "/tmp/key"))
        for wrong in ["http://192.0.2.7/gun", "ws://", "192.0.2.7:8765", "ws://a,,wss://b"] {
            await #expect(throws: ConfigurationError.self) { try await node([.gun: [wrong]]) }
        }
    }

    @Test func `claim everything at every look when nothing is said`() async throws {
        let node = try await node()
        #expect(node.claimSchedule == ClaimSchedule(age: 0))
        #expect(node.unclaimedCaps == UnclaimedCaps())
        #expect(node.claimInterval == .seconds(60))
    }

    @Test func `wait up to an hour once a rule says what is worth a claim`() async throws {
        #expect(
            try await node([.claimAtValue: ["$1"]]).claimSchedule
                == ClaimSchedule(valueInChannel: Amount(units: 1_000_000), age: 3600))
        #expect(try await node([.claimAtChannels: ["50"]]).claimSchedule == ClaimSchedule(age: 3600, channels: 50))
        #expect(
            try await node([.claimAtValue: ["5"], .claimAfter: ["120"]]).claimSchedule
                == ClaimSchedule(valueInChannel: Amount(units: 5), age: 120))
    }

    @Test func `claim what has reached half of a cap`() async throws {
        let caps: [Setting: [String]] = [
            .maxUnclaimedPerChannel: ["$0.01"], .maxUnclaimedInAll: ["5000"], .claimAtValue: ["7000"],
        ]
        let node = try await node(caps)
        #expect(node.unclaimedCaps == UnclaimedCaps(perChannel: Amount(units: 10_000), inAll: Amount(units: 5000)))
        #expect(
            node.claimSchedule
                == ClaimSchedule(valueInChannel: Amount(units: 5000), valueInAll: Amount(units: 2500), age: 3600))
    }

    @Test func `name the chain's own coin, in which vouchers are not`() async throws {
        let network = Network(evm: 84_532)
        var registry = try #require(ContractRegistry(network: network))
        registry.contracts[.hashChain] = Address([UInt8](repeating: 7, count: 20))
        try await withFolder { folder in
            let file = folder + "/contracts.json"
            #expect(FileManager.default.createFile(atPath: file, contents: Data(registry.json.bytes)))
            let inCoin = Self.onChain.merging([.asset: ["coin"], .contracts: [file], .schemes: ["hash-chain"]]) { $1 }
            let told = try await node(inCoin)
            #expect(told.token == .coin(on: network) && told.token.decimals == 18)
            await #expect(
                throws: ConfigurationError.bad(
                    key: "schemes", value: "voucher", why: "vouchers are of tokens, not of the chain's coin")
            ) { try await node(inCoin.merging([.schemes: ["voucher,hash-chain"]]) { $1 }) }
        }
        // On an embedded ledger there is no coin.
        await #expect(throws: ConfigurationError.self) { try await node([.asset: ["coin"]]) }
    }

    @Test func `say what a coin is worth, so that claims wait until they are worth their gas`() async throws {
        let plain = try await node(Self.onChain)
        #expect(plain.claimCosts == nil)
        let told = try await node(Self.onChain.merging([.coinPrice: ["$2500.5"]]) { $1 })
        #expect(told.claimCosts == ClaimCosts(coinPrice: Amount(units: 2_500_500_000), percent: 100))
        let share = try await node(
            Self.onChain.merging([.coinPrice: ["7"]]) { $1 }, environment: ["FARTHING_CLAIM_FEE_SHARE": "10"])
        #expect(share.claimCosts == ClaimCosts(coinPrice: Amount(units: 7), percent: 10))
        await #expect(throws: ConfigurationError.missing(key: "coinPrice")) {
            try await node(Self.onChain.merging([.claimFeeShare: ["10"]]) { $1 })
        }
        for (setting, wrong) in [
            (Setting.coinPrice, "0"), (.coinPrice, "$0"), (.coinPrice, "much"), (.claimFeeShare, "0"),
            (.claimFeeShare, "101"), (.claimFeeShare, "1.5"),
        ] {
            let flags = Self.onChain.merging([.coinPrice: ["1"]]) { $1 }.merging([setting: [wrong]]) { $1 }
            await #expect(throws: ConfigurationError.self, "\(setting) \(wrong)") { try await node(flags) }
        }
        for setting in [Setting.coinPrice, .claimFeeShare] {
            await #expect(
                throws: ConfigurationError.bad(
                    key: setting.rawValue, value: "5", why: "it is for 'settlement' 'evm' alone")
            ) { try await node([setting: ["5"]]) }
        }
    }

    @Test func `take a cap that is the highest price, of all routes`() async throws {
        let routes = ["/a 500", "/b 3000", "/c free"]
        #expect(
            try await node([.routes: routes, .maxUnclaimedInAll: ["3000"]]).unclaimedCaps.inAll == Amount(units: 3000))
        await #expect(throws: ConfigurationError.self) {
            try await node([.routes: routes, .maxUnclaimedInAll: ["2999"]])
        }
    }
}
