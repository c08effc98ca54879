// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// The values of a node as they change, the present ones first.
///
/// Of each key only the newest value waits to be taken, so that a slow reader skips what was overwritten and never
/// misses what stays. Ends when the client is closed. One reader at a time.
public struct GunChanges: AsyncSequence, Sendable {
    public typealias Element = GunChange
    public typealias Failure = Never

    private let subscription: Subscription

    init(_ buffer: ChangeBuffer, onEnd: @escaping @Sendable () -> Void) {
        subscription = Subscription(buffer: buffer, onEnd: onEnd)
    }

    public func makeAsyncIterator() -> Iterator { Iterator(subscription: subscription) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let subscription: Subscription

        public mutating func next() async -> GunChange? { await subscription.buffer.next() }

        public mutating func next(isolation actor: isolated (any Actor)?) async -> GunChange? {
            await subscription.buffer.next()
        }
    }

    /// Ends with the last one who holds it.
    fileprivate final class Subscription: Sendable {
        let buffer: ChangeBuffer
        private let onEnd: @Sendable () -> Void

        init(buffer: ChangeBuffer, onEnd: @escaping @Sendable () -> Void) {
            self.buffer = buffer
            self.onEnd = onEnd
        }

        deinit { onEnd() }
    }
}

/// What waits for the reader of a sequence of changes: at most one value a key.
final class ChangeBuffer: Sendable {
    private struct State: Sendable {
        var order: [NodeKey] = []
        var first = 0
        var changes: [NodeKey: GunChange] = [:]
        var isFinished = false
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func offer(_ changes: [GunChange]) {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.isFinished else { return nil }
            for change in changes where state.changes.updateValue(change, forKey: change.key) == nil {
                state.order.append(change.key)
            }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    func finish() {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isFinished = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    private enum Turn {
        case change(GunChange)
        case end
        case wait
    }

    func next() async -> GunChange? {
        while true {
            let turn = state.withLock { state -> Turn in
                if state.first < state.order.count {
                    let key = state.order[state.first]
                    state.first += 1
                    if state.first == state.order.count {
                        state.order = []
                        state.first = 0
                    }
                    if let change = state.changes.removeValue(forKey: key) { return .change(change) }
                }
                return state.isFinished ? .end : .wait
            }
            switch turn {
            case .change(let change): return change
            case .end: return nil
            case .wait: if Task.isCancelled { return nil }
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let earlier = state.withLock { state -> CheckedContinuation<Void, Never>? in
                        if state.first < state.order.count || state.isFinished || Task.isCancelled {
                            return continuation
                        }
                        defer { state.reader = continuation }
                        return state.reader
                    }
                    earlier?.resume()
                }
            } onCancel: {
                let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
                    defer { state.reader = nil }
                    return state.reader
                }
                reader?.resume()
            }
        }
    }
}
