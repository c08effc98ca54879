// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Takes a body from whoever makes it, one part at a time: the next is taken when the last one is out.
///
/// So whoever makes the body waits while its stream is paused, and so does an upstream behind it.
final class BodyPipe: ResponseBodyWriter, Sendable {
    private struct State {
        var waiting: CheckedContinuation<Void, any Error>?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let hand: @Sendable (ByteBuffer) -> Void

    /// - Parameter hand: Told each part once.
    init(_ hand: @escaping @Sendable (ByteBuffer) -> Void) { self.hand = hand }

    func write(_ buffer: ByteBuffer) async throws {
        guard buffer.readableBytes > 0 else { return }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let isTaken = state.withLock { state in
                guard !state.isClosed, state.waiting == nil else { return false }
                state.waiting = continuation
                return true
            }
            if isTaken { hand(buffer) } else { continuation.resume(throwing: CancellationError()) }
        }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}

    /// The last part is out: the next may come.
    func taken() { waiting()?.resume() }

    /// Nothing more is taken.
    func close() {
        state.withLock { $0.isClosed = true }
        waiting()?.resume(throwing: CancellationError())
    }

    private func waiting() -> CheckedContinuation<Void, any Error>? {
        state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
    }
}
