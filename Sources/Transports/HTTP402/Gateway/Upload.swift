// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird
import NIOCore

/// A request's body on its way to the upstream.
///
/// An upstream may answer before it has read the request to its end; the server then reads the rest of it. Two that
/// read one connection at once end the process, so whoever sends to the upstream never reads the connection: a task
/// in between does, and it is stopped before the server goes on.
final class Upload: Sendable {
    /// What the upstream gets.
    let body: RequestBody
    private let reader: Task<Void, Never>

    /// - Parameters:
    ///   - length: How many bytes were announced, if any were.
    ///   - limit: How many bytes are read.
    init(_ body: RequestBody, length: Int?, limit: Int) {
        let (stream, source) = RequestBody.makeStream()
        self.body = stream
        reader = Task {
            do {
                try await Self.pass(body, to: source, length: length, limit: limit)
                source.finish()
            } catch let fault as GatewayFault {
                source.finish(fault)
            } catch {
                source.finish(GatewayFault.requestBroken)
            }
        }
    }

    deinit { reader.cancel() }

    /// Reads no further.
    ///
    /// When something was left to read, the connection cannot be used for another request.
    func stop() { reader.cancel() }

    private static func pass(
        _ body: RequestBody, to source: RequestBody.Source, length: Int?, limit: Int
    ) async throws {
        var iterator = body.makeAsyncIterator()
        var seen = 0
        while !Task.isCancelled, let part = try await iterator.next() {
            seen += part.readableBytes
            guard seen <= limit else { throw GatewayFault.requestTooLong(limit: limit) }
            // The end goes with the last byte. Read before the upstream has that byte, it leaves nothing to be read
            // once the upstream can answer.
            if seen == length, try await iterator.next() != nil { throw GatewayFault.requestBroken }
            await source.yield(part)
            if seen == length { return }
        }
        guard !Task.isCancelled, length == nil else { throw GatewayFault.requestBroken }
    }
}
