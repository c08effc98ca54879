// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// Holds up whoever comes while it is down, until a test lifts it.
final class Barrier: Sendable {
    private struct State {
        var isDown = false
        var held: [CheckedContinuation<Void, Never>] = []
        var watcher: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())

    func lower() { state.withLock { $0.isDown = true } }

    func lift() {
        let held = state.withLock { state in
            defer { state.held = [] }
            state.isDown = false
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Lets those go who are held up, and holds up whoever comes next.
    func letPass() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let (isHeld, watcher) = state.withLock { state in
                guard state.isDown else { return (false, state.watcher) }
                state.held.append(continuation)
                guard let watcher = state.watcher, state.held.count >= watcher.count else { return (true, nil) }
                state.watcher = nil
                return (true, watcher)
            }
            if !isHeld { continuation.resume() } else { watcher?.continuation.resume() }
        }
    }

    /// Waits until so many are held up.
    func hold(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                guard state.held.count < count else { return true }
                state.watcher = (count, continuation)
                return false
            }
            if isReached { continuation.resume() }
        }
    }
}
