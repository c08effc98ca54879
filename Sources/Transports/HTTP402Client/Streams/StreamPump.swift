// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import NIOCore
import Synchronization

/// Reads a body one part ahead, so that whoever waits for the next part can be told something else first.
final class StreamPump: Sendable {
    private enum Slot {
        case empty
        case part(ByteBuffer)
        /// After which there is none, and nobody reads any more.
        case lastPart(ByteBuffer, (any Error)?)
        case over((any Error)?)
    }

    private struct State {
        var slot = Slot.empty
        var taker: CheckedContinuation<ByteBuffer?, any Error>?
        var giver: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let task = Mutex<Task<Void, Never>?>(nil)
    /// Until the reader has it, which alone keeps it: a body that nobody keeps is hung up on.
    private let body: Mutex<HTTPClientResponse.Body?>

    init(_ body: HTTPClientResponse.Body) { self.body = Mutex(body) }

    /// Begins to read.
    ///
    /// - Parameter onPart: Told the length of each part when it has come.
    func begin(onPart: @escaping @Sendable (Int) -> Void) {
        let body = self.body.withLock { $0.take() }
        let reader = Task { [weak self] in
            guard var parts = body?.makeAsyncIterator() else { return }
            do {
                while let part = try await parts.next() {
                    guard let self, !self.isOver else { return }
                    onPart(part.readableBytes)
                    await self.put(part)
                }
                self?.end(nil, keepsPart: true)
            } catch {
                self?.end(error, keepsPart: true)
            }
        }
        task.withLock { $0 = reader }
    }

    deinit { task.withLock { $0?.cancel() } }

    /// The next part; `nil` at the end.
    func next() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await withCheckedThrowingContinuation { continuation in
                take(continuation)
            }
        } onCancel: {
            close(CancellationError())
        }
    }

    /// Nothing more is read, and the connection given up; what was read already can still be taken.
    func finish(_ error: (any Error)?) {
        end(error, keepsPart: true)
        task.withLock { $0?.cancel() }
    }

    /// Nothing more is wanted: the connection is given up.
    func close(_ error: (any Error)? = nil) {
        // First, or the reader that is cancelled tells of that as the reason.
        end(error, keepsPart: false)
        task.withLock { $0?.cancel() }
    }

    private var isOver: Bool {
        state.withLock { state in
            switch state.slot {
            case .over, .lastPart: true
            case .empty, .part: false
            }
        }
    }

    private func take(_ continuation: CheckedContinuation<ByteBuffer?, any Error>) {
        let (result, giver) = state.withLock {
            state -> (Result<ByteBuffer?, any Error>?, CheckedContinuation<Void, Never>?) in
            switch state.slot {
            case .empty:
                state.taker = continuation
                return (nil, nil)
            case .part(let part):
                state.slot = .empty
                defer { state.giver = nil }
                return (.success(part), state.giver)
            case .lastPart(let part, let error):
                state.slot = .over(error)
                return (.success(part), nil)
            case .over(let error):
                return (error.map { .failure($0) } ?? .success(nil), nil)
            }
        }
        giver?.resume()
        if let result { continuation.resume(with: result) }
    }

    private func put(_ part: ByteBuffer) async {
        let taker = state.withLock { state -> CheckedContinuation<ByteBuffer?, any Error>? in
            guard case .empty = state.slot else { return nil }
            guard let taker = state.taker else {
                state.slot = .part(part)
                return nil
            }
            state.taker = nil
            return taker
        }
        if let taker { return taker.resume(returning: part) }
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                guard case .part = state.slot else { return false }
                state.giver = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
    }

    private func end(_ error: (any Error)?, keepsPart: Bool) {
        let (taker, giver) = state.withLock { state in
            defer { (state.taker, state.giver) = (nil, nil) }
            switch state.slot {
            case .part(let part) where keepsPart: state.slot = .lastPart(part, error)
            case .lastPart where keepsPart: break
            case .over: break
            case .empty, .part, .lastPart: state.slot = .over(error)
            }
            return (state.taker, state.giver)
        }
        giver?.resume()
        guard let taker else { return }
        if let error { taker.resume(throwing: error) } else { taker.resume(returning: nil) }
    }
}
