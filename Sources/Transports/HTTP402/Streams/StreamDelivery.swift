// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Brings the body of a metered stream to its client, as far as it is paid for.
///
/// All that happens comes in one line; the meter says what follows from it. Charges are made beside, one after the other,
/// so that a stream that is paid ahead does not wait for the disk.
struct StreamDelivery {
    private struct Charge {
        let piece: StreamMeter.PieceID
        let amount: Amount
    }

    private let stream: MeteredStream
    private let isEvents: Bool
    private let pipe: BodyPipe
    private let orders: AsyncStream<Charge>.Continuation
    private let till: Task<Void, Never>
    private var meter: StreamMeter
    private var framer: EventFramer
    /// What is next to go out.
    private var unit: EventFramer.Unit?
    /// Whether what is out ends with an event, so that one of ours may follow.
    private var isBetweenEvents = true
    private var bodyEnd: StreamMeter.End?
    private var timer: (task: Task<Void, Never>, at: Duration)?
    private let connection: (any Channel)?
    private let part = UnreadPart()
    /// When each piece must be charged, though a write be under way.
    private var lapses: [StreamMeter.PieceID: Duration] = [:]
    private var lapseWatches: [Task<Void, Never>] = []
    private var fault: (any Error)?

    private init(_ stream: MeteredStream, isEvents: Bool, on connection: (any Channel)?) {
        self.stream = stream
        self.connection = connection
        self.isEvents = isEvents
        meter = StreamMeter(stream.tariff, limits: stream.settings.limits)
        framer = EventFramer(isEvents: isEvents)
        pipe = BodyPipe { [post = stream.post] in post.yield(.part($0)) }
        let (charges, orders) = AsyncStream.makeStream(of: Charge.self)
        self.orders = orders
        till = Task {
            for await charge in charges where !(await stream.charge(charge.piece, charge.amount)) {
                stream.post.yield(.chargeFailed)
            }
        }
    }

    /// Runs a stream from its beginning to its end.
    ///
    /// - Throws: What broke the body off, or the connection; all that was delivered is charged then.
    @concurrent static func run(
        _ stream: MeteredStream, _ body: ResponseBody, isEvents: Bool, on connection: (any Channel)?,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        guard stream.begin() else { return }
        var delivery = StreamDelivery(stream, isEvents: isEvents, on: connection)
        let endWatch = connection.map { connection in
            ConnectionWatch.begin(connection) { stream.post.yield(.clientGone) }
        }
        let source = Task { [pipe = delivery.pipe] in
            do {
                try await body.write(pipe)
                stream.post.yield(.bodyEnded)
            } catch {
                stream.post.yield(.bodyBroke(error))
            }
        }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await delivery.deliver(to: &writer)
            } onGracefulShutdown: {
                stream.post.yield(.stopAsked)
            }
        } onCancel: {
            stream.post.yield(.stopAsked)
        }
        source.cancel()
        delivery.pipe.close()
        endWatch?()
        await delivery.settle()
        stream.close()
        try await delivery.finish(to: &writer)
        // Whoever makes the body may still read the request, and the server reads on as soon as this returns: two that
        // read one connection at once end the process. Where this throws, the server closes the connection instead.
        await source.value
    }

    @concurrent private mutating func deliver(to writer: inout any ResponseBodyWriter) async {
        for await input in stream.inputs {
            do {
                try await take(input, to: &writer)
                try await flow(to: &writer)
            } catch {
                fault = fault ?? error
                _ = try? await perform(.ended(.clientGone), to: &writer)
            }
            guard meter.end == nil else { break }
            arm()
        }
        // Whoever cancels the task while it waits ends the inputs, and nothing says so.
        if meter.end == nil { _ = try? await perform(.ended(.clientGone), to: &writer) }
        timer?.task.cancel()
        for watch in lapseWatches { watch.cancel() }
    }

    // MARK: - What happens

    @concurrent private mutating func take(
        _ input: MeteredStream.Input, to writer: inout any ResponseBodyWriter
    ) async throws {
        switch input {
        case .paid(let piece, let until, let lapse):
            lapses[piece] = lapse
            try await perform(.paid(piece, until: until), to: &writer)
        case .part(let bytes): framer.append(bytes)
        case .bodyEnded:
            framer.finish()
            bodyEnd = .finished
        case .bodyBroke(let error):
            fault = error
            bodyEnd = .upstreamFailed
        case .clientGone:
            fault = ClientGone()
            try await perform(.ended(.clientGone), to: &writer)
        case .stopAsked: try await perform(.ended(.stopped), to: &writer)
        case .chargeFailed: try await perform(.ended(.paymentFailed), to: &writer)
        case .timePassed:
            timer = nil
            try await perform(.timePassed, to: &writer)
        }
    }

    /// Lets out whatever may go out.
    @concurrent private mutating func flow(to writer: inout any ResponseBodyWriter) async throws {
        while meter.end == nil {
            if unit == nil { unit = framer.next() }
            guard let next = unit else { break }
            let count = UInt64(next.bytes.readableBytes)
            guard try await perform(.offered(count, isWhole: next.isWhole), to: &writer) else { break }
        }
        guard meter.end == nil, unit == nil else {
            // What cannot be paid for any more will never go out.
            if bodyEnd == .upstreamFailed { try await perform(.ended(.upstreamFailed), to: &writer) }
            return
        }
        if let bodyEnd {
            _ = try await perform(.ended(bodyEnd), to: &writer)
            return
        }
        pipe.taken()
    }

    /// Tells the meter, and does what it says.
    ///
    /// - Returns: Whether something went out.
    @discardableResult
    @concurrent private mutating func perform(
        _ event: StreamMeter.Event, to writer: inout any ResponseBodyWriter
    ) async throws -> Bool {
        // What the meter refuses is a piece that came too late; it is charged nothing at the end.
        let actions = (try? meter.apply(event, at: stream.now)) ?? []
        stream.update(meter)
        var hasDelivered = false
        for action in actions {
            switch action {
            case .charge(let piece, let amount):
                lapses[piece] = nil
                orders.yield(Charge(piece: piece, amount: amount))
            case .pause: try await askForPayment(on: &writer)
            case .resume: break
            case .deliver(let count):
                try await deliver(count, to: &writer)
                hasDelivered = true
                try await perform(.delivered(count), to: &writer)
            }
        }
        return hasDelivered
    }

    /// Brings out what was let through, unless its client does not take it while it can be charged.
    @concurrent private mutating func deliver(_ count: UInt64, to writer: inout any ResponseBodyWriter) async throws {
        if let lapse = lapses.values.min() {
            if part.begin(count, of: meter, until: lapse) { lapseWatches.append(watchLapse(at: lapse)) }
        }
        var writing: Result<Void, any Error> = .success(())
        do { try await write(count, to: &writer) } catch { writing = .failure(error) }
        if let ended = part.finish() {
            meter = ended
            throw GatewayFault.answerNotTaken
        }
        try writing.get()
    }

    /// Ends the stream beside the write that its client holds up, when a payment for it lapses.
    private func watchLapse(at first: Duration) -> Task<Void, Never> {
        Task { [stream, part, orders, connection] in
            var next: Duration? = first
            while let at = next {
                do { try await stream.sleep(until: at) } catch { return }
                if let (meter, actions) = part.lapse(at: stream.now) {
                    // First, since what answers a charge tells how the stream stands.
                    stream.update(meter)
                    for case .charge(let piece, let amount) in actions {
                        orders.yield(Charge(piece: piece, amount: amount))
                    }
                    connection?.close(promise: nil)
                }
                next = part.nextLapse()
            }
        }
    }

    @concurrent private mutating func write(_ count: UInt64, to writer: inout any ResponseBodyWriter) async throws {
        guard var next = unit, let slice = next.bytes.readSlice(length: Int(clamping: count)) else { return }
        let isOut = next.bytes.readableBytes == 0
        unit = isOut ? nil : next
        isBetweenEvents = isOut && next.endsEvent
        try await writer.write(slice)
    }

    /// Wakes the meter when time changes something next.
    private mutating func arm() {
        guard let at = meter.wakesAt else { return }
        if let timer {
            guard at < timer.at else { return }
            timer.task.cancel()
        }
        let task = Task { [stream] in
            do { try await stream.sleep(until: at) } catch { return }
            stream.post.yield(.timePassed)
        }
        timer = (task, at)
    }

    // MARK: - What is said of the money

    @concurrent private func askForPayment(on writer: inout any ResponseBodyWriter) async throws {
        guard isEvents, isBetweenEvents, bodyEnd == nil || unit != nil else { return }
        var need = stream.status.json
        need = need.adding("price", .string("\(stream.tariff.price)"))
        need = need.adding("pause", .string("\(stream.settings.limits.pause.components.seconds)"))
        try await writer.write(Self.event("payment-need", need))
    }

    private static func event(_ name: String, _ json: JSON) -> ByteBuffer {
        ByteBuffer(string: "event: \(name)\ndata: \(json.text)\n\n")
    }

    // MARK: - The end

    /// Waits until all is charged.
    private func settle() async {
        // Those that came when the meter was over already.
        let late = stream.update(meter)
        // One that has just ended the meter may be about to say what is to be charged.
        for watch in lapseWatches { await watch.value }
        orders.finish()
        await till.value
        for piece in late { _ = await stream.charge(piece, .zero) }
    }

    /// Ends the body as it should be ended.
    @concurrent private func finish(to writer: inout any ResponseBodyWriter) async throws {
        if meter.end == .clientGone { throw fault ?? ClientGone() }
        if isEvents, isBetweenEvents { try await writer.write(Self.event("payment-receipt", stream.status.json)) }
        // An event says that the body broke off; elsewhere only a body without an end does.
        if meter.end == .upstreamFailed, !isEvents, let fault { throw fault }
        try await writer.finish(nil)
    }

    private struct ClientGone: Error {}
}
