// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

@testable import FarthingHTTP402
@testable import FarthingX402

/// Servers on free ports of this machine.
enum House {
    /// Tests run side by side, and what waits for its turn is not to be taken for lost.
    static let patient = Gateway.Limits(
        connectTimeout: .seconds(120), responseTimeout: .seconds(120), silenceTimeout: .seconds(120))

    /// Gives up an upstream after so long.
    static func impatient(_ time: Duration) -> Gateway.Limits {
        Gateway.Limits(connectTimeout: .seconds(120), responseTimeout: time, silenceTimeout: time)
    }

    typealias Handler = @Sendable (Request, BasicRequestContext) async throws -> Response

    /// Serves on a free port for as long as the closure runs.
    static func serve<Result: Sendable>(
        _ handler: @escaping Handler, handlers: @escaping @Sendable () -> [any RemovableChannelHandler] = { [] },
        _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        try await serve(CallbackResponder(callback: handler), handlers: handlers, body)
    }

    /// Serves on a free port for as long as the closure runs.
    ///
    /// Nobody connects but the test itself: Hummingbird's own client may still be connecting when a short test is over.
    static func serve<Result: Sendable>(
        _ responder: some HTTPResponder<BasicRequestContext>,
        handlers: @escaping @Sendable () -> [any RemovableChannelHandler] = { [] },
        _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let app = Application(
            responder: responder, server: .http1(configuration: .init(additionalChannelHandlers: handlers())),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                if let port = channel.localAddress?.port { listening.yield(port) }
                listening.finish()
            }, logger: quiet)
        let services = ServiceGroup(configuration: .init(services: [app], logger: quiet))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            guard let port = await ports.first(where: { _ in true }) else { throw NoPort() }
            let result: Result
            do {
                result = try await body(port)
            } catch {
                await services.triggerGracefulShutdown()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return result
        }
    }

    /// A gateway in front of this port, on a port of its own.
    static func gateway<Result: Sendable>(
        to upstream: Int, path: String = "", limits: Gateway.Limits = patient,
        _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        try await withGateway(to: upstream, path: path, limits: limits) { gateway in
            try await serve({ try await gateway.respond(to: $0, logger: $1.logger) }, body)
        }
    }

    /// A gateway with a gate before it, on a port of its own.
    static func tollgate<Result: Sendable>(
        to upstream: Int, desk: ScriptedDesk, limits: Gateway.Limits = patient,
        _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        try await tollgate(to: upstream, Gate(prices: try Shop.prices(), desk: desk), limits: limits, body)
    }

    /// A gateway with this gate before it, on a port of its own.
    static func tollgate<Result: Sendable>(
        to upstream: Int, _ gate: Gate, limits: Gateway.Limits = patient,
        _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let middleware = PaymentMiddleware<BasicRequestContext>(gate: gate)
        return try await withGateway(to: upstream, limits: limits) { gateway in
            try await serve(
                { request, context in
                    try await middleware.handle(request, context: context) { request, context in
                        try await gateway.respond(
                            to: request, isMetered: gate.sellsStream(request.head), logger: context.logger)
                    }
                }, body)
        }
    }

    static func withGateway<Result>(
        to upstream: Int, path: String = "", limits: Gateway.Limits = patient,
        _ body: (Gateway) async throws -> Result
    ) async throws -> Result {
        let gateway = try Gateway(upstream: "http://127.0.0.1:\(upstream)\(path)", limits: limits)
        let result: Result
        do {
            result = try await body(gateway)
        } catch {
            try? await gateway.shutdown()
            throw error
        }
        try await gateway.shutdown()
        return result
    }

    static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    private struct NoPort: Error {}
}
