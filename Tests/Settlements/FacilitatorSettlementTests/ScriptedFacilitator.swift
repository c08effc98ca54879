// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

/// A facilitator that answers what the test tells it to, over real connections, and keeps what it was asked.
final class ScriptedFacilitator: Sendable {
    /// What becomes of a request.
    enum Reply: Sendable {
        case json(JSON)
        case status(Int, String)
        /// No answer, for as long as the asker waits.
        case silence
        /// The connection is closed without a word.
        case cut
        /// The head of an answer, a part of its body, and then nothing more.
        case stall
    }

    struct Asked: Sendable {
        let path: String
        let body: JSON
        var payload: JSON { body["paymentPayload"]?["payload"] ?? .null }
        var type: String { payload["type"]?.stringValue ?? "" }
    }

    private let state: Mutex<(script: [Reply], asked: [Asked])>
    private let rule: @Sendable (Asked) -> Reply?

    /// - Parameters:
    ///   - script: Replies in the order of the requests that `rule` does not answer.
    ///   - rule: Answers a request by itself, or `nil`.
    init(_ script: [Reply] = [], rule: @escaping @Sendable (Asked) -> Reply? = { _ in nil }) {
        state = Mutex((script, []))
        self.rule = rule
    }

    var asked: [Asked] { state.withLock { $0.asked } }
    var types: [String] { asked.map { "\($0.path) \($0.type)" } }
    /// Replies that nobody asked for.
    var left: Int { state.withLock { $0.script.count } }

    private func reply(to asked: Asked) -> Reply {
        let ruled = rule(asked)
        return state.withLock { state in
            state.asked.append(asked)
            if let ruled { return ruled }
            return state.script.isEmpty ? .status(418, "no more replies") : state.script.removeFirst()
        }
    }

    // MARK: - Serving

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPPart<HTTPResponseHead, ByteBuffer>>

    /// Serves on a free port for as long as the closure runs.
    func run<Result: Sendable>(_ body: (String) async throws -> Result) async throws -> Result {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(to: SocketAddress(ipAddress: "127.0.0.1", port: 0)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(WholeBuffers())
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        let port = try #require(server.channel.localAddress?.port)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { try? await self.serve(connection) }
                        }
                        group.cancelAll()
                    }
                }
            }
            let outcome: Swift.Result<Result, any Error>
            do { outcome = .success(try await body("http://127.0.0.1:\(port)")) } catch { outcome = .failure(error) }
            try await server.channel.close()
            return try outcome.get()
        }
    }

    private func serve(_ connection: Connection) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var path = ""
            var bytes: [UInt8] = []
            for try await part in inbound {
                switch part {
                case .head(let head): (path, bytes) = (head.uri, [])
                case .body(let buffer): bytes += Array(buffer.readableBytesView)
                case .end:
                    let body = bytes.isEmpty ? JSON.null : try JSON.parse(bytes)
                    switch reply(to: Asked(path: path, body: body)) {
                    case .json(let json): try await write(json.text, status: 200, to: outbound)
                    case .status(let status, let text): try await write(text, status: status, to: outbound)
                    case .silence: continue
                    case .cut: return
                    case .stall:
                        let headers: HTTPHeaders = ["Content-Length": "1000"]
                        try await outbound.write(
                            .head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)))
                        try await outbound.write(.body(ByteBuffer(string: "{")))
                    }
                }
            }
        }
    }

    private func write(
        _ text: String, status: Int, to outbound: NIOAsyncChannelOutboundWriter<HTTPPart<HTTPResponseHead, ByteBuffer>>
    ) async throws {
        let headers: HTTPHeaders = ["Content-Length": "\(text.utf8.count)", "Content-Type": "application/json"]
        try await outbound.write(
            .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)))
        try await outbound.write(.body(ByteBuffer(string: text)))
        try await outbound.write(.end(nil))
    }
}

/// Lets a server write plain buffers.
private final class WholeBuffers: ChannelOutboundHandler {
    typealias OutboundIn = HTTPPart<HTTPResponseHead, ByteBuffer>
    typealias OutboundOut = HTTPServerResponsePart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part: HTTPServerResponsePart =
            switch unwrapOutboundIn(data) {
            case .head(let head): .head(head)
            case .body(let buffer): .body(.byteBuffer(buffer))
            case .end(let trailers): .end(trailers)
            }
        context.write(wrapOutboundOut(part), promise: promise)
    }
}
