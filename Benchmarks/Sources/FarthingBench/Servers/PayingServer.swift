// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingLibP2P
import FarthingMemoryStore
import FarthingPeerPayments
import FarthingPrimitives
import FarthingX402
import Hummingbird

/// Serves paid requests: the one place where the servers that are measured are put together.
struct PayingServer: Sendable {
    /// How many payers have a funded channel: one for each connection.
    static let channels = 256

    let folder: String
    let upstream: String
    let channels: Int
    var scheme = PaymentScheme.voucher

    /// The node as users run it.
    func runNode() async throws {
        let node = try await open()
        try await NodeServer(node: node, metrics: nil) { endpoint in ServeBenchCommand.announce(port: endpoint.port) }
            .run()
    }

    /// The same gate and books, before a handler that answers by itself.
    func runGate() async throws { try await serve(try await open().gate) }

    /// The same gate, also over libp2p.
    func runPeers() async throws {
        let gate = try await open().gate
        let counter = PromptPeerCounter(gate: gate) { _ in .text(PlainServer.greeting) }
        try await PeerHost.withHost(on: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")]) { host in
            try host.handle(PeerSession.protocolName) { stream in
                await PeerSession(stream: stream, responder: counter).run()
            }
            try await serve(gate, peer: host.addresses.first?.description)
        }
    }

    /// The same with a store that forgets.
    func runMemory() async throws {
        try await serve(try await Payee(store: MemoryStore(), channels: channels).gate)
    }

    /// A node whose files lie in a folder; also the one for which channels are made in bulk.
    static func configuration(
        folder: String, upstream: String, scheme: PaymentScheme = .voucher
    ) throws -> NodeConfiguration {
        var configuration = NodeConfiguration(
            upstream: upstream, prices: try Payee.prices(), network: Payee.network, token: try Payee.token(),
            payTo: Payee.receiver, storePath: folder + "/store.sqlite")
        configuration.listen = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 0)
        configuration.schemes = [scheme]
        // Claims are measured by themselves.
        configuration.claimInterval = .seconds(86_400)
        return configuration
    }

    private func open() async throws -> PaymentNode {
        let node = try await PaymentNode.open(
            Self.configuration(folder: folder, upstream: upstream, scheme: scheme), logger: Payee.logger)
        guard channels > 0 else { return node }
        guard let ledger = node.ledger else { throw ConfigurationError.missing(key: "ledger") }
        guard scheme == .voucher else {
            // Their channels open with the first payment.
            try await Payee.enrich(channels, on: ledger)
            return node
        }
        let wallet = try Wallet(channels: channels, required: try await Payee.required(by: node.gate))
        try await wallet.fund(on: ledger)
        return node
    }

    private func serve(_ gate: Gate, peer: String? = nil) async throws {
        try await PaymentServer(
            gate: gate, address: .hostname("127.0.0.1", port: 0), logger: Payee.logger,
            onListening: { ServeBenchCommand.announce(port: $0 ?? 0, peer: peer) }
        ) { _ in .text(PlainServer.greeting) }.run()
    }
}
