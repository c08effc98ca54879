// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore

/// Buffers one after the other.
struct AsyncPieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let pieces: [ByteBuffer]

    init(_ pieces: [ByteBuffer]) { self.pieces = pieces }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: pieces[...]) }

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<ByteBuffer>
        mutating func next() async -> ByteBuffer? { rest.popFirst() }
    }
}
