// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird
import NIOCore
import NIOHTTP1
import NIOPosix

/// Servers that only say hello: what the paying ones are held against.
enum PlainServer {
    static let greeting = "Hello, world!"

    static func runHummingbird() async throws {
        let router = Router()
        router.get("hello") { _, _ in greeting }
        try await Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ServeBenchCommand.announce(port: $0.localAddress?.port ?? 0) }, logger: Payee.logger
        ).run()
    }

    static func runNIO() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(Greeter())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        ServeBenchCommand.announce(port: channel.localAddress?.port ?? 0)
        try await channel.closeFuture.get()
    }

    /// Answers every request alike.
    private final class Greeter: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let body = ByteBuffer(string: greeting)
        private let headers = HTTPHeaders([
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "\(greeting.utf8.count)"),
        ])

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.write(wrapOutboundOut(.end(nil)), promise: nil)
        }

        /// Requests that came together are answered together.
        func channelReadComplete(context: ChannelHandlerContext) { context.flush() }
    }
}
