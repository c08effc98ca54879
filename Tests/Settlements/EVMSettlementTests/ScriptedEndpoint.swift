// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A real HTTP server on loopback that says what a test tells it to say.
final class ScriptedEndpoint: Sendable {
    enum Reply: Sendable {
        case body(String, status: HTTPResponseStatus = .ok, headers: HTTPHeaders = [:])
        /// The head of an answer, and then nothing for ever.
        case headOnly
        case silence
        case hangUp

        static func json(_ json: JSON) -> Reply { .body(json.text) }
    }

    struct Request: Sendable {
        let head: HTTPRequestHead
        let json: JSON
        /// The calls in it, one or several.
        var calls: [JSON] { json.arrayValue ?? [json] }
    }

    private let answer: @Sendable (Request) -> Reply
    private let asked = Mutex<[Request]>([])
    private let listening = Mutex<(any Channel)?>(nil)

    private init(_ answer: @escaping @Sendable (Request) -> Reply) { self.answer = answer }

    /// Lets a test talk to a server for as long as the closure runs.
    static func open(
        _ answer: @escaping @Sendable (Request) -> Reply, _ body: (ScriptedEndpoint) async throws -> Void
    ) async throws {
        let endpoint = ScriptedEndpoint(answer)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(endpoint))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        endpoint.listening.withLock { $0 = channel }
        do { try await body(endpoint) } catch {
            try? await channel.close()
            throw error
        }
        try await channel.close()
    }

    var host: String { "127.0.0.1:\(listening.withLock { $0?.localAddress?.port } ?? 0)" }
    /// All that it was asked so far.
    var requests: [Request] { asked.withLock(\.self) }
    /// All calls of a method so far.
    func calls(of method: String) -> [JSON] {
        requests.flatMap(\.calls).filter { $0["method"]?.stringValue == method }
    }

    fileprivate func reply(to request: Request) -> Reply {
        asked.withLock { $0.append(request) }
        return answer(request)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let endpoint: ScriptedEndpoint
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(_ endpoint: ScriptedEndpoint) { self.endpoint = endpoint }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body.clear()
            case .body(var part): body.writeBuffer(&part)
            case .end: finish(context)
            }
        }

        private func finish(_ context: ChannelHandlerContext) {
            guard let head else { return }
            let json = (try? JSON.parse(Array(buffer: body))) ?? .null
            switch endpoint.reply(to: Request(head: head, json: json)) {
            case .silence: break
            case .hangUp: context.close(promise: nil)
            case .headOnly:
                write(.head(HTTPResponseHead(version: .http1_1, status: .ok)), context)
                context.flush()
            case .body(let text, let status, let headers):
                var headers = headers
                headers.replaceOrAdd(name: "Content-Length", value: "\(text.utf8.count)")
                write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), context)
                write(.body(.byteBuffer(ByteBuffer(string: text))), context)
                write(.end(nil), context)
                context.flush()
            }
        }

        private func write(_ part: HTTPServerResponsePart, _ context: ChannelHandlerContext) {
            context.write(wrapOutboundOut(part), promise: nil)
        }
    }
}
