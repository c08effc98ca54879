// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPeerPayments
import Testing

@Suite("Requests with long bodies between two peers", .timeLimit(.minutes(5)))
struct HeavyRequestTests {
    /// Two streams whose requests share so many bytes.
    private func withTwoLinks(
        sharing bytes: Int, _ body: (PeerLink, PeerLink, TestResponder) async throws -> Void
    ) async throws {
        let (budget, uploads) = (ByteBudget(limit: bytes), ByteBudget(limit: bytes / 2))
        let responder = TestResponder()
        let pipes = [PeerPipe.pair(), PeerPipe.pair()]
        let sessions = pipes.map { _, theirs in
            Task {
                await PeerSession(
                    stream: theirs, responder: responder, requestsInAll: budget, uploadsInAll: uploads
                ).run()
            }
        }
        try await body(PeerLink(pipes[0].0), PeerLink(pipes[1].0), responder)
        for session in sessions {
            session.cancel()
            await session.value
        }
        // The last task may still be on its way out.
        while budget.used > 0 || uploads.used > 0 { await Task.yield() }
    }

    private func heavy(_ target: String, _ bytes: Int = PeerLimits.requestBody) -> PeerRequest {
        PeerRequest(method: "POST", target: target, body: Array(repeating: 0, count: bytes))
    }

    @Test("Bodies that came whole and wait for their answers have a bound over all streams")
    func heavyRequestsInAll() async throws {
        try await withTwoLinks(sharing: 3 * PeerLimits.requestBody) { link, other, responder in
            var waiting: [Task<Void, any Error>] = []
            for (number, link) in [link, link, other].enumerated() {
                waiting.append(Task { _ = try await link.send(heavy("/hang")) })
                await responder.hanging.wait(for: number + 1)
            }
            for count in [1, 100_000] {
                let reply = try await other.send(heavy("/back", count))
                #expect(reply.status == 503)
            }
            let light = try await other.send(PeerRequest(target: "/echo"))
            #expect(light.status == 200)
            for task in waiting { task.cancel() }
            await responder.hanging.waitForNone()
            // The last of them may still be on its way out.
            var status = 503
            while status == 503 { status = try await other.send(heavy("/back")).status }
            #expect(status == 200)
        }
    }

    @Test("Bodies that never come whole leave room for those that come in one frame")
    func unfinishedBodies() async throws {
        let (budget, uploads) = (
            ByteBudget(limit: 4 * PeerLimits.requestBody), ByteBudget(limit: 2 * PeerLimits.requestBody)
        )
        let responder = TestResponder()
        let (idle, served) = (PeerPipe.pair(), PeerPipe.pair())
        let sessions = [idle.1, served.1].map { theirs in
            Task {
                await PeerSession(
                    stream: theirs, responder: responder, requestsInAll: budget, uploadsInAll: uploads
                ).run()
            }
        }
        let part = [UInt8](repeating: 0, count: PeerLimits.requestBody / 8)
        for id in UInt32(1)...3 {
            let request = PeerRequest(method: "POST", target: "/back")
            try await idle.0.write(PeerFrame.request(id: id, request, isWhole: false).bytes)
            for _ in 0..<(id == 3 ? 1 : 8) { try await idle.0.write(PeerFrame.body(id: id, part, .more).bytes) }
        }
        var decoder = FrameDecoder()
        var refused: (id: UInt32, status: Int)?
        while refused == nil, let bytes = try await idle.0.read() {
            decoder.append(bytes)
            while let frame = try decoder.next() {
                if case .answer(let id, let answer, _) = frame { refused = (id, answer.status) }
            }
        }
        #expect(refused?.id == 3 && refused?.status == 503)
        let reply = try await PeerLink(served.0).send(heavy("/back", 1000))
        #expect(reply.status == 200)
        await idle.0.reset()
        for session in sessions {
            session.cancel()
            await session.value
        }
        while budget.used > 0 || uploads.used > 0 { await Task.yield() }
    }

    @Test("Those of one place leave room for those of another")
    func heavyRequestsOfAPlace() async throws {
        let all = ByteShares<String>(ByteBudget(limit: 4 * PeerLimits.requestBody))
        let responder = TestResponder()
        var links: [PeerLink] = []
        var sessions: [Task<Void, Never>] = []
        for place in ["greedy", "greedy", "other"] {
            let (ours, theirs) = PeerPipe.pair()
            links.append(PeerLink(ours))
            let session = PeerSession(
                stream: theirs, responder: responder, requestsInAll: all.share(of: place),
                uploadsInAll: ByteBudget(limit: PeerLimits.uploadsInAll))
            sessions.append(Task { await session.run() })
        }
        var waiting: [Task<Void, any Error>] = []
        for (number, link) in links.prefix(2).enumerated() {
            waiting.append(Task { _ = try await link.send(heavy("/hang")) })
            await responder.hanging.wait(for: number + 1)
        }
        let refused = try await links[1].send(heavy("/back"))
        #expect(refused.status == 503)
        let served = try await links[2].send(heavy("/back"))
        #expect(served.status == 200)
        for task in waiting { task.cancel() }
        await responder.hanging.waitForNone()
        for session in sessions {
            session.cancel()
            await session.value
        }
        while all.used > 0 { await Task.yield() }
    }

    @Test("Nor may those of one stream take the room of all others")
    func heavyRequestsOfAStream() async throws {
        try await withTwoLinks(sharing: PeerLimits.requestsInAll) { link, other, responder in
            let most = PeerLimits.requestsOfStream / PeerLimits.requestBody
            var waiting: [Task<Void, any Error>] = []
            for number in 1...most {
                waiting.append(Task { _ = try await link.send(heavy("/hang")) })
                await responder.hanging.wait(for: number)
            }
            let refused = try await link.send(heavy("/back", 1))
            #expect(refused.status == 503)
            let served = try await other.send(heavy("/back", 1))
            #expect(served.status == 200)
            for task in waiting { task.cancel() }
            await responder.hanging.waitForNone()
        }
    }
}
