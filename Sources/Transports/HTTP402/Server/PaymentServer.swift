// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingX402
import HTTPTypes
public import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle

/// Sells what a function answers: an HTTP server with a ``Gate`` in front, for handlers that wait for nothing.
///
///     let server = PaymentServer(gate: gate, address: .hostname("127.0.0.1", port: 8402)) { request in
///         .text("The weather at \(request.target) is fine.")
///     }
///     try await server.run()
///
/// Payments of payers that are known are taken on the connection's own thread; everything else (offers, deposits,
/// refusals) goes the way of ``PaymentMiddleware``. Both answer alike.
public struct PaymentServer: Service, CustomStringConvertible {
    /// Answers a request that is free or was paid for; `nil` answers 404 and costs nothing.
    ///
    /// It runs on an event loop, so it must not block. It must not change anything either: now and then it is asked for
    /// a request whose payment then turns out not to be taken, and its answer is thrown away. Handlers that take time or
    /// do something stand behind a ``PaymentMiddleware``.
    public typealias Handler = @Sendable (PromptRequest) -> PromptAnswer?

    private let gate: Gate
    private let address: BindAddress
    private let handler: Handler
    private let maximumConnections: Int
    private let logger: Logger
    private let onListening: @Sendable (Int?) async -> Void
    /// From a connection to its first request, and between two parts of a request.
    var requestTimeout = TimeAmount.seconds(30)
    /// Between an answer and the next request.
    var idleTimeout = TimeAmount.seconds(75)

    /// - Parameters:
    ///   - maximumConnections: How many connections are taken at once; a process that runs out of files is ended by the
    ///     system's libraries.
    ///   - onListening: Told the port once connections are taken.
    public init(
        gate: Gate, address: BindAddress, maximumConnections: Int = 512,
        logger: Logger = Logger(label: "farthing.payments"),
        onListening: @escaping @Sendable (Int?) async -> Void = { _ in }, handler: @escaping Handler
    ) {
        self.gate = gate
        self.address = address
        self.maximumConnections = maximumConnections
        self.logger = logger
        self.onListening = onListening
        self.handler = handler
    }

    public var description: String { "payment server" }

    /// Serves until it is asked to stop; requests under way are finished.
    public func run() async throws {
        let (gate, handler, mailboxes) = (gate, handler, LaneMailboxes())
        let (requestTimeout, idleTimeout) = (requestTimeout, idleTimeout)
        let app = Application(
            responder: PaymentResponder(gate: gate, handler: handler),
            server: HTTPServerBuilder { responder in
                PaymentHTTPChannel(
                    responder: responder, gate: gate, handler: handler,
                    maximumHeaderBytes: PaymentPayload.maximumHeaderBytes + 1024, requestTimeout: requestTimeout,
                    idleTimeout: idleTimeout, mailboxes: mailboxes)
            },
            configuration: .init(
                address: address, serverName: "farthing",
                availableConnectionsDelegate: .maximum(maximumConnections, logger: logger)),
            onServerRunning: { [onListening] channel in
                // Else four are taken before those that are there already have their turn, and a payer that opens many
                // at once has its last requests wait for hundreds of others.
                try? await channel.setOption(.maxMessagesPerRead, value: 256).get()
                await onListening(channel.localAddress?.port)
            },
            logger: logger)
        try await app.run()
    }
}
