// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingHTTP402
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingLibP2P
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Foundation
import Logging
import ServiceLifecycle

/// A gate with a store and an embedded ledger before a real upstream, for the length of one test.
final class Market: Sendable {
    static let price: Amount = Amount(units: 1000)
    static let network = Network(evm: 84_532)
    static let token = Token(
        domain: TokenDomain(
            address: Address(hex: "0x036CbD53842c5426634e7929541eC2318f3dCF7e") ?? .zero, name: "USDC", version: "2"),
        symbol: "USDC", decimals: 6)

    let url: String
    /// Where peers reach it, if it sells to them.
    let peers: [Multiaddr]
    /// Where payers reach it over GUN, if it sells there.
    let gun: [String]
    let node: PaymentNode
    let upstream: MarketUpstream
    let folder: URL
    /// Another opener of the node's ledger, as a payer on the same machine has it.
    let ledger: Ledger

    private init(
        url: String, peers: [Multiaddr], gun: [String], node: PaymentNode, upstream: MarketUpstream, folder: URL
    ) throws {
        self.url = url
        self.peers = peers
        self.gun = gun
        self.node = node
        self.upstream = upstream
        self.folder = folder
        ledger = try Ledger(existing: node.configuration.ledgerPath)
    }

    /// Runs a test at an open market, and closes it behind it.
    static func open<Result: Sendable>(
        configure: @escaping @Sendable (inout NodeConfiguration) -> Void = { _ in },
        _ test: @escaping @Sendable (Market) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "market-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let logger = quiet
        let upstream = MarketUpstream(logger: logger)
        return try await running([upstream], logger: logger) {
            let address = try await upstream.address.value
            var configuration = NodeConfiguration(
                upstream: address, prices: try prices(), network: network, token: token,
                payTo: PrivateKey.random().address,
                storePath: folder.appending(path: "store").path(percentEncoded: false))
            configuration.listen = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 0)
            configuration.claimInterval = .seconds(3600)
            configure(&configuration)
            let node = try await PaymentNode.open(configuration, logger: logger)
            let (addresses, told) = AsyncStream.makeStream(of: String.self)
            let (peers, toldPeers) = AsyncStream.makeStream(of: [Multiaddr].self)
            if configuration.peers == nil { toldPeers.yield([]) }
            let (gun, toldGun) = AsyncStream.makeStream(of: [String].self)
            if configuration.gun == nil { toldGun.yield([]) }
            let server = NodeServer(node: node, metrics: nil) { endpoint in
                told.yield("http://\(endpoint)")
                told.finish()
            } onPeersListening: {
                toldPeers.yield($0)
            } onGunListening: {
                toldGun.yield($0)
            }
            do {
                let result = try await running([server], logger: logger) {
                    var iterator = addresses.makeAsyncIterator()
                    var peerIterator = peers.makeAsyncIterator()
                    var gunIterator = gun.makeAsyncIterator()
                    guard let url = await iterator.next(), let peers = await peerIterator.next(),
                        let gun = await gunIterator.next()
                    else { throw CancellationError() }
                    return try await test(
                        Market(url: url, peers: peers, gun: gun, node: node, upstream: upstream, folder: folder))
                }
                await node.close()
                return result
            } catch {
                await node.close()
                throw error
            }
        }
    }

    /// The same, where the node is paid by these schemes, as people call them.
    static func open<Result: Sendable>(
        paidBy schemes: [String], _ test: @escaping @Sendable (Market) async throws -> Result
    ) async throws -> Result {
        try await open(configure: { $0.schemes = schemes.compactMap { PaymentScheme(rawValue: $0) } }, test)
    }

    private static func prices() throws -> PriceList {
        func route(_ path: String, _ price: PriceList.Price) throws -> PriceList.Route {
            guard let pattern = PathPattern(path) else { throw CancellationError() }
            return PriceList.Route(pattern: pattern, price: price)
        }
        return PriceList([
            try route("/free", .free), try route("/*/cheap", .upTo(Amount(units: 100))),
            PriceList.Route(pattern: .all, price: .upTo(price)),
        ])
    }

    private static func running<Result: Sendable>(
        _ services: [any Service], logger: Logger, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let group = ServiceGroup(services: services, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                let result = try await body()
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return result
            } catch {
                await group.triggerGracefulShutdown()
                try? await tasks.waitForAll()
                throw error
            }
        }
    }

    // MARK: - Payers

    /// A wallet with money in its account.
    ///
    /// - Parameters:
    ///   - readsLedger: Whether it can look at the ledger, as a payer with a node of the chain can.
    ///   - folder: Where its journal is; `nil` keeps it in memory.
    func wallet(
        key: consuming PrivateKey = .random(), holding amount: UInt128 = 10_000_000, channels: Int = 1,
        policy: SpendingPolicy = .standard, readsLedger: Bool = true, folder: WalletFolder? = nil,
        requestsAhead: Int = 64, schemes: [String]? = nil, approve: Wallet.Approval? = nil
    ) async throws -> Wallet {
        let signer = KeySigner(key)
        if amount > 0 {
            try await ledger.mint(to: signer.address, token: Self.token.address, amount: Amount(units: amount))
        }
        return try wallet(
            signer: signer, channels: channels, policy: policy, readsLedger: readsLedger, folder: folder,
            requestsAhead: requestsAhead, schemes: schemes, approve: approve)
    }

    /// Another wallet of the same account, on the same files if there are any.
    func wallet(
        signer: KeySigner, channels: Int = 1, policy: SpendingPolicy = .standard, readsLedger: Bool = true,
        folder: WalletFolder? = nil, requestsAhead: Int = 64, schemes: [String]? = nil,
        approve: Wallet.Approval? = nil
    ) throws -> Wallet {
        Wallet(
            journal: try folder?.journal() ?? Journal(path: nil), lockFolder: folder?.lockPath, signer: signer,
            policy: policy, approve: approve, views: readsLedger ? [ledger] : [],
            options: Wallet.Options(channelsPerPayee: channels, requestsAhead: requestsAhead, schemes: schemes),
            logger: Self.quiet)
    }

    /// Where the gate listens on this machine.
    var port: Int { url.split(separator: ":").last.flatMap { Int($0) } ?? 0 }

    /// Deposits that no luck of four tickets uses up: each wins a hundred times its price, once in as many times.
    static let lucky: SpendingPolicy = {
        var limits = SpendingLimits()
        limits.depositTarget = Amount(units: 500 * price.units)
        return SpendingPolicy(dollarLimits: limits)
    }()

    static var quiet: Logger {
        var logger = Logger(label: "market")
        logger.logLevel = .critical
        return logger
    }

    // MARK: - Books

    /// The payee's books of a channel.
    func payee(_ channel: ChannelID) async throws -> VoucherChannel? { try await node.books.engine.state(of: channel) }

    /// Everything is where it must be: both sides count alike, and the ledger holds what they say.
    func faults(with wallet: Wallet) async throws -> [String] {
        var faults: [String] = []
        for channel in try await wallet.journal.channels() {
            let payee = try await payee(channel.id)
            let charged = payee?.charged ?? .zero
            if charged != channel.books.charged {
                faults.append("the payee charged \(charged), the payer knows of \(channel.books.charged)")
            }
            let balance = try await ledger.snapshot(of: channel.id)?.balance ?? .zero
            if balance != channel.books.balance {
                faults.append("the ledger holds \(balance), the payer knows of \(channel.books.balance)")
            }
        }
        return faults + (try await ledger.audit()).faults
    }
}
