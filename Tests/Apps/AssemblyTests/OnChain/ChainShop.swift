// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingChannels
import FarthingContracts
import FarthingDevnet
import FarthingEVMSettlement
import FarthingEncodings
import FarthingHTTP402
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import FarthingX402
import Logging
import Testing

@testable import FarthingAssembly

/// A node that sells over HTTP and settles on a local chain; it looks at the chain when a test says so.
struct ChainShop {
    /// What is paid with.
    enum Money {
        /// The chain's own coin, by contracts that are for it.
        case coin
        /// A token whose deposits Permit2 takes, with all contracts where they are on public chains.
        case permit2
    }

    /// A thousandth of a coin.
    static let price: UInt128 = 1_000_000_000_000_000
    static let ether: UInt128 = 1_000_000_000_000_000_000
    /// What something costs in a token.
    static let tokenPrice: UInt128 = 1000

    let node: PaymentNode
    let devnet: Devnet
    let gate: String
    let folder: String
    let payTo: Address
    private let clock: DemoClock
    private let logger: Logger

    /// - Parameter confirmations: How many blocks the node wants to hold a deposit.
    static func open(
        _ scheme: PaymentScheme, in money: Money = .coin, confirmations: UInt64 = 1,
        _ body: @Sendable (ChainShop) async throws -> Void
    ) async throws {
        let devnet = try await Devnet.start()
        do {
            try await open(scheme, try await place(money, confirmations, on: devnet), money, on: devnet, body)
        } catch {
            devnet.stop()
            throw error
        }
        devnet.stop()
    }

    private static func place(
        _ money: Money, _ confirmations: UInt64, on devnet: Devnet
    ) async throws -> ChainPlace {
        let network = Network(evm: devnet.chainID)
        let standard = try #require(ContractRegistry(network: network))
        if money == .permit2 {
            try await devnet.installStandardContracts()
            let address = try #require(Address(hex: Devnet.usdc))
            var place = ChainPlace(
                urls: devnet.urls, contracts: standard,
                token: Token(
                    domain: TokenDomain(address: address, name: "USDC", version: "2"), symbol: "USDC", decimals: 6))
            place.sending = sending(confirmations)
            return place
        }
        let bytes = try #require(Hex.decode(String(devnet.accounts[0].key.dropFirst(2))))
        guard let key = PrivateKey(bytes) else { throw DevnetFault.noStart("a key is none") }
        let deployer = try EVMSettlement(
            urls: devnet.urls, signer: KeySigner(key), contracts: standard, sending: sending(1), client: .shared)
        let plan = EVMSettlement.DeploymentPlan(token: Token.coinAddress)
        var place = ChainPlace(
            urls: devnet.urls, contracts: try await deployer.deployContracts(plan), token: .coin(on: network))
        place.sending = sending(confirmations)
        return place
    }

    private static func open(
        _ scheme: PaymentScheme, _ chain: ChainPlace, _ money: Money, on devnet: Devnet,
        _ body: @Sendable (ChainShop) async throws -> Void
    ) async throws {
        let (clock, logger) = (DemoClock(), Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withFolder { folder in
            let upstream = DemoUpstream(logger: logger)
            try await Demo.whileRunning([upstream], logger: logger) {
                var configuration = NodeConfiguration(
                    upstream: try await upstream.address.value,
                    prices: PriceList([
                        PriceList.Route(
                            pattern: .all, price: .upTo(units(money == .coin ? price : tokenPrice)),
                            description: "The weather")
                    ]), network: chain.contracts.network, token: chain.token, payTo: PrivateKey.random().address,
                    storePath: folder + "/store.sqlite")
                configuration.listen = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 0)
                (configuration.claimInterval, configuration.watchInterval) = (.seconds(3600), .seconds(3600))
                configuration.schemes = [scheme]
                configuration.chain = chain
                configuration.depositMethod = money == .permit2 ? .permit2 : .eip3009
                let node = try await PaymentNode.open(configuration, logger: logger, clock: { clock.now })
                try await devnet.giveCoin(100 * ether, to: node.books.authorizer)
                let (addresses, told) = AsyncStream.makeStream(of: String.self)
                let server = NodeServer(
                    node: node, metrics: nil, onListening: { told.yield("http://\($0)") }, onObserving: { _ in })
                try await Demo.whileRunning([server], logger: logger) {
                    var iterator = addresses.makeAsyncIterator()
                    let gate = try #require(await iterator.next())
                    try await body(
                        ChainShop(
                            node: node, devnet: devnet, gate: gate, folder: folder, payTo: configuration.payTo,
                            clock: clock, logger: logger))
                }
                await node.close()
            }
        }
    }

    private static func sending(_ confirmations: UInt64) -> SendingPolicy {
        SendingPolicy(
            confirmations: confirmations, pollInterval: .milliseconds(20), patience: .seconds(2),
            giveUpAfter: .seconds(20), lowestTip: 1)
    }

    /// A wallet that sees the chain through a settlement of its own, as a payer elsewhere would.
    ///
    /// - Parameters:
    ///   - seesChain: Whether it has an endpoint at all.
    ///   - deposit: What it locks at once.
    func wallet(
        _ key: KeySigner, journal: String = "journal", seesChain: Bool = true, deposit: UInt128 = ether,
        giveUpAfter: Duration = .seconds(20)
    ) throws -> Wallet {
        let place = try #require(node.configuration.chain)
        var limits = SpendingLimits()
        limits.depositTarget = units(deposit)
        let pattern = TokenPattern(network: place.contracts.network, address: place.token.address)
        var sending = Self.sending(1)
        sending.giveUpAfter = giveUpAfter
        let view = try EVMSettlement(
            urls: place.urls, signer: nil, contracts: place.contracts, sending: sending, client: .shared)
        return Wallet(
            journal: try Journal(path: "\(folder)/\(journal)"), lockFolder: nil, signer: key,
            policy: SpendingPolicy(tokenLimits: [pattern: limits]), views: seesChain ? [view] : [],
            options: Wallet.Options(channelsPerPayee: 1, payeesPerDeposit: 1), logger: logger,
            clock: { [clock] in clock.now })
    }

    func buy(_ count: Int, from wallet: Wallet) async throws {
        let client = wallet.client()
        for _ in 0..<count {
            let answer = try await client.execute(PayingRequest(url: gate + "/weather/lisbon"))
            #expect(
                answer.receipt?.charged == units(node.configuration.token.isCoin ? Self.price : Self.tokenPrice))
        }
    }

    /// What an account holds of what is paid with.
    func held(_ account: Address) async throws -> UInt128 {
        try await node.settlement.balance(of: account, token: node.configuration.token.address).units
    }

    /// What the contract of a scheme holds of it.
    func locked(_ scheme: PaymentScheme) async throws -> UInt128 {
        let kind = try #require(ContractKind(rawValue: scheme.rawValue))
        return try await held(try #require(node.configuration.chain?.contracts.contracts[kind]))
    }

    /// So much time passes for everybody.
    func leap(_ seconds: Int64) async throws {
        clock.leap(seconds: seconds)
        try await devnet.ask("evm_increaseTime", .integer(Int(seconds)))
        try await devnet.ask("evm_mine")
    }
}

extension Devnet {
    func giveCoin(_ wei: UInt128, to account: Address) async throws {
        try await ask("anvil_setBalance", .string(account.hex), .string("0x" + String(wei, radix: 16)))
    }
}
