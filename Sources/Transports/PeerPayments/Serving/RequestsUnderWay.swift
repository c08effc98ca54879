// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// The requests of one stream that were not answered yet.
final class RequestsUnderWay: Sendable {
    private struct State {
        /// `nil` for one that no task works on.
        var tasks: [UInt32: Task<Void, Never>?] = [:]
        var isOver = false
        /// Whoever waits until at most so many are left.
        var waiting: (limit: Int, turn: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())

    /// What became of a wish to begin.
    enum Beginning {
        case begun
        /// A request of that id is under way.
        case taken
        /// Too many are: wait for fewer.
        case crowded
    }

    /// - Parameter most: How many may be under way with this one.
    func begin(_ id: UInt32, most: Int) -> Beginning {
        state.withLock { state in
            guard state.tasks.count < most else { return .crowded }
            guard state.tasks[id] == nil else { return .taken }
            state.tasks[id] = .some(nil)
            return .begun
        }
    }

    /// Has a task work on a request; its end is the request's.
    func run(_ id: UInt32, _ work: @escaping @Sendable () async -> Void) {
        let task = Task {
            await work()
            end(id)
        }
        let isCancelled = state.withLock { state in
            if state.tasks[id] != nil { state.tasks[id] = .some(task) }
            return state.isOver
        }
        if isCancelled { task.cancel() }
    }

    func end(_ id: UInt32) { end([id]) }

    func end(_ ids: [UInt32]) {
        let turn = state.withLock { state in
            for id in ids { state.tasks[id] = nil }
            guard let waiting = state.waiting, state.tasks.count <= waiting.limit else {
                return nil as CheckedContinuation<Void, Never>?
            }
            state.waiting = nil
            return waiting.turn
        }
        turn?.resume()
    }

    /// Nobody waits for this one any more.
    func cancel(_ id: UInt32) { state.withLock { $0.tasks[id] ?? nil }?.cancel() }

    func cancelAll() {
        let tasks = state.withLock { state in
            state.isOver = true
            return state.tasks.values.compactMap(\.self)
        }
        for task in tasks { task.cancel() }
    }

    /// Waits until at most so many are left; one may wait at a time.
    func waitForAtMost(_ limit: Int) async {
        await withCheckedContinuation { turn in
            let mayGo = state.withLock { state in
                if state.tasks.count <= limit { return true }
                state.waiting = (limit, turn)
                return false
            }
            if mayGo { turn.resume() }
        }
    }
}
