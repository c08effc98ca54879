// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
import Synchronization

/// The payer's side of one payment stream: many requests at once, each with its answer.
///
/// A payment that is sent for the second time under the same request travels as what differs from the first.
public final class PeerLink: Sendable {
    private struct State {
        var waiting: [UInt32: Answer] = [:]
        var bodies: [UInt32: BodyQueue] = [:]
        var nextID: UInt32 = 0
        var bases = PaymentBases()
        var end: PeerLinkError?
    }

    private let stream: any PeerByteStream
    private let outbox = FrameOutbox()
    private let state = Mutex(State())
    static let receiptName = HTTPField.Name("PAYMENT-RESPONSE")
    private let tasks = Mutex<[Task<Void, Never>]>([])

    /// Speaks over a stream that was opened for ``PeerSession/protocolName``.
    public init(_ stream: any PeerByteStream) {
        self.stream = stream
        let (outbox, stream) = (outbox, stream)
        let writer = Task { [weak self] in
            do {
                try await outbox.drain(to: stream)
                try await stream.closeWrite()
            } catch {
                self?.fail(.closed)
            }
        }
        let reader = Task { [weak self] in
            // The link is held only while something came, so that one that nobody keeps goes away.
            var decoder = FrameDecoder()
            do {
                while let bytes = try await stream.read() {
                    guard let self else { return await stream.reset() }
                    try await self.take(bytes, &decoder)
                }
                self?.fail(.closed)
            } catch let fault as PeerFrameFault {
                self?.fail(.malformed(fault))
                await stream.reset()
            } catch {
                self?.fail(.closed)
            }
        }
        tasks.withLock { $0 = [writer, reader] }
    }

    deinit {
        outbox.finish()
        for task in tasks.withLock({ $0 }) { task.cancel() }
        let stream = stream
        Task { await stream.reset() }
    }

    /// Whether nothing can be asked any more.
    public var isClosed: Bool { state.withLock { $0.end != nil } }

    /// Finishes what is under way, and closes the stream.
    public func close() { outbox.finish() }

    // MARK: - Asking

    /// Sends a request and waits for the head of its answer.
    ///
    /// - Throws: ``PeerLinkError``, or `CancellationError`.
    public func send(_ request: PeerRequest) async throws -> PeerReply {
        let id = newID()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                ask([(id, request, { @Sendable in continuation.resume(with: $0) })], isBrief: false)
                // Whoever was cancelled before it asked has nobody else to tell it.
                if Task.isCancelled { forget(id) }
            }
        } onCancel: {
            forget(id)
        }
    }

    /// Sends many payments in one frame, or in as few as hold them, and waits for all answers.
    ///
    /// - Parameter isBrief: Whether receipts may be left out, as long as all goes well.
    /// - Returns: One answer for each, in their order.
    /// - Throws: What kept the first of them from being answered.
    public func send(_ requests: [PeerRequest], isBrief: Bool) async throws -> [PeerReply] {
        guard !requests.isEmpty else { return [] }
        let ids = requests.map { _ in newID() }
        let results = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let tray = AnswerTray(requests.count, continuation)
                let questions = zip(ids, requests).enumerated().map { index, pair in
                    Question(pair.0, pair.1, { @Sendable in tray.put($0, at: index) })
                }
                ask(questions, isBrief: isBrief)
                if Task.isCancelled { for id in ids { forget(id) } }
            }
        } onCancel: {
            for id in ids { forget(id) }
        }
        return try results.map { try $0.get() }
    }

    typealias Answer = @Sendable (Result<PeerReply, any Error>) -> Void
    private typealias Question = (id: UInt32, request: PeerRequest, answer: Answer)

    private func ask(_ questions: [Question], isBrief: Bool) {
        // The bases are the other side's as soon as they are on their way, so all goes out in the order of the lock.
        let end = state.withLock { state -> PeerLinkError? in
            if let end = state.end { return end }
            var payments: [RepeatedPayment] = []
            for (id, request, answer) in questions {
                state.waiting[id] = answer
                if let difference = state.bases.difference(of: request, told: { outbox.put($0) }) {
                    payments.append(
                        RepeatedPayment(id: id, slot: difference.slot, isBrief: isBrief, difference: difference.text))
                } else {
                    put(request, id)
                }
            }
            outbox.put(payments)
            return nil
        }
        guard let end else { return }
        for question in questions { question.answer(.failure(end)) }
    }

    private func put(_ request: PeerRequest, _ id: UInt32) {
        guard request.body.count > PeerLimits.bodyPart else {
            return outbox.put(.request(id: id, request, isWhole: true))
        }
        var head = request
        head.body = []
        outbox.put(.request(id: id, head, isWhole: false))
        var rest = request.body[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(PeerLimits.bodyPart))
            rest = rest.dropFirst(PeerLimits.bodyPart)
            outbox.put(.body(id: id, part, rest.isEmpty ? .last : .more))
        }
    }

    private func newID() -> UInt32 {
        state.withLock { state in
            repeat { state.nextID &+= 1 } while state.waiting[state.nextID] != nil || state.bodies[state.nextID] != nil
            return state.nextID
        }
    }

    private func forget(_ id: UInt32) {
        let answer = state.withLock { $0.waiting.removeValue(forKey: id) }
        outbox.put(.cancel(id: id))
        answer?(.failure(CancellationError()))
    }

    /// Nobody reads the body of an answer any more, of which more may be on its way.
    func abandon(_ id: UInt32) {
        if state.withLock({ $0.bodies.removeValue(forKey: id) }) != nil { outbox.put(.cancel(id: id)) }
    }

    // MARK: - Answers

    private func take(_ bytes: [UInt8], _ decoder: inout FrameDecoder) async throws {
        decoder.append(bytes)
        while let frame = try decoder.next() {
            switch frame {
            case .answer(let id, let answer, let isWhole): begin(id, answer, isWhole: isWhole)
            case .paid(let answers): for answer in answers { take(answer) }
            case .body(let id, let bytes, let state): await take(bytes, state, of: id)
            case .end(let code, let message): fail(.ended(code: code, message: message))
            case .request, .base, .payments, .cancel: throw PeerFrameFault.outOfTurn
            }
        }
    }

    private func begin(_ id: UInt32, _ answer: PeerAnswer, isWhole: Bool) {
        let queue = BodyQueue(answer.body)
        let waiting = state.withLock { state in
            let waiting = state.waiting.removeValue(forKey: id)
            if waiting != nil, !isWhole { state.bodies[id] = queue }
            return waiting
        }
        if isWhole { queue.end(.success(())) }
        guard let waiting else { return }
        let body = PeerReplyBody(queue, from: isWhole ? nil : (self, id))
        waiting(.success(PeerReply(status: answer.status, headers: answer.headers, body: body)))
    }

    private func take(_ answer: PaidAnswer) {
        guard let waiting = state.withLock({ $0.waiting.removeValue(forKey: answer.id) }) else { return }
        var headers: HTTPFields = [.contentType: answer.contentType]
        if !answer.receipt.isEmpty, let name = Self.receiptName { headers[name] = answer.receipt }
        let queue = BodyQueue(answer.body)
        queue.end(.success(()))
        waiting(.success(PeerReply(status: 200, headers: headers, body: PeerReplyBody(queue))))
    }

    private func take(_ bytes: [UInt8], _ part: PeerFrame.BodyState, of id: UInt32) async {
        guard let queue = state.withLock({ $0.bodies[id] }) else { return }
        if !bytes.isEmpty { await queue.put(bytes) }
        guard part != .more else { return }
        queue.end(part == .last ? .success(()) : .failure(.brokenOff))
        state.withLock { _ = $0.bodies.removeValue(forKey: id) }
    }

    private func fail(_ error: PeerLinkError) {
        let (waiting, bodies) = state.withLock { state in
            if state.end == nil { state.end = error }
            defer { (state.waiting, state.bodies) = ([:], [:]) }
            return (state.waiting, state.bodies)
        }
        for answer in waiting.values { answer(.failure(error)) }
        for body in bodies.values { body.end(.failure(error)) }
        outbox.finish()
    }
}
