// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird
import Logging
import ServiceLifecycle

/// What the hotspot is connected to, simulated: a packet every tenth of a second, for as long as somebody takes them.
final class Uplink: Service {
    private let ports: AsyncStream<Int>
    private let told: AsyncStream<Int>.Continuation
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
        (ports, told) = AsyncStream.makeStream(of: Int.self)
    }

    /// Where it listens, once it does.
    func address() async -> String? {
        for await port in ports { return "http://127.0.0.1:\(port)" }
        return nil
    }

    func run() async throws {
        let router = Router()
        router.get("/uplink") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    for number in 1... {
                        try await Task.sleep(for: .milliseconds(100))
                        // It returns when there is room: a stream that is paused holds the uplink back.
                        try await writer.write(ByteBuffer(string: "packet \(number)\n"))
                    }
                    try await writer.finish(nil)
                })
        }
        let told = told
        let app = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                told.yield(channel.localAddress?.port ?? 0)
                told.finish()
            }, logger: logger)
        try await app.run()
    }
}
