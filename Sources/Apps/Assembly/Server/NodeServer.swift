// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402
import FarthingLedgerSettlement
public import FarthingLibP2P
import FarthingNode
import FarthingPrimitives
import FarthingStacksSettlement
import FarthingX402
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTPTypes
public import ServiceLifecycle

/// A node at work: the gateway on its port, and what goes on behind it.
///
/// It stops when the process gets SIGTERM or SIGINT: no new connection is taken, requests under way are finished,
/// then the store is closed.
public struct NodeServer: Service, CustomStringConvertible {
    private let node: PaymentNode
    private let metrics: (@Sendable () -> String)?
    private let onListening: @Sendable (NodeConfiguration.Endpoint) async -> Void
    private let onPeersListening: @Sendable ([Multiaddr]) async -> Void
    private let onGunListening: @Sendable ([String]) async -> Void
    private let onObserving: @Sendable (NodeConfiguration.Endpoint) async -> Void

    /// - Parameters:
    ///   - metrics: The text that is served at `/metrics`; `nil` serves none.
    ///   - onListening: Told the address once connections are taken; the port is the one that the system chose.
    ///   - onPeersListening: Told the addresses, with the node's peer id, once peers may dial.
    ///   - onGunListening: Told where payers reach it over GUN, one address for each relay, once they may call.
    ///   - onObserving: Told where a Stacks node may post its blocks, once it may.
    public init(
        node: PaymentNode, metrics: (@Sendable () -> String)?,
        onListening: @escaping @Sendable (NodeConfiguration.Endpoint) async -> Void = { _ in },
        onPeersListening: @escaping @Sendable ([Multiaddr]) async -> Void = { _ in },
        onGunListening: @escaping @Sendable ([String]) async -> Void = { _ in },
        onObserving: @escaping @Sendable (NodeConfiguration.Endpoint) async -> Void = { _ in }
    ) {
        self.node = node
        self.metrics = metrics
        self.onListening = onListening
        self.onPeersListening = onPeersListening
        self.onGunListening = onGunListening
        self.onObserving = onObserving
    }

    public var description: String { "payment node" }

    /// Serves until it is asked to stop.
    ///
    /// - Throws: ``ConfigurationError/portTaken(_:setting:)`` or
    ///   ``ConfigurationError/cannotListen(_:why:setting:)``.
    public func run() async throws {
        let configuration = node.configuration
        let gateway = try Gateway(upstream: configuration.upstream, limits: configuration.limits)
        let responder = NodeResponder(
            node: node, gateway: gateway, middleware: PaymentMiddleware(gate: node.gate),
            metrics: configuration.servesMetrics ? metrics : nil, readiness: Readiness(node: node, gateway: gateway))
        let app = Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [HostRule(), SlowRequestHandler(), UnreadAnswerHandler()]
                        as [any RemovableChannelHandler],
                    idleTimeout: .seconds(75),
                    httpDecoderConfiguration: .init(maxHeaderFieldSize: PaymentPayload.maximumHeaderBytes + 1024))),
            configuration: .init(
                address: .hostname(configuration.listen.host, port: configuration.listen.port),
                serverName: "farthing",
                availableConnectionsDelegate: .maximum(
                    FileAllowance.connections(files: FileAllowance.raise()), logger: quiet)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? configuration.listen.port
                await onListening(NodeConfiguration.Endpoint(host: configuration.listen.host, port: port))
                if !(await gateway.isReachable()) {
                    node.logger.warning(
                        "The upstream cannot be reached yet", metadata: ["upstream": "\(gateway.shownUpstream)"])
                }
            },
            logger: quiet)
        let logger = node.logger
        let counter = PeerCounter(responder: responder, logger: logger)
        let storeWatch = StoreWatch(node.store, logger: logger)
        // What is seen is answered at once.
        let answers = node.answers(onlyDue: true).map { (bell: Bell(), answer: $0) }
        var group = ServiceGroupConfiguration(
            services: answers.map { bell, answer in
                .init(
                    service: PeriodicService(
                        name: "answer", interval: configuration.watchInterval, bell: bell, logger: logger, turn: answer)
                )
            } + [
                .init(
                    service: PeriodicService(name: "watch", interval: configuration.watchInterval, logger: logger) {
                        defer { for (bell, _) in answers { bell.ring() } }
                        storeWatch.look()
                        try await node.watch()
                        node.books.effects.metrics.setUnclaimed(
                            node.books.cashier.index.unclaimed(of: configuration.token.address))
                    }),
                .init(
                    service: PeriodicService(name: "retry", interval: configuration.watchInterval, logger: logger) {
                        await node.retry(onlyDue: true)
                    }),
                .init(
                    service: PeriodicService(name: "claim", interval: configuration.claimInterval, logger: logger) {
                        try await collect()
                    }),
                // What payers could take back soon waits for nothing else that is due.
                .init(
                    service: PeriodicService(name: "expiring", interval: configuration.claimInterval, logger: logger) {
                        if let trouble = tell(await node.redeemExpiring()) { throw trouble }
                    }),
                .init(
                    service: PeriodicService(name: "refresh", interval: configuration.refreshInterval, logger: logger) {
                        guard node.ledger == nil else { return }
                        try await node.books.refreshStale()
                    }),
                .init(
                    service: PeerService(
                        settings: configuration.peers, counter: counter,
                        tokenDesks: node.tokenDesks, tokenPrice: configuration.tokenPrice,
                        tokenFees: { contract in
                            guard let scheme = PaymentScheme(rawValue: contract) else { return nil }
                            return await node.claimFees(of: scheme)
                        }, logger: quiet,
                        onListening: onPeersListening)),
                .init(
                    service: GunService(
                        settings: configuration.gun, counter: counter, logger: quiet, onListening: onGunListening)),
                .init(
                    service: StacksObserver(
                        listen: configuration.stacks?.observer, settlement: node.settlement as? StacksSettlement,
                        logger: quiet, onListening: onObserving)),
                .init(
                    service: app, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup),
            ], logger: quiet)
        group.maximumGracefulShutdownDuration = configuration.shutdownTimeout
        do {
            try await ServiceGroup(configuration: group).run(
                listeningOn: "\(node.configuration.listen)", stoppingWithin: configuration.shutdownTimeout,
                logger: node.logger)
        } catch {
            try? await gateway.shutdown()
            throw error
        }
        try await gateway.shutdown()
    }

    /// The libraries below say at level `info` what concerns only themselves.
    private var quiet: Logger {
        var logger = node.logger
        if logger.logLevel == .info { logger.logLevel = .notice }
        return logger
    }

    private func collect() async throws {
        // Neither waits for the other's transactions, nor fails with them.
        async let collected = node.collectDue()
        let trouble = tell(await node.redeemDue())
        let (claims, paidOut) = try await collected
        if !claims.claimed.isZero || !paidOut.isZero {
            node.logger.info(
                "Claimed and settled",
                metadata: [
                    "claimed": "\(claims.claimed)", "channels": "\(claims.channels)", "paidOut": "\(paidOut)",
                    "simulated": "\(node.settlement.isSimulated)",
                ])
        }
        if let trouble { throw trouble }
    }

    /// - Returns: That some channels could not be redeemed, if that is so; why is in the log.
    private func tell(_ reports: [(scheme: PaymentScheme, report: PrepaidOffice.Report)]) -> NotRedeemed? {
        for (scheme, report) in reports where !report.captured.isZero {
            node.logger.info(
                "Redeemed",
                metadata: [
                    "scheme": "\(scheme.rawValue)", "captured": "\(report.captured)",
                    "channels": "\(report.channels)", "simulated": "\(node.settlement.isSimulated)",
                ])
        }
        let failures = reports.reduce(0) { $0 + $1.report.failures.count }
        return failures == 0 ? nil : NotRedeemed(channels: failures)
    }

    private struct NotRedeemed: Error, CustomStringConvertible {
        let channels: Int

        var description: String { "\(channels) channels could not be redeemed" }
    }
}
