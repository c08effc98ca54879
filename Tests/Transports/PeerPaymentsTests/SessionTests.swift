// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPeerPayments
import HTTPTypes
import Synchronization
import Testing

@Suite("A payment stream between two peers", .timeLimit(.minutes(5)))
struct SessionTests {
    @Test("Each request gets its own answer, whatever the order", arguments: [1, 5, .max])
    func answers(piece: Int) async throws {
        try await withLink(piece: piece) { link, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let reply = try await link.send(
                            PeerRequest(target: "/echo/\(number)", headers: [.accept: "\(number)"]))
                        #expect(reply.status == 200)
                        #expect(reply.headers[.accept] == "\(number)")
                        let value1 = try await reply.body.collect(upTo: 100)
                        #expect(value1 == Array("/echo/\(number)".utf8))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("Long bodies travel both ways in parts")
    func longBodies() async throws {
        try await withLink { link, _ in
            let body = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let reply = try await link.send(PeerRequest(method: "POST", target: "/back", body: body))
            let value2 = try await reply.body.collect(upTo: 1_000_000)
            #expect(value2 == body)
            let streamed = try await link.send(PeerRequest(target: "/stream"))
            let value3 = try await streamed.body.collect(upTo: 10_000_000).count
            #expect(value3 == 5_000_000)
        }
    }

    @Test("Whoever reads slowly slows down whoever writes")
    func slowReader() async throws {
        try await withLink { link, responder in
            let reply = try await link.send(PeerRequest(target: "/endless"))
            try await Task.sleep(for: .milliseconds(200))
            // What may lie in between: the body's queue, the pipe, the outbox and a part in each hand.
            #expect(responder.written.withLock { $0 } < 3_000_000)
            var count = 0
            for try await part in reply.body {
                count += part.count
                if count > 4_000_000 { break }
            }
            #expect(count > 4_000_000)
        }
    }

    @Test("A body that nobody keeps does not hold up the others")
    func abandonedBody() async throws {
        try await withLink { link, _ in
            _ = try await link.send(PeerRequest(target: "/stream"))
            let reply = try await link.send(PeerRequest(target: "/echo"))
            let value4 = try await reply.body.collect(upTo: 100)
            #expect(value4 == Array("/echo".utf8))
        }
    }

    @Test("A body that nobody keeps is called off at the payee")
    func abandonedAtPayee() async throws {
        try await withLink { link, responder in
            let first = try await Self.firstPart(of: "/silent", on: link, at: responder)
            #expect(first == [1])
            await responder.hanging.waitForNone()
            let value = try await link.send(PeerRequest(target: "/echo")).status
            #expect(value == 200)
        }
    }

    /// The first part of a body of which the rest is not wanted.
    private static func firstPart(
        of target: String, on link: PeerLink, at responder: TestResponder
    ) async throws -> [UInt8]? {
        let body = try await link.send(PeerRequest(target: target)).body
        var parts = body.makeAsyncIterator()
        let first = try await parts.next()
        await responder.hanging.waitForOne()
        return withExtendedLifetime(body) { first }
    }

    @Test("A body comes whole although its link is kept by nobody else")
    func bodyKeepsLink() async throws {
        let (ours, theirs) = PeerPipe.pair()
        let session = Task { await PeerSession(stream: theirs, responder: TestResponder()).run() }
        let body = try await Self.body(of: "/stream", on: ours)
        let count = try await body.collect(upTo: 10_000_000).count
        #expect(count == 5_000_000)
        session.cancel()
        await session.value
    }

    /// The body of an answer whose link nobody else has.
    private static func body(of target: String, on pipe: PeerPipe) async throws -> PeerReplyBody {
        try await PeerLink(pipe).send(PeerRequest(target: target)).body
    }

    @Test("A body that breaks off at the payee is no whole body")
    func brokenBody() async throws {
        try await withLink { link, _ in
            let reply = try await link.send(PeerRequest(target: "/broken"))
            await #expect(throws: PeerLinkError.brokenOff) { try await reply.body.collect(upTo: 1000) }
        }
    }

    @Test("The second payment for the same is sent as what differs from the first")
    func differences() async throws {
        try await withLink { link, responder in
            let text = Array(repeating: UInt8(ascii: "a"), count: 2000)
            for number in 0..<5 {
                var payment = text
                payment[1000] = UInt8(number)
                let reply = try await link.send(PeerRequest(target: "/paid", payment: payment))
                #expect(reply.headers[responder.receiptName] == "receipt \(number)")
            }
            #expect(responder.taken.withLock { $0 } == 5)
            #expect(responder.answered.withLock { $0 } == 0)
        }
    }

    @Test("A payment that is declined at once is looked at in full")
    func declined() async throws {
        try await withLink { link, responder in
            for target in ["/declined", "/not-taken"] {
                let reply = try await link.send(
                    PeerRequest(target: target, payment: Array(repeating: 1, count: 100)))
                #expect(reply.status == 402)
            }
            #expect(responder.answered.withLock { $0 } == 2)
        }
    }

    @Test("Payments in one frame are answered each, without receipts where nobody wants them")
    func batch() async throws {
        try await withLink { link, responder in
            let requests = (0..<16).map { number in
                var payment = [UInt8](repeating: 1, count: 500)
                payment[1000 % 500] = UInt8(number)
                return PeerRequest(target: number == 7 ? "/declined" : "/paid", payment: payment)
            }
            let replies = try await link.send(requests, isBrief: true)
            #expect(replies.map(\.status) == (0..<16).map { $0 == 7 ? 402 : 200 })
            #expect(replies.allSatisfy { $0.headers[responder.receiptName] == nil })
        }
    }

    @Test("A frame may have more payments than may be under way at once")
    func longBatch() async throws {
        try await withLink { link, responder in
            let requests = (0..<900).map { number in
                PeerRequest(
                    target: number.isMultiple(of: 100) ? "/not-taken" : "/paid",
                    payment: [UInt8](repeating: UInt8(number % 7), count: 300))
            }
            let replies = try await link.send(requests, isBrief: true)
            #expect(replies.map(\.status) == (0..<900).map { $0.isMultiple(of: 100) ? 402 : 200 })
            #expect(responder.taken.withLock { $0 } == 891)
        }
    }

    @Test("Payments that one frame cannot hold go in several")
    func severalFrames() async throws {
        try await withLink { link, _ in
            let requests = (0..<2500).map { number in
                PeerRequest(
                    target: "/paid", payment: (0..<600).map { UInt8(truncatingIfNeeded: $0 < 400 ? 1 : $0 &* number) })
            }
            let replies = try await link.send(requests, isBrief: true)
            #expect(replies.count { $0.status == 200 } == 2500)
        }
    }

    @Test("Bodies that never come do not hold up the stream, nor its end")
    func unfinishedBodies() async throws {
        let (ours, theirs) = PeerPipe.pair()
        let session = Task { await PeerSession(stream: theirs, responder: TestResponder()).run() }
        for id in 0..<300 as Range<UInt32> {
            try await ours.write(PeerFrame.request(id: id, PeerRequest(target: "/back"), isWhole: false).bytes)
        }
        try await ours.write(PeerFrame.request(id: 1000, PeerRequest(target: "/echo"), isWhole: true).bytes)
        try await ours.closeWrite()
        var decoder = FrameDecoder()
        var statuses: [Int: Int] = [:]
        while let bytes = try await ours.read() {
            decoder.append(bytes)
            while let frame = try decoder.next() {
                if case .answer(_, let answer, _) = frame { statuses[answer.status, default: 0] += 1 }
            }
        }
        await session.value
        #expect(statuses == [503: 300 - PeerLimits.uploads, 200: 1])
    }

    @Test("Whoever is cancelled before it asks waits for no answer")
    func cancelledBefore() async throws {
        let (ours, theirs) = PeerPipe.pair()
        let link = PeerLink(ours)
        let asking = Task {
            // Until it is cancelled.
            while !Task.isCancelled { await Task.yield() }
            _ = try await link.send(PeerRequest(target: "/never"))
        }
        asking.cancel()
        await #expect(throws: CancellationError.self) { try await asking.value }
        let many = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await link.send([PeerRequest(target: "/never"), PeerRequest(target: "/never")], isBrief: true)
        }
        many.cancel()
        await #expect(throws: CancellationError.self) { try await many.value }
        await theirs.reset()
    }

    @Test("A base has no more besides its text than it may", arguments: [0, 1])
    func heavyBase(excess: Int) async throws {
        let (ours, theirs) = PeerPipe.pair()
        let session = Task { await PeerSession(stream: theirs, responder: TestResponder()).run() }
        // "GET", "/paid" and "accept" have 14 bytes.
        let value = String(repeating: "a", count: PeerLimits.baseHead - 14 + excess)
        let request = PeerRequest(target: "/paid", headers: [.accept: value], payment: [1, 2, 3, 4])
        try await ours.write(PeerFrame.base(slot: 0, request).bytes)
        try await ours.closeWrite()
        var decoder = FrameDecoder()
        var ends = 0
        while let bytes = try await ours.read() {
            decoder.append(bytes)
            while let frame = try decoder.next() { if case .end = frame { ends += 1 } }
        }
        await session.value
        #expect(ends == excess)
    }

    @Test("What is paid is answered although another payment of its frame makes no sense")
    func damagedBatch() async throws {
        let (ours, theirs) = PeerPipe.pair()
        let session = Task { await PeerSession(stream: theirs, responder: TestResponder()).run() }
        let whole = TextDifference(prefix: 4, suffix: 0, middle: [])
        try await ours.write(PeerFrame.base(slot: 0, PeerRequest(target: "/paid", payment: [1, 2, 3, 4])).bytes)
        try await ours.write(
            PeerFrame.payments([
                RepeatedPayment(id: 1, slot: 0, difference: whole), RepeatedPayment(id: 2, slot: 9, difference: whole),
            ]).bytes)
        try await ours.closeWrite()
        var decoder = FrameDecoder()
        var frames: [PeerFrame] = []
        while let piece = try await ours.read() {
            decoder.append(piece)
            while let frame = try decoder.next() { frames.append(frame) }
        }
        #expect(frames.contains(.paid([PaidAnswer(id: 1, receipt: "receipt 0", contentType: "text/plain", body: [1])])))
        #expect(frames.contains { if case .end("peer.frame-malformed", _) = $0 { true } else { false } })
        await session.value
    }

    @Test("A request that is cancelled is cancelled at the payee, and the stream goes on")
    func cancelled() async throws {
        try await withLink { link, responder in
            let task = Task { try await link.send(PeerRequest(target: "/hang")) }
            await responder.hanging.waitForOne()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            await responder.hanging.waitForNone()
            let value5 = try await link.send(PeerRequest(target: "/echo")).status
            #expect(value5 == 200)
        }
    }

    @Test("Requests under way are answered when the payer closes its side")
    func closing() async throws {
        let (ours, theirs) = PeerPipe.pair()
        let responder = TestResponder()
        let link = PeerLink(ours)
        async let session: Void = PeerSession(stream: theirs, responder: responder).run()
        let asked = Task { try await link.send(PeerRequest(target: "/slow")) }
        await responder.hanging.waitForVisitor()
        link.close()
        let value6 = try await asked.value.status
        #expect(value6 == 200)
        await session
        await #expect(throws: PeerLinkError.self) { try await link.send(PeerRequest(target: "/echo")) }
    }

    @Test("No more requests are read than may be under way")
    func crowded() async throws {
        try await withLink { link, responder in
            let tasks = (0..<400).map { _ in Task { try await link.send(PeerRequest(target: "/hang")) } }
            await responder.hanging.wait(for: PeerLimits.requestsUnderWay)
            try await Task.sleep(for: .milliseconds(50))
            #expect(responder.hanging.count == PeerLimits.requestsUnderWay)
            for task in tasks { task.cancel() }
        }
    }

    @Test("More payments may be under way than requests, but no more of those that must be looked at in full")
    func crowdOfPayments() async throws {
        try await withLink { link, responder in
            func requests(_ target: String, _ count: Int) -> [PeerRequest] {
                (0..<count).map { PeerRequest(target: target, payment: [UInt8](repeating: UInt8($0 % 7), count: 300)) }
            }
            let held = Task { try await link.send(requests("/held", 3000), isBrief: true) }
            await responder.held.wait(for: PeerLimits.paymentsUnderWay)
            try await Task.sleep(for: .milliseconds(50))
            #expect(responder.held.count == PeerLimits.paymentsUnderWay)
            responder.release()
            let replies = try await held.value
            #expect(replies.count == 3000)
            let slow = Task { try await link.send(requests("/declined-hang", 3000), isBrief: true) }
            await responder.hanging.wait(for: PeerLimits.requestsUnderWay)
            try await Task.sleep(for: .milliseconds(50))
            // Some may have been handed on with those that were declined first.
            #expect(responder.hanging.count <= PeerLimits.requestsUnderWay + 128)
            slow.cancel()
        }
    }

    @Test(
        "What makes no sense ends the stream with a reason",
        arguments: [
            ([0x02, 99, 0], "peer.frame-unknown"), ([0x80, 0x00], "peer.frame-malformed"),
            (PeerFrame.answer(id: 1, PeerAnswer(status: 200), isWhole: true).bytes, "peer.frame-out-of-turn"),
            (
                PeerFrame.payments([
                    RepeatedPayment(id: 1, slot: 3, difference: TextDifference(prefix: 1, suffix: 0, middle: []))
                ]).bytes, "peer.frame-malformed"
            ),
            (
                [UInt8](PeerFrame.request(id: 1, PeerRequest(target: "/hang"), isWhole: false).bytes)
                    + PeerFrame.request(id: 1, PeerRequest(target: "/hang"), isWhole: true).bytes,
                "peer.frame-malformed"
            ),
        ] as [([UInt8], String)])
    func nonsense(bytes: [UInt8], code: String) async throws {
        let (ours, theirs) = PeerPipe.pair()
        let session = Task { await PeerSession(stream: theirs, responder: TestResponder()).run() }
        try await ours.write(bytes)
        var decoder = FrameDecoder()
        var end: PeerFrame?
        while end == nil, let piece = try await ours.read() {
            decoder.append(piece)
            end = try decoder.next()
        }
        guard case .end(let told, _) = end else {
            Issue.record("no end, but \(String(describing: end))")
            return
        }
        #expect(told == code)
        try await ours.closeWrite()
        session.cancel()
        await session.value
    }

    @Test("A body that is too long is refused, and the stream goes on")
    func uploadTooLong() async throws {
        try await withLink { link, _ in
            let reply = try await link.send(
                PeerRequest(
                    method: "POST", target: "/back", body: Array(repeating: 0, count: PeerLimits.requestBody + 1)))
            #expect(reply.status == 413)
            let value7 = try await link.send(PeerRequest(target: "/echo")).status
            #expect(value7 == 200)
        }
    }

    @Test("What a payee sends that makes no sense ends the link, and every question")
    func nonsenseFromThePayee() async throws {
        let (ours, theirs) = PeerPipe.pair()
        let link = PeerLink(ours)
        let asked = Task { try await link.send(PeerRequest(target: "/")) }
        _ = try await theirs.read()
        try await theirs.write([0x01, 99])
        await #expect(throws: PeerLinkError.malformed(.unknownType(99))) { try await asked.value }
        #expect(link.isClosed)
    }

    private func withLink(
        piece: Int = .max, _ body: (PeerLink, TestResponder) async throws -> Void
    ) async throws {
        let (ours, theirs) = PeerPipe.pair(piece: piece)
        let responder = TestResponder()
        let session = Task { await PeerSession(stream: theirs, responder: responder).run() }
        let link = PeerLink(ours)
        try await body(link, responder)
        session.cancel()
        await session.value
    }
}
