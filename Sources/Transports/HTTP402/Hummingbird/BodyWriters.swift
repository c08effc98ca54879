// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Takes a body in instead of sending it.
final class BodySink: ResponseBodyWriter, Sendable {
    private let collected = Mutex(ByteBuffer())

    var bytes: ByteBuffer { collected.withLock { $0 } }

    func write(_ buffer: ByteBuffer) async throws {
        collected.withLock { _ = $0.writeImmutableBuffer(buffer) }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

/// Passes a body on, and remembers whether it was the client who could not take it.
struct WatchedWriter: ResponseBodyWriter {
    var writer: any ResponseBodyWriter
    let client: ClientWatch

    @concurrent mutating func write(_ buffer: ByteBuffer) async throws {
        do {
            try await writer.write(buffer)
        } catch {
            client.saw(error)
            throw error
        }
    }

    @concurrent consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        do {
            try await writer.finish(trailingHeaders)
        } catch {
            client.saw(error)
            throw error
        }
    }
}
