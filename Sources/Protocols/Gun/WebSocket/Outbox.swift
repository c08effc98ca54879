// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// What waits to be written to one connection, within a bound.
final class Outbox: Sendable {
    enum Item: Sendable {
        case text([UInt8])
        case pong([UInt8])
        case close(UInt16, String)

        var size: Int {
            switch self {
            case .text(let bytes), .pong(let bytes): bytes.count + 16
            case .close: 16
            }
        }
    }

    private struct State: Sendable {
        var items: [Item] = []
        var bytes = 0
        var isFinished = false
        var reader: CheckedContinuation<Void, Never>?
        var watcher: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Adds an item; `false` when it no longer fits, or nothing is written any more.
    @discardableResult
    func offer(_ item: Item) -> Bool {
        let (isTaken, reader) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isFinished, state.bytes + item.size <= limit else { return (false, nil) }
            state.items.append(item)
            state.bytes += item.size
            defer { state.reader = nil }
            return (true, state.reader)
        }
        reader?.resume()
        return isTaken
    }

    /// Ends it: what waits is still written, and nothing after that.
    func finish(with last: Item? = nil) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>?] in
            if !state.isFinished, let last { state.items.append(last) }
            state.isFinished = true
            defer {
                state.reader = nil
                state.watcher = nil
            }
            return [state.reader, state.watcher]
        }
        for continuation in waiting { continuation?.resume() }
    }

    /// Returns once it has ended, or the task is cancelled, which ends it too.
    func waitUntilFinished() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFinished = state.withLock { state in
                    if !state.isFinished { state.watcher = continuation }
                    return state.isFinished
                }
                if isFinished { continuation.resume() }
            }
        } onCancel: {
            finish()
        }
    }

    /// All that waits, once something does; `nil` when it has ended and nothing is left.
    func next() async -> [Item]? {
        while true {
            let (items, isFinished) = state.withLock { state -> ([Item], Bool) in
                defer {
                    state.items = []
                    state.bytes = 0
                }
                return (state.items, state.isFinished)
            }
            if !items.isEmpty { return items }
            if isFinished || Task.isCancelled { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        guard state.items.isEmpty, !state.isFinished, !Task.isCancelled else { return true }
                        state.reader = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                finish()
            }
        }
    }
}
