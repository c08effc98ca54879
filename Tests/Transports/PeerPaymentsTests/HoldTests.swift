// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPeerPayments
import HTTPTypes
import Synchronization
import Testing

/// A payee's end of a stream that counts what holds it.
private final class HeldPipe: PeerByteStream {
    struct Count: Equatable {
        var holds = 0
        /// How many of those that ended did so once what was paid for was written.
        var written = 0
    }

    let count = Mutex(Count())
    private let pipe: PeerPipe

    init(_ pipe: PeerPipe) { self.pipe = pipe }

    func read() async throws -> [UInt8]? { try await pipe.read() }
    func write(_ bytes: [UInt8]) async throws { try await pipe.write(bytes) }
    func closeWrite() async throws { try await pipe.closeWrite() }
    func reset() async { await pipe.reset() }

    func hold() { count.withLock { $0.holds += 1 } }

    func release(isWritten: Bool) {
        count.withLock { count in
            count.holds -= 1
            count.written += isWritten ? 1 : 0
        }
    }

    /// Waits until so many holds are there and so many have ended.
    func wait(holds: Int, written: Int) async throws {
        while count.withLock({ $0 != Count(holds: holds, written: written) }) {
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// A payee's stream makes no room for another while something that is paid for is in hand.
@Suite("A stream is held", .timeLimit(.minutes(1)))
struct HoldTests {
    private func withLink(_ test: (PeerLink, HeldPipe, TestResponder) async throws -> Void) async throws {
        let (payer, payee) = PeerPipe.pair()
        let (held, responder) = (HeldPipe(payee), TestResponder())
        let session = PeerSession(stream: held, responder: responder)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await session.run() }
            try await test(PeerLink(payer), held, responder)
            await payer.reset()
            try await group.waitForAll()
        }
    }

    @Test func `while a request with a payment is answered, and not longer when nothing was charged`() async throws {
        try await withLink { link, held, responder in
            let paying = Task { try await link.send(PeerRequest(target: "/declined-hang", payment: [1])) }
            await responder.hanging.waitForOne()
            try await held.wait(holds: 1, written: 0)
            paying.cancel()
            await responder.hanging.waitForNone()
            try await held.wait(holds: 0, written: 0)
            // One that does not pay holds nothing, however long it takes.
            let free = Task { try await link.send(PeerRequest(target: "/hang")) }
            await responder.hanging.waitForOne()
            #expect(held.count.withLock { $0.holds } == 0)
            free.cancel()
        }
    }

    @Test func `until the answer that was paid for is written`() async throws {
        try await withLink { link, held, responder in
            let headers: HTTPFields = [responder.receiptName: "yes"]
            let paid = try await link.send(PeerRequest(target: "/declined-paid", headers: headers, payment: [1]))
            #expect(paid.status == 200)
            try await held.wait(holds: 0, written: 1)
            // Nothing was charged for these.
            let free = try await link.send(PeerRequest(target: "/echo", headers: headers))
            let declined = try await link.send(PeerRequest(target: "/declined", headers: headers, payment: [1]))
            #expect(free.status == 200 && declined.status == 402)
            try await held.wait(holds: 0, written: 1)
        }
    }

    @Test func `while a payment waits for the disk`() async throws {
        try await withLink { link, held, responder in
            async let reply = link.send(
                PeerRequest(target: "/held", payment: Array(repeating: 1, count: 100)))
            await responder.held.wait(for: 1)
            #expect(held.count.withLock { $0 } == HeldPipe.Count(holds: 1, written: 0))
            responder.release()
            #expect(try await reply.status == 200)
            try await held.wait(holds: 0, written: 1)
        }
    }
}
