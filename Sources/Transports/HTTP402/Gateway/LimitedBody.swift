// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird
import NIOCore

/// A request's body that ends in an error when it is longer than it may be.
struct LimitedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBody
    let limit: Int

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: body.makeAsyncIterator(), limit: limit) }

    struct AsyncIterator: AsyncIteratorProtocol {
        var base: RequestBody.AsyncIterator
        let limit: Int
        var seen = 0

        @concurrent mutating func next() async throws -> ByteBuffer? {
            guard let part = try await base.next() else { return nil }
            seen += part.readableBytes
            guard seen <= limit else { throw GatewayFault.requestTooLong(limit: limit) }
            return part
        }
    }
}
