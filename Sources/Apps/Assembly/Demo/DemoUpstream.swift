// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// A small API that knows nothing of payments: the climate of a few cities.
struct DemoUpstream: Service, CustomStringConvertible {
    /// Known once it listens.
    let address: Task<String, any Error>
    private let told: AsyncThrowingStream<String, any Error>.Continuation
    private let logger: Logger

    init(logger: Logger) {
        let (stream, told) = AsyncThrowingStream.makeStream(of: String.self)
        self.told = told
        self.logger = logger
        address = Task {
            for try await address in stream { return address }
            throw CancellationError()
        }
    }

    var description: String { "upstream" }

    func run() async throws {
        let router = Router()
        router.get("/") { _, _ in "Try /weather/lisbon\n" }
        router.get("/weather/{city}") { _, context -> Response in
            let city = context.parameters.get("city")?.lowercased() ?? ""
            guard let climate = Self.climates[city] else { throw HTTPError(.notFound) }
            let json: JSON = [
                "city": .string(city), "july": ["high": .integer(climate.high), "low": .integer(climate.low)],
                "unit": "°C",
            ]
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
        }
        var quiet = logger
        quiet.logLevel = .error
        let told = told
        let app = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                told.yield("http://127.0.0.1:\(channel.localAddress?.port ?? 0)")
                told.finish()
            }, logger: quiet)
        do {
            try await app.run()
        } catch {
            told.finish(throwing: error)
            throw error
        }
    }

    /// Cities of the demo.
    static let cities = climates.keys.sorted()

    /// Mean daily high and low in July.
    ///
    /// - Source: World Meteorological Organization, climate normals 1991–2020, rounded.
    private static let climates: [String: (high: Int, low: Int)] = [
        "lisbon": (28, 18), "oslo": (23, 13), "vienna": (28, 17), "athens": (34, 25), "reykjavik": (15, 9),
        "london": (24, 15), "madrid": (34, 20), "helsinki": (22, 15),
    ]
}
