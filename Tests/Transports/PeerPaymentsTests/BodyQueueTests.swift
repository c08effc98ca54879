// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Testing

@testable import FarthingPeerPayments

@Suite("A body that waits to be read", .timeLimit(.minutes(2)))
struct BodyQueueTests {
    @Test func `costs its bytes and no more, however small the frames are in which it came`() async throws {
        let queue = BodyQueue()
        let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
        for byte in body { await queue.put([byte]) }
        queue.end(.success(()))
        var (parts, read) = (0, [UInt8]())
        while let part = try await queue.next() {
            parts += 1
            read += part
        }
        #expect(read == body)
        #expect(parts <= body.count / PeerLimits.bodyPart + 1)
    }

    @Test func `is told as it came where nothing waits`() async throws {
        let queue = BodyQueue()
        for part in [[1, 2], [3], [4, 5, 6]] as [[UInt8]] {
            await queue.put(part)
            #expect(try await queue.next() == part)
        }
        queue.end(.failure(.brokenOff))
        await #expect(throws: PeerLinkError.brokenOff) { try await queue.next() }
    }
}
