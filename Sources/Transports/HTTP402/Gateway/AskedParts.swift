// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import NIOCore

/// An upstream's answer part by part, given up when the upstream was asked for the next one and is silent for too long.
///
/// The client library's own clock runs also while nobody asks, as long as a payer takes to pay for the last part.
struct AskedParts: AsyncSequence, Sendable {
    let body: HTTPClientResponse.Body
    let silence: Duration

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body, silence: silence) }

    final class AsyncIterator: AsyncIteratorProtocol {
        private let silence: Duration
        private let pipe: BodyPipe
        private let hand: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
        private var parts: AsyncThrowingStream<ByteBuffer, any Error>.AsyncIterator
        private let reader: Task<Void, Never>

        init(_ body: HTTPClientResponse.Body, silence: Duration) {
            self.silence = silence
            let (parts, hand) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
            let pipe = BodyPipe { hand.yield($0) }
            reader = Task {
                do {
                    for try await part in body { try await pipe.write(part) }
                    hand.finish()
                } catch {
                    hand.finish(throwing: error)
                }
            }
            (self.pipe, self.hand, self.parts) = (pipe, hand, parts.makeAsyncIterator())
        }

        deinit {
            reader.cancel()
            pipe.close()
        }

        @concurrent func next() async throws -> ByteBuffer? {
            pipe.taken()
            let alarm = Task { [hand, silence] in
                try await Task.sleep(for: silence)
                hand.finish(throwing: GatewayFault.timeout(after: silence))
            }
            defer { alarm.cancel() }
            let part = try await parts.next()
            // Where it was told to end, that is no end of the answer.
            if part == nil { try Task.checkCancellation() }
            return part
        }
    }
}
