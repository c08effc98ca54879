// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// Work that is being done: whoever asks for the same meanwhile shares the outcome.
final class WorkUnderWay<Key: Hashable & Sendable, Outcome: Sendable>: Sendable {
    private let tasks = Mutex<[Key: Task<Outcome, Never>]>([:])

    /// Does work to its end, also when whoever asked for it does not wait.
    ///
    /// - Parameter key: The same for what must not be done twice at once.
    func run(_ key: Key, _ work: @escaping @Sendable () async -> Outcome) async -> Outcome {
        await share(key, work).outcome
    }

    /// The same.
    ///
    /// - Returns: What came of it, and whether it is this caller's work, or another's that was under way.
    func share(
        _ key: Key, _ work: @escaping @Sendable () async -> Outcome
    ) async -> (outcome: Outcome, isOwn: Bool) {
        let (task, isOwn) = begin(key, work)
        return (await task.value, isOwn)
    }

    private func begin(
        _ key: Key, _ work: @escaping @Sendable () async -> Outcome
    ) -> (task: Task<Outcome, Never>, isOwn: Bool) {
        tasks.withLock { tasks in
            if let task = tasks[key] { return (task, false) }
            let task = Task {
                let outcome = await work()
                self.tasks.withLock { $0[key] = nil }
                return outcome
            }
            tasks[key] = task
            return (task, true)
        }
    }
}

extension WorkUnderWay {
    /// Does work that may fail; whoever is told to stop waits for it no more, and it goes on.
    func attempt<Value>(
        _ key: Key, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value where Outcome == Result<Value, any Error> {
        let (task, _) = begin(key) {
            do { return .success(try await work()) } catch { return .failure(error) }
        }
        let (outcomes, told) = AsyncStream.makeStream(of: Outcome.self)
        Task {
            told.yield(await task.value)
            told.finish()
        }
        for await outcome in outcomes { return try outcome.get() }
        throw CancellationError()
    }
}
