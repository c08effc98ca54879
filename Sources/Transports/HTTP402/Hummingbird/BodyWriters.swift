// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Takes a body in instead of sending it.
final class BodySink: ResponseBodyWriter, Sendable {
    private let collected = Mutex(ByteBuffer())
    private let limit: Int

    /// - Parameter limit: How many bytes are taken; one more is an error.
    init(limit: Int = .max) { self.limit = limit }

    var bytes: ByteBuffer { collected.withLock { $0 } }

    func write(_ buffer: ByteBuffer) async throws {
        let fits = collected.withLock { collected in
            guard buffer.readableBytes <= limit - collected.readableBytes else { return false }
            collected.writeImmutableBuffer(buffer)
            return true
        }
        guard fits else { throw Full() }
    }

    /// It takes no more, which is nobody's doing but ours.
    struct Full: Error {}

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
