// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird
import NIOCore
import Synchronization

/// Whether the client of one request has gone away, seen from both directions.
final class ClientWatch: Sendable {
    private let gone = Mutex(false)

    var hasGone: Bool { gone.withLock { $0 } }

    /// Reading from the client or writing to it failed.
    func saw(_ error: any Error) {
        // A task that is cancelled is this side's doing, and so is where a batch's answers are collected.
        if !(error is CancellationError || error is BodySink.Full) { gone.withLock { $0 = true } }
    }
}

/// A request's body that remembers whether the client broke it off.
struct WatchedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBody
    let client: ClientWatch

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: body.makeAsyncIterator(), client: client) }

    struct AsyncIterator: AsyncIteratorProtocol {
        var base: RequestBody.AsyncIterator
        let client: ClientWatch

        @concurrent mutating func next() async throws -> ByteBuffer? {
            do {
                return try await base.next()
            } catch {
                client.saw(error)
                throw error
            }
        }
    }
}
