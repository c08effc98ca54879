// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// The requests of one stream that were not answered yet.
final class RequestsUnderWay: Sendable {
    fileprivate enum Entry {
        /// A payment that waits for nothing but the disk.
        case charging
        /// A task answers it, or will in a moment.
        case answering(Task<Void, Never>?)
    }

    /// How many there may be when somebody goes on that waits.
    private struct Room {
        let all: Int
        let answering: Int
    }

    private struct State {
        var entries: [UInt32: Entry] = [:]
        /// How many of them are answered by tasks.
        var answering = 0
        /// Those nobody waits for any more, of which the task was not there yet.
        var calledOff: Set<UInt32> = []
        var isOver = false
        var waiting: (room: Room, turn: CheckedContinuation<Void, Never>)?

        func has(_ room: Room) -> Bool { entries.count <= room.all && answering <= room.answering }
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
            guard state.has(Self.room(for: most)) else { return .crowded }
            guard state.entries[id] == nil else { return .taken }
            state.entries[id] = .charging
            return .begun
        }
    }

    /// Has a task work on a request; its end is the request's.
    func run(_ id: UInt32, _ work: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            guard case .charging = state.entries[id] else { return }
            state.entries[id] = .answering(nil)
            state.answering += 1
        }
        let task = Task {
            await work()
            end(id)
        }
        let isCancelled = state.withLock { state in
            if case .answering = state.entries[id] { state.entries[id] = .answering(task) }
            return state.isOver || state.calledOff.contains(id)
        }
        if isCancelled { task.cancel() }
    }

    func end(_ id: UInt32) { end([id]) }

    func end(_ ids: [UInt32]) {
        let turn = state.withLock { state in
            for id in ids {
                state.calledOff.remove(id)
                if case .answering = state.entries.removeValue(forKey: id) { state.answering -= 1 }
            }
            guard let waiting = state.waiting, state.has(waiting.room) else {
                return nil as CheckedContinuation<Void, Never>?
            }
            state.waiting = nil
            return waiting.turn
        }
        turn?.resume()
    }

    /// Nobody waits for this one any more.
    func cancel(_ id: UInt32) {
        let task = state.withLock { state in
            guard let entry = state.entries[id] else { return nil as Task<Void, Never>? }
            if entry.task == nil { state.calledOff.insert(id) }
            return entry.task
        }
        task?.cancel()
    }

    func cancelAll() {
        let tasks = state.withLock { state in
            state.isOver = true
            return state.entries.values.compactMap(\.task)
        }
        for task in tasks { task.cancel() }
    }

    /// Waits until one more may begin; one may wait at a time, here or for the end of all.
    func waitForRoom(most: Int) async { await wait(for: Self.room(for: most)) }

    /// Waits until none is left.
    func waitForAll() async { await wait(for: Room(all: 0, answering: 0)) }

    private static func room(for most: Int) -> Room {
        Room(all: most - 1, answering: PeerLimits.requestsUnderWay - 1)
    }

    private func wait(for room: Room) async {
        await withCheckedContinuation { turn in
            let mayGo = state.withLock { state in
                if state.has(room) { return true }
                state.waiting = (room, turn)
                return false
            }
            if mayGo { turn.resume() }
        }
    }
}

extension RequestsUnderWay.Entry {
    fileprivate var task: Task<Void, Never>? { if case .answering(let task) = self { task } else { nil } }
}
