// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingLibP2P
import FarthingPrimitives
import FarthingX402
import Logging
import ServiceLifecycle

/// The hotspot: a node before the uplink, which peers find on the local network.
struct AccessPoint: Sendable {
    /// What a second costs.
    static let price = Amount(units: 100)
    /// How long a guest may be offline for want of a payment before the hotspot ends the stream.
    static let patience = Duration.seconds(2)

    let node: PaymentNode
    let uplink: Uplink
    /// Where the money is, that of the guests too.
    let ledger: Ledger

    /// Opens the hotspot for as long as the body runs.
    static func open(
        in folder: String, logger: Logger, _ body: @escaping @Sendable (AccessPoint) async throws -> Void
    ) async throws {
        let uplink = Uplink(logger: logger)
        try await running([uplink], logger) {
            guard let address = await uplink.address() else { throw CancellationError() }
            let node = try await PaymentNode.open(configuration(in: folder, before: address), logger: logger)
            guard let ledger = node.ledger else { throw CancellationError() }
            let (dialled, told) = AsyncStream.makeStream(of: Void.self)
            let server = NodeServer(node: node, metrics: nil, onPeersListening: { _ in told.finish() })
            try await running([server], logger) {
                for await _ in dialled {}
                try await body(AccessPoint(node: node, uplink: uplink, ledger: ledger))
            }
            await node.close()
        }
    }

    /// Takes what was earned from the channels.
    ///
    /// - Returns: What the hotspot has then.
    func settle() async throws -> Amount {
        _ = await node.redeemAll()
        _ = try await node.collect()
        return try await ledger.balance(of: node.configuration.payTo, token: node.configuration.token.address)
    }

    private static func configuration(in folder: String, before uplink: String) throws -> NodeConfiguration {
        let network = KnownTokens.defaultNetwork
        guard let token = KnownTokens.token(KnownTokens.defaultAddress, on: network),
            let second = StreamTariff(stretch: "1s", price: price)
        else { throw CancellationError() }
        var configuration = NodeConfiguration(
            upstream: uplink,
            prices: PriceList([
                PriceList.Route(pattern: .all, price: .metered(second), description: "A second online")
            ]),
            network: network, token: token, payTo: PrivateKey.random().address, storePath: folder + "/store")
        configuration.schemes = [.voucher, .hashChain]
        configuration.listen = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 0)
        configuration.peers = NodeConfiguration.Peers(
            listen: [try Multiaddr(text: "/ip4/0.0.0.0/tcp/0")], identityPath: folder + "/libp2p.key",
            isAnnounced: true)
        configuration.streams.limits.pause = patience
        return configuration
    }

    private static func running(
        _ services: [any Service], _ logger: Logger, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let group = ServiceGroup(services: services, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
            await group.triggerGracefulShutdown()
            try? await tasks.waitForAll()
            try outcome.get()
        }
    }
}
