// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingStacksSettlement
import Foundation
import Logging
import Testing

@testable import FarthingAssembly

@Suite("A node on Stacks")
struct StacksNodeTests {
    @Test func `sells by vouchers and hash chains to a wallet, claims them on the chain and loses no unit`()
        async throws
    {
        try await withFolder { folder in
            var options = Demo.Options(folder: folder)
            (options.requests, options.channels) = (24, 3)
            options.chain = .stacks
            options.schemes = Demo.Chain.stacks.schemes
            let report = try await Demo(options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) {
                _ in
            }.run()
            #expect(report.faults.isEmpty && report.isConserved)
            #expect(report.rows.map(\.scheme) == ["voucher", "hash-chain", "two-way"])
            for row in report.rows {
                #expect(row.charged.units == 24_000 && row.captured == row.charged)
                #expect(row.deposited.units == row.captured.units + row.refunded.units)
            }
        }
    }

    @Test(arguments: [PaymentScheme.voucher, .hashChain, .twoWay])
    func `has books in which a look finds nothing wrong`(scheme: PaymentScheme) async throws {
        let key = KeySigner(PrivateKey.random(), accounts: .hash160)
        try await StacksShop.open(scheme) { shop in
            try await shop.stage.mint(units(100_000), to: key.address, at: shop.node)
            try await shop.buy(3, from: try shop.wallet(key, scheme: scheme))
            let configuration = shop.node.configuration
            let inspector = try StacksInspection.inspector(configuration)
            let found = try await inspector.verify()
            #expect(found.faults == [])
            #expect(found.channels == 1)
            // With the contract of another chain the same books are wrong.
            guard scheme == .voucher else { return }
            let elsewhere = try await StacksInspection.inspector(configuration, movedTo: Network(stacks: 7)).verify()
            #expect(elsewhere.faults.contains { $0.hasSuffix("its best voucher is not signed by its payer") })
        }
    }

    private enum StacksInspection {
        static func inspector(
            _ configuration: NodeConfiguration, movedTo network: Network? = nil
        ) throws -> StoreInspector {
            var place = try configuration.place
            if let network, case .stacks(let known) = place, let json = known.contracts.json.members {
                let moved = json.map { member in
                    member.name == "network" ? JSON.Member(name: member.name, value: .string("\(network)")) : member
                }
                var other = known
                other.contracts = try #require(StacksRegistry(json: .object(moved)))
                place = .stacks(other)
            }
            return try StoreInspector(storePath: configuration.storePath, place: place)
        }
    }

    // MARK: - Settings

    private static let account = "ST2V3KEN1TVJAVZZ67V0PP6AS6GE2K7KPTGN7HYRW"
    private static let contracts = """
        {
            "network": "stacks:2147483648", "assets": ["\(account).token::usd"],
            "contracts": {
                "batch-settlement": "\(account).voucher-channels", "hash-chain": "\(account).hash-chains"
            }
        }
        """

    private func node(
        _ changes: [Setting: String?] = [:], contracts: String = Self.contracts
    ) async throws -> NodeConfiguration {
        try await withFolder { folder in
            let path = folder + "/stacks.json"
            try Data(contracts.utf8).write(to: URL(fileURLWithPath: path))
            var flags: [Setting: [String]] = [
                .upstream: ["http://127.0.0.1:3000"], .price: ["1000"], .store: [folder + "/store"],
                .payTo: [Self.account], .settlement: ["stacks"], .rpc: ["http://127.0.0.1:20443"],
                .contracts: [path],
            ]
            for (setting, value) in changes { flags[setting] = value.map { [$0] } }
            return try await ConfigurationSource(flags: flags, environment: [:], file: nil).node()
        }
    }

    @Test func `takes its network from the file of contracts, and is paid in the coin unless told`() async throws {
        let coin = try await node([.schemes: "hash-chain,voucher", .confirmations: "3"])
        #expect(coin.network == Network(stacks: 0x8000_0000))
        #expect(coin.token == StacksAsset.coin)
        #expect(coin.settlementName == "stacks" && !coin.isSimulated)
        #expect(coin.stacks?.options.burnBlocks == 3)
        #expect(coin.network.text(of: coin.payTo) == Self.account)
        #expect(coin.stacks?.observer == nil)
        let told = try await node([.observer: "127.0.0.1:3700"])
        #expect(told.stacks?.observer == NodeConfiguration.Endpoint(host: "127.0.0.1", port: 3700))
        let token = try await node([.asset: "\(Self.account).token::usd", .assetSymbol: "USD"])
        #expect(token.token.symbol == "USD")
        #expect(token.token.domain.name == "\(Self.account).token::usd")
    }

    @Test(arguments: [
        (Setting.payTo, "0x1111111111111111111111111111111111111111"),
        (.payTo, "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7"), (.asset, "0x1111111111111111111111111111111111111111"),
        (.asset, "\(Self.account).other::usd"), (.schemes, "two-way"), (.rpc, "ftp://x"),
        (.observer, "0.0.0.0:3700"), (.observer, "127.0.0.1"), (.observer, "example.com:3700"),
        (.rpcQuorum, "2"), (.highestGasPrice, "5"), (.confirmations, "-1"), (.facilitator, "http://127.0.0.1:1"),
    ])
    func `says which setting is wrong`(setting: Setting, value: String) async throws {
        do {
            _ = try await node([setting: value])
            Issue.record("\(setting) took \(value)")
        } catch let error as ConfigurationError {
            guard case .bad(let key, _, let why) = error else { throw error }
            #expect(key == setting.rawValue && !why.isEmpty)
        }
    }

    @Test func `takes two-way channels where the file of contracts has them, and an observer on Stacks alone`()
        async throws
    {
        let contracts = Self.contracts.replacing(
            "\"hash-chain\":", with: "\"two-way\": \"\(Self.account).two-way-channels\", \"hash-chain\":")
        let twoWay = try await node([.schemes: "two-way,voucher"], contracts: contracts)
        #expect(twoWay.schemes == [.twoWay, .voucher])
        do {
            _ = try await ConfigurationSource(
                flags: [
                    .upstream: ["http://127.0.0.1:3000"], .price: ["1000"], .store: ["store"],
                    .payTo: ["0x1111111111111111111111111111111111111111"], .observer: ["127.0.0.1:3700"],
                ], environment: [:], file: nil
            ).node()
            Issue.record("A ledger took an observer")
        } catch let error as ConfigurationError {
            guard case .bad("observer", _, _) = error else { throw error }
        }
    }

    @Test func `takes no contracts of another network`() async throws {
        do {
            _ = try await node([.network: "stacks:1", .payTo: "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7"])
            Issue.record("They were taken")
        } catch let error as ConfigurationError {
            guard case .bad("contracts", _, _) = error else { throw error }
        }
    }

    @Test(arguments: [Setting.rpc, .contracts])
    func `says what is missing`(setting: Setting) async throws {
        await #expect(throws: ConfigurationError.missing(key: setting.rawValue)) { try await node([setting: nil]) }
    }

    @Test(arguments: [
        "", "[]", #"{"network": "eip155:1", "contracts": {}}"#,
        #"{"network": "stacks:1", "contracts": {"batch-settlement": "ST000000000000000000002AMW42H.a"}}"#,
        #"{"network": "stacks:2147483648", "contracts": {"hash-chain": "ST000000000000000000002AMW42H.a"}}"#,
        contracts.replacing("hash-chain", with: "hash-chian"), contracts.replacing("::usd", with: ""),
    ])
    func `takes no file that is not one of contracts`(text: String) async throws {
        do {
            _ = try await node(contracts: text)
            Issue.record("It was taken")
        } catch let error as ConfigurationError {
            guard case .bad("contracts", _, _) = error else { throw error }
        }
    }
}
