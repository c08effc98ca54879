// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402
import HTTPTypes
import NIOCore
import Synchronization

/// A metered stream, as all see it who have to do with it: its body, its payer, the server that stops.
///
/// Each payment for it is a *piece*: it is set aside when it comes, charged when the stream has used it up or is over,
/// and answered then. So the answer tells what the piece came to. The same payment again gets the same answer.
final class MeteredStream: Sendable {
    enum Input: Sendable {
        /// `lapse` is when it must be charged though a part be on its way.
        case paid(StreamMeter.PieceID, until: Duration, lapse: Duration)
        case part(ByteBuffer)
        case bodyEnded
        case bodyBroke(any Error)
        case clientGone
        case stopAsked
        case chargeFailed
        case timePassed
    }

    private enum Outcome {
        case waiting([CheckedContinuation<GateAnswer, Never>])
        case told(GateAnswer)
    }

    private struct State {
        var pieces: [StreamMeter.PieceID: PaidRequest] = [:]
        var outcomes: [Hash32: Outcome] = [:]
        /// Payments that were answered, the oldest first.
        var answered: [Hash32] = []
        var lastNumber: UInt64 = 0
        var status: StreamStatus
        var isRunning = false
    }

    private enum Entrance {
        case piece(StreamMeter.PieceID)
        case known
        case refused(StreamFault)
    }

    /// How many answers are kept for payers that ask again.
    static let keptAnswers = 32

    let id: String
    let tariff: StreamTariff
    let entry: RouteBook.Entry
    /// Who opened it.
    let payer: PaymentSource
    let inputs: AsyncStream<Input>
    let post: AsyncStream<Input>.Continuation
    private let streams: OpenStreams
    private let began: Duration
    private let state: Mutex<State>

    /// - Parameter paid: The request that opens it; its payment is the first piece.
    init(_ id: String, _ tariff: StreamTariff, _ paid: PaidRequest, in streams: OpenStreams) {
        self.id = id
        self.tariff = tariff
        self.streams = streams
        entry = paid.counter.entry
        payer = paid.payment.source
        began = streams.settings.clock.now()
        (inputs, post) = AsyncStream.makeStream()
        state = Mutex(State(status: StreamStatus(id: id, unit: tariff.unit)))
        if case .piece(let piece) = enter(paid) { announce(piece, of: paid) }
    }

    var settings: StreamSettings { streams.settings }
    /// Since the stream began.
    var now: Duration { settings.clock.now() - began }
    /// - Parameter time: Since the stream began.
    func sleep(until time: Duration) async throws { try await settings.clock.sleepUntil(began + time) }
    var status: StreamStatus { state.withLock { $0.status } }
    /// How many payments are not answered yet.
    var pieceCount: Int { state.withLock { $0.pieces.count } }

    // MARK: - Payments

    /// What came of a payment, once that is known.
    ///
    /// - Returns: `nil` when it never came.
    func outcome(of payment: Hash32) async -> GateAnswer? {
        guard state.withLock({ $0.outcomes[payment] != nil }) else { return nil }
        return await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> GateAnswer? in
                switch state.outcomes[payment] {
                case .told(let answer): return answer
                case .waiting(let others):
                    state.outcomes[payment] = .waiting(others + [continuation])
                    return nil
                case nil: return StreamFault.unknown.answer
                }
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Takes one payment more, and answers when it was used up or is not needed any more.
    func pay(_ paid: PaidRequest) async -> GateAnswer {
        guard paid.payment.source == payer else {
            await paid.failed()
            return StreamFault.foreignPayer.answer
        }
        switch enter(paid) {
        case .known: await paid.failed()
        case .refused(let fault): return await unused(paid, fault)
        case .piece(let piece): announce(piece, of: paid)
        }
        return await outcome(of: paid.fingerprint) ?? StreamFault.unknown.answer
    }

    private func enter(_ paid: PaidRequest) -> Entrance {
        state.withLock { state in
            guard state.outcomes[paid.fingerprint] == nil else { return .known }
            if let end = state.status.end { return .refused(.ended(end)) }
            guard state.pieces.count < settings.limits.pieces else {
                return .refused(.tooFarAhead(payments: state.pieces.count))
            }
            state.lastNumber += 1
            let piece = StreamMeter.PieceID(state.lastNumber)
            state.pieces[piece] = paid
            state.outcomes[paid.fingerprint] = .waiting([])
            return .piece(piece)
        }
    }

    /// A sixth of the time that a payment is good for is left to charge it; a client that only reads slowly takes a
    /// part in the first half of that.
    ///
    /// The time runs from when it was set aside, which for the one that opens a stream may be long before the stream.
    private func announce(_ piece: StreamMeter.PieceID, of paid: PaidRequest) {
        let time = Duration.seconds(max(paid.offer.maxTimeoutSeconds, 1))
        let setAside = paid.setAsideAt - began
        post.yield(.paid(piece, until: setAside + time * 5 / 6, lapse: setAside + time * 11 / 12))
    }

    /// Tells the payer in its own books' words that nothing was taken.
    private func unused(_ paid: PaidRequest, _ fault: StreamFault) async -> GateAnswer {
        var answer = fault.answer
        do {
            let settled = try await paid.payment.charge(.zero)
            if settled.success { answer.headers[.paymentResponse] = settled.header }
        } catch {
            await paid.failed()
            return .outOfOrder
        }
        Gate.expose(&answer.headers)
        paid.finished(HTTPResponse(status: answer.status, headerFields: answer.headers), body: answer.body)
        return answer
    }

    // MARK: - Charging

    /// Charges a piece, and answers whoever sent it.
    ///
    /// - Returns: Whether it could be charged.
    func charge(_ id: StreamMeter.PieceID, _ amount: Amount) async -> Bool {
        guard let paid = state.withLock({ $0.pieces[id] }) else { return true }
        do {
            let settled = try await paid.payment.charge(amount)
            guard settled.success else {
                tell(id, paid, Counter.settled(settled, body: [:]))
                return false
            }
            let status = state.withLock { state in
                state.status.charged = state.status.charged.adding(amount) ?? .max
                state.status.payments += 1
                return state.status
            }
            tell(id, paid, Counter.settled(settled, body: status.json))
            return true
        } catch {
            await paid.failed()
            tell(id, paid, .outOfOrder)
            return false
        }
    }

    private func tell(_ id: StreamMeter.PieceID, _ paid: PaidRequest, _ answer: GateAnswer) {
        paid.finished(HTTPResponse(status: answer.status, headerFields: answer.headers), body: answer.body)
        let waiting = state.withLock { state in
            state.pieces[id] = nil
            let before = state.outcomes.updateValue(.told(answer), forKey: paid.fingerprint)
            state.answered.append(paid.fingerprint)
            if state.answered.count > Self.keptAnswers { state.outcomes[state.answered.removeFirst()] = nil }
            if case .waiting(let waiting) = before { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume(returning: answer) }
    }

    // MARK: - The course of it

    /// Takes in how the meter stands.
    ///
    /// - Returns: The pieces that came too late for the meter, once it is over.
    @discardableResult
    func update(_ meter: StreamMeter) -> [StreamMeter.PieceID] {
        state.withLock { state in
            state.status.update(meter)
            return meter.end == nil ? [] : state.pieces.keys.sorted { $0.number < $1.number }
        }
    }

    /// - Returns: Whether nobody ran it before.
    func begin() -> Bool {
        state.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
    }

    /// It is over, and all that was charged is on disk.
    func close() {
        post.finish()
        streams.close(self)
    }

    /// Nobody ever asked for the body: all payments go back.
    func abandon() async {
        guard begin() else { return }
        var meter = StreamMeter(tariff, limits: settings.limits)
        _ = try? meter.apply(.ended(.clientGone), at: now)
        for piece in update(meter) { _ = await charge(piece, .zero) }
        close()
    }
}

/// Sees to it that a stream whose body nobody asks for does not stay open.
final class StreamTicket: Sendable {
    let stream: MeteredStream
    init(_ stream: MeteredStream) { self.stream = stream }
    deinit { Task { [stream] in await stream.abandon() } }
}
