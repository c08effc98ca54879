// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// A door that a test closes, so that whoever comes to it waits.
final class Door: Sendable {
    private struct State {
        var isOpen = true
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watcher: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())

    func close() { state.withLock { $0.isOpen = false } }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Goes through, or waits until the door is opened.
    func pass() async {
        await withCheckedContinuation { continuation in
            let watcher: CheckedContinuation<Void, Never>? = state.withLock { state in
                guard !state.isOpen else {
                    continuation.resume()
                    return nil
                }
                state.waiting.append(continuation)
                guard let watcher = state.watcher, watcher.count <= state.waiting.count else { return nil }
                state.watcher = nil
                return watcher.continuation
            }
            watcher?.resume()
        }
    }

    /// Returns when so many wait before the closed door.
    func untilWaiting(_ count: Int) async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.waiting.count >= count {
                    continuation.resume()
                } else {
                    state.watcher = (count, continuation)
                }
            }
        }
    }
}
