// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore

@testable import FarthingHTTP402

/// Servers on free ports of this machine.
enum House {
    typealias Handler = @Sendable (Request, BasicRequestContext) async throws -> Response

    /// Serves on a free port for as long as the closure runs.
    static func serve<Result: Sendable>(
        _ handler: @escaping Handler, handlers: @escaping @Sendable () -> [any RemovableChannelHandler] = { [] },
        _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let app = Application(
            responder: CallbackResponder(callback: handler),
            server: .http1(configuration: .init(additionalChannelHandlers: handlers())), logger: quiet)
        return try await app.test(.live) { client in
            guard let port = client.port else { throw NoPort() }
            return try await body(port)
        }
    }

    /// A gateway in front of this port, on a port of its own.
    static func gateway<Result: Sendable>(
        to upstream: Int, path: String = "", limits: Gateway.Limits = .init(),
        _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        try await withGateway(to: upstream, path: path, limits: limits) { gateway in
            try await serve({ try await gateway.respond(to: $0, logger: $1.logger) }, body)
        }
    }

    /// A gateway with a gate before it, on a port of its own.
    static func tollgate<Result: Sendable>(
        to upstream: Int, desk: ScriptedDesk, limits: Gateway.Limits = .init(),
        _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let gate = Gate(prices: try Shop.prices(), desk: desk)
        let middleware = PaymentMiddleware<BasicRequestContext>(gate: gate)
        return try await withGateway(to: upstream, limits: limits) { gateway in
            try await serve(
                { request, context in
                    try await middleware.handle(request, context: context) { request, context in
                        try await gateway.respond(to: request, logger: context.logger)
                    }
                }, body)
        }
    }

    static func withGateway<Result>(
        to upstream: Int, path: String = "", limits: Gateway.Limits = .init(),
        _ body: (Gateway) async throws -> Result
    ) async throws -> Result {
        let gateway = try Gateway(upstream: "http://localhost:\(upstream)\(path)", limits: limits)
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
