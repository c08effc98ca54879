// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

/// A server that sells one stream, whose body a test makes part by part, and by a clock that a test moves.
struct StreamStall: Sendable {
    let desk: ScriptedDesk
    let time: StandingTime
    let port: Int
    let tariff: StreamTariff
    let limits: StreamMeter.Limits
    let gate: Gate
    private let tap: AsyncThrowingStream<ByteBuffer, any Error>.Continuation

    struct Broken: Error {}

    /// Makes the answer to a request; the body is what the test pours.
    typealias Handler = @Sendable (Request, ResponseBody) async throws -> Response

    /// Serves for as long as the closure runs.
    ///
    /// A stretch costs 100.
    static func open(
        _ stretch: String, type: String = "text/plain", pieces: Int = 4,
        _ body: @escaping @Sendable (StreamStall) async throws -> Void
    ) async throws {
        let handler: Handler = { Response(status: .ok, headers: [.contentType: type], body: $1) }
        try await open(stretch, pieces: pieces, handler: handler, body)
    }

    /// The same with a handler of one's own.
    static func open(
        _ stretch: String, pieces: Int = 4, desk: ScriptedDesk = ScriptedDesk(), handler: @escaping Handler,
        _ body: @escaping @Sendable (StreamStall) async throws -> Void
    ) async throws {
        let tariff = try #require(StreamTariff(stretch: stretch, price: Amount(units: 100)))
        let limits = StreamMeter.Limits(pieces: pieces)
        let (parts, tap) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        let time = StandingTime()
        let gate = Gate(
            prices: PriceList([PriceList.Route(pattern: .all, price: .metered(tariff))]), desk: desk,
            streams: StreamSettings(limits: limits, clock: time.clock))
        let router = Router()
        router.add(middleware: PaymentMiddleware(gate: gate))
        for method in [.get, .head, .post] as [HTTPRequest.Method] {
            router.on("**", method: method) { request, _ in
                try await handler(request, ResponseBody(asyncSequence: parts))
            }
        }
        try await House.serve(router.buildResponder()) { port in
            try await body(
                StreamStall(desk: desk, time: time, port: port, tariff: tariff, limits: limits, gate: gate, tap: tap))
            tap.finish()
        }
    }

    /// A gateway that sells what an upstream makes; nothing is to be poured.
    static func open(
        _ stretch: String, before upstream: Int, limits: Gateway.Limits,
        _ body: @escaping @Sendable (StreamStall) async throws -> Void
    ) async throws {
        let tariff = try #require(StreamTariff(stretch: stretch, price: Amount(units: 100)))
        let (desk, time, meter) = (ScriptedDesk(), StandingTime(), StreamMeter.Limits(pieces: 4))
        let gate = Gate(
            prices: PriceList([PriceList.Route(pattern: .all, price: .metered(tariff))]), desk: desk,
            streams: StreamSettings(limits: meter, clock: time.clock))
        let (_, tap) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        try await House.tollgate(to: upstream, gate, limits: limits) { port in
            try await body(
                StreamStall(desk: desk, time: time, port: port, tariff: tariff, limits: meter, gate: gate, tap: tap))
        }
    }

    // MARK: - Its body

    func pour(_ text: String) { tap.yield(ByteBuffer(string: text)) }
    func end() { tap.finish() }
    func breakOff() { tap.finish(throwing: Broken()) }

    // MARK: - Its payers

    func payment(_ number: Int, from payer: String = "me") -> PaymentPayload {
        let offer = Shop.offer(100).adding(.object([StreamOffer.name: StreamOffer(tariff, limits: limits).json]))
        return Shop.payment(for: offer, payload: ["from": .string(payer), "number": .integer(number)])
    }

    /// Opens the stream with payment 1, and reads its head.
    func open(on connection: RawConnection) async throws -> String {
        try await connection.send(
            "GET /stream HTTP/1.1\r\nHost: stall.test\r\nPAYMENT-SIGNATURE: \(payment(1).header)\r\n\r\n")
        return try await readHead(on: connection)
    }

    /// Reads the head of an answer.
    ///
    /// - Returns: The stream's name.
    func readHead(on connection: RawConnection) async throws -> String {
        let head = await connection.read(through: "\r\n\r\n")
        try #require(head.hasPrefix("HTTP/1.1 200"), "\(head)")
        let line = try #require(head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("payment-stream: ") })
        return String(line.dropFirst("payment-stream: ".count))
    }

    /// Pays for more of a stream; the answer comes when that is used up.
    func pay(_ number: Int, for stream: String, from payer: String = "me") async throws -> RawResponse {
        try await RawConnection.ask(
            port, "GET /stream",
            ["PAYMENT-SIGNATURE: \(payment(number, from: payer).header)", "Payment-Stream: \(stream)"])
    }

    /// Returns when so many payments wait for the stream to use them up.
    func waitForPieces(_ count: Int, of stream: String) async throws {
        let entry = try #require(gate.book.entries.first)
        while gate.streams.find(stream, at: entry)?.pieceCount != count { await Task.yield() }
    }

    /// Returns when so much is booked: what a client has read may still count as on its way.
    func waitForUse(_ used: UInt64, of stream: String) async throws {
        let entry = try #require(gate.book.entries.first)
        while gate.streams.find(stream, at: entry)?.status.used != used { await Task.yield() }
    }

    /// What the desk was told to charge.
    var charges: [UInt128] {
        get async { await desk.outcomes.compactMap { if case .charged(let amount) = $0 { amount.units } else { nil } } }
    }
}

/// A time that stands until a test moves it.
final class StandingTime: Sendable {
    private struct State {
        var now = Duration.zero
        var sleepers: [Int: (until: Duration, resume: CheckedContinuation<Void, any Error>)] = [:]
        var last = 0
    }

    private let state = Mutex(State())

    var clock: StreamClock {
        StreamClock(now: { self.state.withLock { $0.now } }, sleepUntil: { try await self.sleep(until: $0) })
    }

    func pass(_ time: Duration) {
        let awake = state.withLock { state in
            state.now += time
            let awake = state.sleepers.filter { $0.value.until <= state.now }
            for number in awake.keys { state.sleepers[number] = nil }
            return awake.values.map(\.resume)
        }
        for sleeper in awake { sleeper.resume() }
    }

    private func sleep(until time: Duration) async throws {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isOver = state.withLock { state in
                    guard !Task.isCancelled, time > state.now else { return true }
                    state.sleepers[number] = (time, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.resume.resume(throwing: CancellationError())
        }
    }
}
