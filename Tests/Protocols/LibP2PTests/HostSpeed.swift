// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Foundation
import Testing

@testable import FarthingLibP2P

/// How fast two hosts talk on the loopback; runs only when asked, since a debug build tells nothing.
@Suite("How fast", .enabled(if: ProcessInfo.processInfo.environment["FARTHING_MEASURE"] != nil))
struct HostSpeed {
    @Test("One stream")
    func oneStream() async throws {
        try await HostPair.run { pair in
            try pair.serveEcho()
            try pair.listener.handle("/sink") { stream in
                var count = 0
                for try await piece in stream { count += piece.count }
                try await stream.write("\(count)")
            }
            let clock = ContinuousClock()
            for _ in 0..<3 {
                let sink = try await pair.dialer.open("/sink", to: pair.address)
                let piece = Samples.random(1 << 20)
                let time = try await clock.measure {
                    for _ in 0..<512 { try await sink.write(piece) }
                    sink.closeWrite()
                    _ = try await sink.readToEnd(limit: 100)
                }
                print("one way: \(512 / (time / .seconds(1))) MiB/s")
            }
            let echo = try await pair.dialer.open("/echo/1.0.0", to: pair.address)
            let message = Samples.random(32)
            for _ in 0..<3 {
                let time = try await clock.measure {
                    for _ in 0..<20_000 {
                        try await echo.write(message)
                        _ = try await echo.read(exactly: 32)
                    }
                }
                print("round trips: \(20_000 / (time / .seconds(1)))/s")
            }
            let dial = try await clock.measure {
                for _ in 0..<200 { await (try await pair.dialer.dial(pair.address)).close() }
            }
            print("dials: \(200 / (dial / .seconds(1)))/s")
        }
    }
}
