// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPeerPayments
import HTTPTypes
import Synchronization
import Testing

/// What a payer can do to a payee by doing nothing.
@Suite("A payer that does not go on", .timeLimit(.minutes(1)))
struct SilentPayerTests {
    private static let patience: PeerPatience = {
        var patience = PeerPatience()
        patience.writing = .milliseconds(400)
        patience.silence = .milliseconds(400)
        patience.body = .milliseconds(1200)
        return patience
    }()

    /// The payer's bare end of a stream that is being served.
    private func withPayer(
        writing: Duration = Self.patience.writing, _ body: (PeerPipe, TestResponder) async throws -> Void
    ) async throws {
        var patience = Self.patience
        patience.writing = writing
        let (payer, payee) = PeerPipe.pair()
        let responder = TestResponder()
        let session = PeerSession(stream: payee, responder: responder, patience: patience)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await session.run() }
            try await body(payer, responder)
            // It has ended, or ends now.
            await payer.reset()
            try await group.waitForAll()
        }
    }

    private func request(_ id: UInt32, _ request: PeerRequest, isWhole: Bool = true) -> [UInt8] {
        PeerFrame.request(id: id, request, isWhole: isWhole).bytes
    }

    /// The status of the next answer, and its id.
    private func answer(_ payer: PeerPipe, _ decoder: inout FrameDecoder) async throws -> (id: UInt32, status: Int)? {
        while true {
            if let frame = try decoder.next() {
                guard case .answer(let id, let answer, _) = frame else { continue }
                return (id, answer.status)
            }
            guard let bytes = try await payer.read() else { return nil }
            decoder.append(bytes)
        }
    }

    @Test func `is dropped when it asks for a long body and reads nothing of it`() async throws {
        try await withPayer { payer, responder in
            try await payer.write(request(1, PeerRequest(target: "/endless")))
            // Waiting for the stream's end without reading: writing fails once it is broken off.
            let start = ContinuousClock.now
            await #expect(throws: PeerPipe.Broken.self) {
                while start.duration(to: .now) < .seconds(20) {
                    try await payer.write(PeerFrame.cancel(id: 99).bytes)
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            let written = responder.written.withLock { $0 }
            #expect(written < 2_000_000)
            try await Task.sleep(for: .milliseconds(100))
            #expect(responder.written.withLock { $0 } == written, "nothing is made for it any more")
        }
    }

    @Test func `costs a bounded sum of memory however much it asks for without reading`() async throws {
        try await withPayer { payer, responder in
            // Each answer is whole at once and more than half a kilobyte; in all they would be a gigabyte.
            let head = String(repeating: "x", count: 600)
            let asking = Task {
                var id: UInt32 = 0
                var batch: [UInt8] = []
                while id < 1_800_000 {
                    batch.removeAll(keepingCapacity: true)
                    for _ in 0..<64 {
                        id += 1
                        batch += self.request(id, PeerRequest(target: "/\(head)"))
                    }
                    try await payer.write(batch)
                }
            }
            let result = await asking.result
            #expect(throws: PeerPipe.Broken.self, "it is slowed down, and then dropped") { try result.get() }
            // What may lie there: the pipe, the outbox, what was read at once and what is under way.
            #expect(responder.answered.withLock { $0 } < 6000)
        }
    }

    @Test func `and goes on slowly is served to the end`() async throws {
        // A busy machine may sleep for much longer than it is told.
        try await withPayer(writing: .seconds(5)) { payer, _ in
            try await payer.write(request(1, PeerRequest(target: "/stream")))
            var count = 0
            var decoder = FrameDecoder()
            var isWhole = false
            while !isWhole, let bytes = try await payer.read() {
                decoder.append(bytes)
                while let frame = try decoder.next() {
                    guard case .body(_, let part, let state) = frame else { continue }
                    count += part.count
                    isWhole = state == .last
                }
                // Longer in all than any piece may take.
                if count < 3_000_000 { try await Task.sleep(for: .milliseconds(150)) }
            }
            #expect(isWhole)
            #expect(count == 5_000_000)
        }
    }

    @Test func `in the middle of a body is told so, and its other requests are served`() async throws {
        try await withPayer { payer, responder in
            var decoder = FrameDecoder()
            try await payer.write(request(1, PeerRequest(method: "POST", target: "/back"), isWhole: false))
            try await payer.write(PeerFrame.body(id: 1, [1, 2, 3], .more).bytes)
            let late = try await answer(payer, &decoder)
            #expect(late?.id == 1)
            #expect(late?.status == 408)
            // What comes of it later is passed over.
            try await payer.write(PeerFrame.body(id: 1, [4], .last).bytes)
            try await payer.write(request(2, PeerRequest(target: "/echo")))
            let next = try await answer(payer, &decoder)
            #expect(next?.id == 2)
            #expect(next?.status == 200)
            #expect(responder.answered.withLock { $0 } == 1, "the torn request was not handed on")
        }
    }

    @Test func `but lets its body trickle has so much time in all`() async throws {
        try await withPayer { payer, _ in
            try await payer.write(request(1, PeerRequest(method: "POST", target: "/back"), isWhole: false))
            let trickling = Task {
                while true {
                    try await payer.write(PeerFrame.body(id: 1, [1], .more).bytes)
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            var decoder = FrameDecoder()
            let start = ContinuousClock.now
            let late = try await answer(payer, &decoder)
            trickling.cancel()
            #expect(late?.status == 408)
            #expect(start.duration(to: .now) >= .milliseconds(1200))
        }
    }

    @Test func `in the middle of a frame is dropped`() async throws {
        try await withPayer { payer, _ in
            try await payer.write(Array(request(1, PeerRequest(target: "/echo")).dropLast(3)))
            await #expect(throws: PeerPipe.Broken.self) { _ = try await payer.read() }
        }
    }

    @Test func `between two requests may take its time`() async throws {
        try await withPayer { payer, _ in
            var decoder = FrameDecoder()
            for id: UInt32 in 1...2 {
                try await Task.sleep(for: .milliseconds(900))
                try await payer.write(request(id, PeerRequest(target: "/echo")))
                #expect(try await answer(payer, &decoder)?.status == 200)
            }
        }
    }
}
