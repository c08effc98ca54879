// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEVMSettlement
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingPrimitives
import Foundation
import HTTPTypes
import Hummingbird
public import Logging
import NIOCore
import NIOHTTPTypes
public import ServiceLifecycle

/// A facilitator at work: the API on its port, over an embedded ledger or a chain.
///
/// It stops when the process gets SIGTERM or SIGINT: no new connection is taken, and requests under way are finished.
public struct FacilitatorServer: Service, CustomStringConvertible {
    private let configuration: FacilitatorConfiguration
    private let facilitator: Facilitator
    private let settlement: any Settlement
    private let logger: Logger
    private let metrics: (@Sendable () -> String)?
    private let onListening: @Sendable (NodeConfiguration.Endpoint) async -> Void
    /// How long nothing of an answer may leave.
    var unreadTimeout = TimeAmount.seconds(75)

    /// Opens the ledger, or the way to the chain, and the key, and makes those that are not there.
    ///
    /// - Parameters:
    ///   - metrics: The text that is served at `/metrics`; `nil` serves none.
    ///   - onListening: Told the address once connections are taken; the port is the one that the system chose.
    /// - Throws: `StoreError`, `TokenError`, `KeyFileError` or ``ConfigurationError``.
    public init(
        _ configuration: FacilitatorConfiguration, logger: Logger, metrics: (@Sendable () -> String)?,
        onListening: @escaping @Sendable (NodeConfiguration.Endpoint) async -> Void = { _ in }
    ) async throws {
        guard let domain = SettlementDomain(network: configuration.network) else {
            throw ConfigurationError.bad(
                key: "network", value: "\(configuration.network)", why: "it must be an eip155 chain")
        }
        let authorizer = try configuration.authorizerKeyPath.map {
            try AuthorizerKey.openOrCreate($0, accounts: .keccak)
        }
        let settlement: any Settlement
        if let chain = configuration.chain, let authorizer {
            settlement = try chain.open(signer: authorizer)
        } else {
            let ledger = try Ledger(at: configuration.ledgerPath, domain: domain)
            try await ledger.addToken(configuration.token)
            settlement = ledger
        }
        self.settlement = settlement
        facilitator = Facilitator(
            settlement: settlement, tokens: [configuration.token.address], authorizer: authorizer,
            payees: configuration.payees, limits: configuration.limits)
        self.configuration = configuration
        self.logger = logger
        self.metrics = metrics
        self.onListening = onListening
    }

    public var description: String { "facilitator" }

    /// Serves until it is asked to stop.
    ///
    /// - Throws: ``ConfigurationError/portTaken(_:setting:)`` or
    ///   ``ConfigurationError/cannotListen(_:why:setting:)``.
    public func run() async throws {
        let listen = configuration.listen
        let (onListening, unreadTimeout) = (onListening, unreadTimeout)
        var quiet = logger
        if quiet.logLevel == .info { quiet.logLevel = .notice }
        let app = Application(
            responder: FacilitatorResponder(
                facilitator: facilitator, metrics: configuration.servesMetrics ? metrics : nil,
                settling: Readiness.settling(facilitator.settlement)),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        HostRule(), SlowRequestHandler(), UnreadAnswerHandler(timeout: unreadTimeout),
                    ] as [any RemovableChannelHandler],
                    idleTimeout: .seconds(75))),
            configuration: .init(
                address: .hostname(listen.host, port: listen.port), serverName: "farthing",
                availableConnectionsDelegate: .maximum(
                    FileAllowance.connections(files: FileAllowance.raise()), logger: quiet)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? listen.port
                await onListening(NodeConfiguration.Endpoint(host: listen.host, port: port))
            },
            logger: quiet)
        var group = ServiceGroupConfiguration(
            services: [
                .init(
                    service: app, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup, serviceName: "HTTP server")
            ], logger: quiet)
        group.maximumGracefulShutdownDuration = configuration.shutdownTimeout
        do {
            try await ServiceGroup(configuration: group).run(
                listeningOn: "\(listen)", stoppingWithin: configuration.shutdownTimeout, logger: logger)
        } catch {
            await close()
            throw error
        }
        await close()
    }

    /// Ends the connections to a chain.
    private func close() async { await (settlement as? EVMSettlement)?.shutdown() }
}
