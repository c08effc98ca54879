// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import Synchronization
import UnixSignals

/// Ends work in good order when Ctrl-C or SIGTERM comes, and at once when a second one does.
enum Interruption {
    /// - Source: what shells report for a program that SIGINT ended: 128 + 2.
    static let exitCode: Int32 = 130

    /// - Returns: What the work came to, and whether a signal cancelled it.
    static func watching<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async -> (result: Result<Value, any Error>, wasInterrupted: Bool) {
        let wasInterrupted = Interrupted()
        let task = Task { try await work() }
        let watch = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
                if wasInterrupted.note() { Foundation.exit(exitCode) }
                task.cancel()
            }
        }
        let result = await task.result
        watch.cancel()
        return (result, wasInterrupted.isNoted)
    }

    private final class Interrupted: Sendable {
        private let noted = Mutex(false)
        var isNoted: Bool { noted.withLock { $0 } }

        /// - Returns: Whether it was noted before.
        func note() -> Bool {
            noted.withLock { noted in
                defer { noted = true }
                return noted
            }
        }
    }
}
