// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import HTTPTypes

/// What a payee answered; its body may still be on its way.
public struct PeerReply: Sendable {
    public let status: Int
    public let headers: HTTPFields
    public let body: PeerReplyBody
}

/// The body of an answer, part by part.
///
/// Parts wait here until they are read. A body that is not read holds up the other answers of its stream once 1 MiB of
/// it waits; one that nobody keeps is thrown away, and the payee is told that nobody waits for the rest. It keeps the
/// link on which it comes.
public final class PeerReplyBody: AsyncSequence, Sendable {
    public typealias Element = [UInt8]

    private let queue: BodyQueue
    /// On which the rest of it comes; `nil` when all is there.
    private let source: (link: PeerLink, id: UInt32)?

    init(_ queue: BodyQueue, from source: (link: PeerLink, id: UInt32)? = nil) {
        self.queue = queue
        self.source = source
    }

    deinit {
        if let source { source.link.abandon(source.id) }
        queue.abandon()
    }

    /// All of it.
    ///
    /// - Throws: ``PeerLinkError/bodyTooLong(_:)``, or why it broke off.
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await part in self {
            guard part.count <= limit - bytes.count else { throw PeerLinkError.bodyTooLong(limit) }
            bytes += part
        }
        return bytes
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        // Keeps the body, so that it is not thrown away while it is read.
        let body: PeerReplyBody

        public mutating func next() async throws -> [UInt8]? { try await body.queue.next() }
    }
}
