// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// Lines that are told together, in their order, once all of them can be.
final class Announcements: Sendable {
    private struct State {
        var missing: Int
        var lines: [(place: Int, tell: @Sendable () -> Void)] = []
    }

    private let state: Mutex<State>

    init(waitingFor count: Int) { state = Mutex(State(missing: count)) }

    /// - Parameter place: Where the line stands among the others.
    func add(at place: Int, _ tell: @escaping @Sendable () -> Void) {
        let due = state.withLock { state in
            state.missing -= 1
            state.lines.append((place, tell))
            guard state.missing <= 0 else { return [] as [(place: Int, tell: @Sendable () -> Void)] }
            defer { state.lines = [] }
            return state.lines.sorted { $0.place < $1.place }
        }
        for line in due { line.tell() }
    }
}
