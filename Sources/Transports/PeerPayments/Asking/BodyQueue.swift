// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// Parts of one body between whoever receives them and whoever reads them.
final class BodyQueue: Sendable {
    private struct State {
        var parts: [[UInt8]] = []
        var count = 0
        var end: Result<Void, PeerLinkError>?
        var isAbandoned = false
        var reader: CheckedContinuation<Void, Never>?
        var receiver: CheckedContinuation<Void, Never>?
    }

    private static let capacity = 1024 * 1024
    private let state = Mutex(State())

    init(_ bytes: [UInt8] = []) {
        guard !bytes.isEmpty else { return }
        state.withLock { state in
            state.parts = [bytes]
            state.count = bytes.count
        }
    }

    /// Takes a part in, and waits while there is too much.
    func put(_ part: [UInt8]) async {
        let reader = state.withLock { state in
            guard !state.isAbandoned, state.end == nil else { return nil as CheckedContinuation<Void, Never>? }
            // A body that comes byte by byte must not cost more than its bytes while it waits.
            if let last = state.parts.indices.last, state.parts[last].count < PeerLimits.bodyPart {
                state.parts[last] += part
            } else {
                state.parts.append(part)
            }
            state.count += part.count
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
        await withCheckedContinuation { (turn: CheckedContinuation<Void, Never>) in
            let mayGo = state.withLock { state in
                if state.count < Self.capacity || state.isAbandoned || state.end != nil { return true }
                state.receiver = turn
                return false
            }
            if mayGo { turn.resume() }
        }
    }

    func end(_ result: Result<Void, PeerLinkError>) {
        let waiting = state.withLock { state in
            if state.end == nil { state.end = result }
            defer { (state.reader, state.receiver) = (nil, nil) }
            return [state.reader, state.receiver]
        }
        for turn in waiting { turn?.resume() }
    }

    /// Nobody reads it any more.
    func abandon() {
        let receiver = state.withLock { state in
            state.isAbandoned = true
            state.parts = []
            state.count = 0
            defer { state.receiver = nil }
            return state.receiver
        }
        receiver?.resume()
    }

    func next() async throws -> [UInt8]? {
        while true {
            let (part, end, receiver) = state.withLock {
                state -> ([UInt8]?, Result<Void, PeerLinkError>?, CheckedContinuation<Void, Never>?) in
                guard !state.parts.isEmpty else { return (nil, state.end, nil) }
                let part = state.parts.removeFirst()
                state.count -= part.count
                guard state.count < Self.capacity else { return (part, nil, nil) }
                defer { state.receiver = nil }
                return (part, nil, state.receiver)
            }
            receiver?.resume()
            if let part { return part }
            if let end {
                try end.get()
                return nil
            }
            try Task.checkCancellation()
            await withTaskCancellationHandler {
                await withCheckedContinuation { (turn: CheckedContinuation<Void, Never>) in
                    let isThere = state.withLock { state in
                        if !state.parts.isEmpty || state.end != nil { return true }
                        state.reader = turn
                        return false
                    }
                    if isThere { turn.resume() }
                }
            } onCancel: {
                let reader = state.withLock { state in
                    defer { state.reader = nil }
                    return state.reader
                }
                reader?.resume()
            }
        }
    }
}
