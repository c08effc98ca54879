// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore

/// The body of a metered stream, as the payer's program reads it.
struct StreamBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    /// When nobody can read the body any more, nobody wants to pay for it.
    fileprivate final class Reader: Sendable {
        let payments: StreamPayments
        init(_ payments: StreamPayments) { self.payments = payments }
        deinit { payments.stop() }
    }

    private let reader: Reader

    init(_ payments: StreamPayments) { reader = Reader(payments) }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader) }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let reader: Reader
        func next() async throws -> ByteBuffer? { try await reader.payments.next() }
    }
}
