// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization
import Testing

@testable import FarthingHTTP402Client

@Suite("An alarm", .timeLimit(.minutes(1)))
struct AlarmTests {
    @Test func `rings once, however often it was set`() async throws {
        let (rings, ring) = AsyncStream.makeStream(of: Void.self)
        var alarm = Alarm { ring.yield() }
        for _ in 0..<1000 { alarm.set(to: .seconds(1)) }
        var count = 0
        for await _ in rings {
            count += 1
            guard count == 1 else { continue }
            // Whatever was set before would ring about now.
            Task {
                try await Task.sleep(for: .milliseconds(500))
                ring.finish()
            }
        }
        #expect(count == 1)
    }

    @Test func `does not ring any more once it is stopped`() async throws {
        let hasRung = Mutex(false)
        var alarm = Alarm { hasRung.withLock { $0 = true } }
        alarm.set(to: .seconds(1))
        alarm.stop()
        try await Task.sleep(for: .milliseconds(1500))
        #expect(!hasRung.withLock { $0 })
    }
}
