// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The API behind a market's gate.
///
/// It counts how often it was asked for what.
final class MarketUpstream: Service {
    let address: Task<String, any Error>
    private let told: AsyncThrowingStream<String, any Error>.Continuation
    private let logger: Logger
    private let counts = Mutex<[String: Int]>([:])

    init(logger: Logger) {
        let (stream, told) = AsyncThrowingStream.makeStream(of: String.self)
        self.told = told
        self.logger = logger
        address = Task {
            for try await address in stream { return address }
            throw CancellationError()
        }
    }

    /// How often a path was served.
    func calls(of path: String) -> Int { counts.withLock { $0[path] ?? 0 } }

    /// How often anything was served whose path begins so.
    func calls(below prefix: String) -> Int {
        counts.withLock { $0.filter { $0.key.hasPrefix(prefix) }.values.reduce(0, +) }
    }

    /// How often anything was served.
    var calls: Int { counts.withLock { $0.values.reduce(0, +) } }

    func run() async throws {
        let router = Router()
        router.get("/**") { [self] request, _ in try await answer(request) }
        router.post("/**") { [self] request, _ in try await answer(request) }
        let told = told
        let app = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                told.yield("http://127.0.0.1:\(channel.localAddress?.port ?? 0)")
                told.finish()
            }, logger: logger)
        try await app.run()
    }

    /// `count` parts of `size` bytes, with `pause` milliseconds between them, under `status`.
    private func stream(
        of request: Request, isBroken: Bool = false, _ part: @escaping @Sendable (Int, Int) -> String
    ) -> Response {
        func number(_ name: Substring) -> Int { request.uri.queryParameters[name].flatMap { Int($0) } ?? 0 }
        let (count, size, pause) = (number("count"), number("size"), number("pause"))
        return Response(
            status: HTTPResponse.Status(code: max(number("status"), 200)),
            body: ResponseBody { writer in
                for index in 1...max(count, 1) {
                    if index > 1, pause > 0 {
                        try await cancelWhenGracefulShutdown { try await Task.sleep(for: .milliseconds(pause)) }
                    }
                    try await writer.write(ByteBuffer(string: part(index, size)))
                }
                if isBroken { throw HTTPError(.internalServerError) }
                try await writer.finish(nil)
            })
    }

    private func answer(_ request: Request) async throws -> Response {
        counts.withLock { $0[request.uri.path, default: 0] += 1 }
        switch request.uri.path.split(separator: "/").last {
        case "slow":
            let pause = request.uri.queryParameters["pause"].flatMap { Int($0) } ?? 0
            // The work goes on although nobody waits for it any more.
            await Task { try? await Task.sleep(for: .milliseconds(pause)) }.value
            return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "late\n")))
        case "nothing": return Response(status: .noContent)
        case "seen":
            // The head as it came here.
            let lines = request.headers.map { "\($0.name.canonicalName): \($0.value)\n" }
            let text = "host: \(request.head.authority ?? "")\n" + lines.joined()
            return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        case "fail": return Response(status: .internalServerError)
        case "metered":
            let cost = request.uri.queryParameters["cost"].map(String.init) ?? "700"
            guard let name = HTTPField.Name("Settlement-Overrides") else { throw HTTPError(.internalServerError) }
            return Response(
                status: .ok, headers: [name: "{\"amount\":\"\(cost)\"}"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "metered\n")))
        case "parts": return stream(of: request) { _, size in String(repeating: "x", count: size) }
        case "broken": return stream(of: request, isBroken: true) { _, size in String(repeating: "x", count: size) }
        case "events":
            var response = stream(of: request) { "data: \($0) " + String(repeating: "x", count: $1) + "\n\n" }
            response.headers[.contentType] = "text/event-stream"
            return response
        case "echo": return Response(status: .ok, body: ResponseBody(asyncSequence: request.body))
        default:
            return Response(
                status: .ok, headers: [.contentType: "text/plain"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "sunny\n")))
        }
    }
}
