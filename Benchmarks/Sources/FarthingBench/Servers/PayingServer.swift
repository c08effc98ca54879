// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingX402
import Hummingbird

/// Serves paid requests from a real node: its store and its ledger lie on the disk.
struct PayingServer: Sendable {
    /// How many payers have a funded channel: one for each connection.
    static let channels = 64

    let folder: String
    let upstream: String

    /// The node as users run it.
    func runNode() async throws {
        let (node, wallet) = try await open()
        let required = wallet.required
        try await NodeServer(node: node, metrics: nil) { endpoint in
            ServeBenchCommand.announce(port: endpoint.port, required: required)
        }.run()
    }

    /// The same gate and books, before a handler that answers by itself.
    func runGate() async throws {
        let (node, wallet) = try await open()
        let required = wallet.required
        try await PaymentServer(
            gate: node.gate, address: .hostname("127.0.0.1", port: 0), logger: Payee.logger,
            onListening: { ServeBenchCommand.announce(port: $0 ?? 0, required: required) }
        ) { _ in .text(PlainServer.greeting) }.run()
    }

    private func open() async throws -> (PaymentNode, Wallet) {
        var configuration = NodeConfiguration(
            upstream: upstream, prices: try Payee.prices(), network: Payee.network, token: try Payee.token(),
            payTo: PrivateKey.random().address, storePath: folder + "/store.sqlite")
        configuration.listen = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 0)
        // Claims are measured by themselves.
        configuration.claimInterval = .seconds(86_400)
        let node = try await PaymentNode.open(configuration, logger: Payee.logger)
        let wallet = try Wallet(
            channels: Self.channels, required: try await Payee.required(by: node.gate), domain: node.settlement.domain,
            token: configuration.token)
        guard let ledger = node.ledger else { throw ConfigurationError.missing(key: "ledger") }
        try await wallet.fund(on: ledger)
        return (node, wallet)
    }
}
