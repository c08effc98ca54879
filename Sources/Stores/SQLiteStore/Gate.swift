// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// Counts who is inside, and once it is shut lets nobody else in.
final class Gate: Sendable {
    private struct State {
        var isOpen = true
        var inside = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Lets the caller in, who then has to leave; `false` when the gate is shut.
    func enter() -> Bool {
        state.withLock { state in
            guard state.isOpen else { return false }
            state.inside += 1
            return true
        }
    }

    func leave() {
        let waiting = state.withLock { state in
            state.inside -= 1
            guard state.inside == 0 else { return [] as [CheckedContinuation<Void, Never>] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Shuts the gate and waits until the last one has left.
    func shut() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                state.isOpen = false
                if state.inside > 0 { state.waiting.append(continuation) }
                return state.inside == 0
            }
            if isEmpty { continuation.resume() }
        }
    }
}
