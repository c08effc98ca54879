// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// Runs what blocks on a thread of its own, so that nobody waits for somebody else's socket.
func onOwnThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result(catching: work)) }
    }
}

/// Asks again and again until the answer is yes.
///
/// - Returns: `false` when it was still no at the end.
func eventually(
    within limit: Duration, every pause: Duration = .milliseconds(10), _ holds: () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while true {
        if try await holds() { return true }
        guard ContinuousClock.now < end else { return false }
        try await Task.sleep(for: pause)
    }
}
