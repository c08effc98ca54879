// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHTTP402
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingStacksSettlement
import FarthingWallet
import FarthingX402
import Logging
import Testing

@testable import FarthingAssembly

/// A node that sells over HTTP and settles on a simulated Stacks chain; it looks at the chain when a test says so.
struct StacksShop {
    static let price: UInt128 = 1000

    let node: PaymentNode
    let stage: StacksStage
    let gate: String
    let folder: String
    private let clock: DemoClock
    private let logger: Logger

    /// - Parameter isTold: Whether the chain posts its blocks to the node.
    static func open(
        _ scheme: PaymentScheme, isTold: Bool = false, _ body: @Sendable (StacksShop) async throws -> Void
    ) async throws {
        let (clock, logger) = (DemoClock(), Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let stage = try await StacksStage.open(clock: { clock.now })
        do {
            try await withFolder { folder in
                let upstream = DemoUpstream(logger: logger)
                try await Demo.whileRunning([upstream], logger: logger) {
                    var configuration = NodeConfiguration(
                        upstream: try await upstream.address.value,
                        prices: PriceList([
                            PriceList.Route(pattern: .all, price: .upTo(units(price)), description: "The weather")
                        ]), network: Network(stacks: 1), token: StacksAsset.coin,
                        payTo: PrivateKey.random().address, storePath: folder + "/store.sqlite")
                    configuration.listen = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 0)
                    (configuration.claimInterval, configuration.watchInterval) = (.seconds(3600), .seconds(3600))
                    configuration.schemes = [scheme]
                    stage.configure(&configuration)
                    if isTold {
                        configuration.stacks?.observer = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 0)
                    }
                    let node = try await PaymentNode.open(configuration, logger: logger, clock: { clock.now })
                    try await stage.prepare(node)
                    let (addresses, told) = AsyncStream.makeStream(of: String.self)
                    let (observers, observing) = AsyncStream.makeStream(of: String.self)
                    let server = NodeServer(
                        node: node, metrics: nil, onListening: { told.yield("http://\($0)") },
                        onObserving: { observing.yield("http://\($0)") })
                    try await Demo.whileRunning([server], logger: logger) {
                        var iterator = addresses.makeAsyncIterator()
                        let gate = try #require(await iterator.next())
                        if isTold {
                            var observers = observers.makeAsyncIterator()
                            stage.tell(try #require(await observers.next()))
                        }
                        try await body(
                            StacksShop(
                                node: node, stage: stage, gate: gate, folder: folder, clock: clock, logger: logger))
                    }
                    await node.close()
                }
            }
        } catch {
            await stage.end()
            throw error
        }
        await stage.end()
    }

    /// A wallet that sees the chain through a settlement of its own, as a payer elsewhere would.
    func wallet(_ key: KeySigner, scheme: PaymentScheme, journal: String = "journal") throws -> Wallet {
        let place = try #require(node.configuration.stacks)
        var limits = SpendingLimits()
        limits.depositTarget = units(50_000)
        let pattern = TokenPattern(network: place.contracts.network, address: place.token.address)
        return Wallet(
            journal: try Journal(path: "\(folder)/\(journal)"), lockFolder: nil, signer: key,
            policy: SpendingPolicy(tokenLimits: [pattern: limits]),
            views: [place.open(signer: nil, clock: { [clock] in clock.now })],
            options: Wallet.Options(
                channelsPerPayee: 1, schemes: PaymentSchemeName.wire(of: scheme.rawValue).map { [$0] },
                payeesPerDeposit: 1), logger: logger, clock: { [clock] in clock.now })
    }

    func buy(_ count: Int, from wallet: Wallet) async throws {
        let client = wallet.client()
        for _ in 0..<count {
            let answer = try await client.execute(PayingRequest(url: gate + "/weather/lisbon"))
            #expect(answer.receipt != nil)
        }
    }

    func held(_ account: Address) async throws -> UInt128 {
        try await node.settlement.balance(of: account, token: node.configuration.token.address).units
    }

    var now: Instant { clock.now }

    /// So much time passes for everybody.
    func leap(_ seconds: Int64) async throws {
        clock.leap(seconds: seconds)
        try await stage.leap(seconds: seconds)
    }
}
