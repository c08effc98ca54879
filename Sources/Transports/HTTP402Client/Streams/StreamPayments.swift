// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
public import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
public import FarthingX402
import NIOCore
import NIOHTTP1
import Synchronization

/// The payments for one metered stream, which go out beside it while its body is read.
///
/// They stop when the body is over, when the plan is fulfilled, or when one cannot be made; in the last case the body
/// ends with the reason.
public final class StreamPayments: Sendable {
    private struct State {
        var account: StreamAccount
        var receipt: PaymentReceipt?
        var status: StreamStatus?
        var fault: (any Error)?
        var isBodyOver = false
        var isFinished = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
        /// What is not worth waiting for once the stream is over.
        var signings: [Int: Task<any SignedPayment, any Error>] = [:]
        var lastSigning = 0

        mutating func add(_ more: PaymentReceipt) {
            guard var sum = receipt else {
                receipt = more
                return
            }
            sum.charged = sum.charged.adding(more.charged) ?? .max
            sum.deposited = sum.deposited.adding(more.deposited) ?? .max
            sum.channel = more.channel
            sum.transaction = sum.transaction ?? more.transaction
            receipt = sum
        }
    }

    /// The stream's name.
    public let id: String
    let known: KnownOffer
    private let course: RequestCourse
    private let desk: any PayerDesk
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now
    private let state: Mutex<State>
    private let pump: StreamPump
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    /// How long nothing may come before a body counts as used up.
    private static let quiet = Duration.milliseconds(300)

    /// - Parameters:
    ///   - course: Sends requests as the one that opened the stream, without a body.
    ///   - body: The body as it comes.
    private init(
        _ id: String, _ offer: StreamOffer, _ known: KnownOffer, plan: StreamPlan, course: RequestCourse,
        desk: any PayerDesk, body: HTTPClientResponse.Body
    ) {
        self.id = id
        self.known = known
        self.course = course
        self.desk = desk
        state = Mutex(State(account: StreamAccount(offer, plan)))
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.signals = signals
        self.signal = signal
        pump = StreamPump(body)
    }

    /// Begins to pay for a stream that one payment opened.
    ///
    /// - Returns: The response with a body that ends when the stream does.
    static func begin(
        _ id: String, _ offer: StreamOffer, _ known: KnownOffer, plan: StreamPlan, course: RequestCourse,
        desk: any PayerDesk, response: HTTPClientResponse, opening: any SignedPayment, header: String
    ) -> PaidResponse {
        let payments = StreamPayments(
            id, offer, known, plan: plan, course: course, desk: desk, body: response.body)
        payments.state.withLock { $0.account.began(at: payments.now) }
        Task { await payments.end { try await payments.outcome(of: opening, header) } }
        Task { await payments.run() }
        payments.pump.begin { [weak payments] count in
            payments?.state.withLock { $0.account.came(count) }
            payments?.signal.yield()
        }
        var response = response
        response.body = .stream(StreamBody(payments))
        return PaidResponse(response: response, receipt: nil, stream: payments)
    }

    private var now: Duration { clock.now - start }

    // MARK: - What came of it

    /// What all payments together came to, so far; `nil` before the first was answered.
    ///
    /// Its price is that of one stretch.
    public var receipt: PaymentReceipt? { state.withLock { $0.receipt } }

    /// How many payments were charged something.
    public var payments: Int { state.withLock { $0.account.payments } }

    /// What one payment buys.
    public var tariff: StreamTariff { state.withLock { $0.account.offer.tariff } }

    /// Bytes of the body that came.
    public var received: UInt64 { state.withLock { $0.account.received } }

    /// How many payments have an outcome that nobody knows.
    public var doubts: Int { state.withLock { $0.account.doubts } }

    /// What the server said last; once the stream is over, it says why.
    public var status: StreamStatus? { state.withLock { $0.status } }

    /// Pays no more and hangs up; what was delivered by then is charged.
    public func stop() {
        close(nil)
        pump.close(CancellationError())
        bodyIsOver()
    }

    /// Returns when each payment was answered, or this has taken too long.
    public func finish(within limit: Duration = .seconds(120)) async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        let alarm = Task {
            try await Task.sleep(for: limit)
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
        await withCheckedContinuation { continuation in
            let isFinished = state.withLock { state in
                if !state.isFinished { state.waiting[number] = continuation }
                return state.isFinished
            }
            if isFinished { continuation.resume() }
        }
        alarm.cancel()
    }

    // MARK: - The body

    func next() async throws -> ByteBuffer? {
        do {
            if let part = try await pump.next() { return part }
        } catch {
            bodyIsOver()
            if !(error is CancellationError) { await finish() }
            throw error
        }
        bodyIsOver()
        await finish()
        return nil
    }

    private func bodyIsOver() {
        close(nil)
        state.withLock { $0.isBodyOver = true }
        signal.yield()
    }

    // MARK: - Paying

    private func run() async {
        var alarm = Alarm { [signal] in signal.yield() }
        defer { alarm.stop() }
        loop: for await _ in signals {
            while true {
                switch state.withLock({ $0.account.next(at: now) }) {
                case .pay:
                    state.withLock { $0.account.began(at: now) }
                    Task { await end { try await self.payment() } }
                    continue
                case .wait: continue loop
                case .lookAgain(let time):
                    alarm.set(to: time)
                    continue loop
                case .end: break loop
                }
            }
        }
        await drain()
        let (waiting, fault) = state.withLock { state in
            defer { state.waiting = [:] }
            state.isFinished = true
            return (state.waiting.values, state.fault)
        }
        pump.finish(fault)
        for continuation in waiting { continuation.resume() }
    }

    /// What was paid for may still be on its way when no more is paid.
    private func drain() async {
        var seen: UInt64?
        while true {
            let (received, used, isOver) = state.withLock { state in
                (state.account.received, state.status?.unit == .kibibyte ? state.status?.used : 0, state.isBodyOver)
            }
            if isOver || received == seen && received >= used ?? 0 { return }
            seen = received
            try? await Task.sleep(for: Self.quiet)
        }
    }

    /// Sends one payment more.
    private func payment() async throws -> PaidResponse {
        var course = course
        course.stream = self
        return try await course.pay(known, at: desk, isRemembered: false)
    }

    /// Asks what became of the payment that opened the stream: the same payment again is answered when it is used up.
    private func outcome(of opening: any SignedPayment, _ header: String) async throws -> PaidResponse {
        var course = course
        course.stream = self
        return try await course.conclude(opening, header, known)
    }

    /// Takes in what came of a payment.
    private func end(_ pay: () async throws -> PaidResponse) async {
        do {
            let paid = try await pay()
            let told = try? await paid.response.body.collect(upTo: 16 * 1024)
            let status = told.flatMap { try? JSON.parse(Array($0.readableBytesView)) }.flatMap(StreamStatus.init)
            let isOver = paid.response.status != .ok || status?.state == .ended
            state.withLock { state in
                state.account.ended(paid.receipt?.charged, at: now)
                if let receipt = paid.receipt { state.add(receipt) }
                if let status, status.payments >= state.status?.payments ?? 0 { state.status = status }
            }
            if paid.receipt == nil { close(PayingError.outcomeUnknown(reason: "the server did not say what it took")) }
            if isOver { close(nil) }
        } catch PayingError.outcomeUnknown(let reason) {
            state.withLock { $0.account.ended(nil, at: now) }
            close(PayingError.outcomeUnknown(reason: reason))
        } catch {
            state.withLock { $0.account.failed(at: now) }
            close(error)
        }
        signal.yield()
    }

    /// No more is paid.
    ///
    /// - Parameter fault: Why, if that is worth telling; once the stream is over it is not.
    private func close(_ fault: (any Error)?) {
        let signings = state.withLock { state in
            if !state.account.isClosed, let fault { state.fault = fault }
            state.account.close()
            return Array(state.signings.values)
        }
        for signing in signings { signing.cancel() }
    }

    /// Signs, unless the stream is over before that is done.
    func signing(_ work: @escaping @Sendable () async throws -> any SignedPayment) async throws -> any SignedPayment {
        let task = Task { try await work() }
        let number = state.withLock { state in
            state.lastSigning += 1
            state.signings[state.lastSigning] = task
            if state.account.isClosed { task.cancel() }
            return state.lastSigning
        }
        defer { state.withLock { $0.signings[number] = nil } }
        return try await task.value
    }
}
