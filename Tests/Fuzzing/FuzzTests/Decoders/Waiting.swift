// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
import Synchronization

/// Does asynchronous work for a caller that cannot wait for it otherwise.
///
/// Only for threads of one's own: a task that blocked would take a thread from all others.
final class Waiting<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    private init() {}

    static func result(of work: @escaping @Sendable () async throws -> Value) throws -> Value {
        let waiting = Waiting()
        Task.detached {
            do {
                let value = try await work()
                waiting.result.withLock { $0 = .success(value) }
            } catch {
                waiting.result.withLock { $0 = .failure(error) }
            }
            waiting.done.signal()
        }
        waiting.done.wait()
        return try waiting.result.withLock { $0 }?.get() ?? { throw CancellationError() }()
    }
}
