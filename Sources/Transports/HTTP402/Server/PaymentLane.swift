// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import HTTPTypes
import NIOCore
import NIOHTTP1

/// Answers paid requests on the connection's own thread, and hands all others on to the server behind it.
///
/// A request takes the lane when its payment needs no waiting and its handler neither: then it costs no task and is
/// answered as soon as its charge is on disk. Requests of one connection may be under way together; their answers leave
/// in the order in which they came. What the lane does not take reaches the server one request at a time.
final class PaymentLane: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What is told from other threads.
    enum Letter: Sendable {
        case admitted(NIOLoopBound<PaymentLane>, Int, PromptPayment?)
        case charged(NIOLoopBound<PaymentLane>, Int, ChargeOutcome)
    }

    /// A request of this connection that was not answered yet.
    private enum Entry {
        /// Waits for its channel.
        case awaiting(HTTPRequestHead)
        /// Waits for the disk.
        case charging(PromptAnswer)
        case ready(ByteBuffer)
        /// The server's, whose turn has not come.
        case held([HTTPServerRequestPart])
        /// The server's, which answers it now.
        case forwarded
    }

    /// How many requests of a connection may be under way, and how many parts may wait: then nothing more is read.
    static let maximumUnderWay = 256

    private let gate: Gate
    private let handler: PaymentServer.Handler
    private let mailbox: LoopMailbox<Letter>
    private var entries = CircularBuffer<Entry>()
    /// The number of the first entry; they are counted on from there.
    private var first = 0
    /// The request that is being read, while it may yet take the lane.
    private var candidate: HTTPRequestHead?
    private var held: [Any] = []
    private var isReadHeld = false
    private var hasWritten = false
    private var context: ChannelHandlerContext?

    init(gate: Gate, mailbox: LoopMailbox<Letter>, handler: @escaping PaymentServer.Handler) {
        self.gate = gate
        self.mailbox = mailbox
        self.handler = handler
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        context.fireChannelInactive()
    }

    // MARK: - Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch part {
        case .head(let head):
            if Self.mayTakeLane(head) { candidate = head } else { pass(part) }
        case .body:
            // Only the server reads bodies.
            if let head = candidate { pass(.head(head)) }
            candidate = nil
            pass(part)
        case .end:
            guard let head = candidate else { return pass(part) }
            candidate = nil
            enter(head)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
        context.fireChannelReadComplete()
    }

    /// Nothing more is read while too much is under way.
    func read(context: ChannelHandlerContext) {
        if isCrowded { isReadHeld = true } else { context.read() }
    }

    private var isCrowded: Bool {
        if entries.count >= Self.maximumUnderWay { return true }
        if case .held(let parts) = entries.last { return entries.count > 1 && parts.count > 16 }
        return false
    }

    /// Whether it has one payment and no body, and leaves the connection open.
    private static func mayTakeLane(_ head: HTTPRequestHead) -> Bool {
        var payments = 0
        for (name, value) in head.headers {
            switch name.utf8.count {
            case 17 where name.lowercased() == "payment-signature": payments += 1
            case 14 where name.lowercased() == "content-length" && value != "0": return false
            case 17 where name.lowercased() == "transfer-encoding": return false
            case 10 where name.lowercased() == "connection" && value.lowercased() != "keep-alive": return false
            default: break
            }
        }
        return payments == 1 && head.version == .http1_1
    }

    private func enter(_ head: HTTPRequestHead) {
        let number = first + entries.count
        guard let payment = head.headers.first(name: "payment-signature"), let context else {
            pass(.head(head))
            return pass(.end(nil))
        }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let decision = gate.admit(promptly: head.method.rawValue, head.uri, header: payment) { [mailbox] payment in
            mailbox.post(.admitted(me, number, payment))
        }
        switch decision {
        case .admitted(let payment): serve(head, payment, number, me)
        case .awaited: entries.append(.awaiting(head))
        case .declined:
            pass(.head(head))
            pass(.end(nil))
        }
    }

    /// - Parameter number: The next entry's, or that of one which waited.
    private func serve(
        _ head: HTTPRequestHead, _ paid: PromptPayment, _ number: Int, _ me: NIOLoopBound<PaymentLane>
    ) {
        let answer = handler(PromptRequest(method: head.method.rawValue, target: head.uri))
        // A failure costs nothing, and is told by the server in its own words.
        guard let answer, answer.status.code < 400 else {
            Task { await paid.payment.release() }
            return set(.held([.head(head), .end(nil)]), number)
        }
        set(.charging(answer), number)
        paid.payment.charge(paid.price) { [mailbox] outcome in mailbox.post(.charged(me, number, outcome)) }
    }

    private func set(_ entry: Entry, _ number: Int) {
        if number == first + entries.count {
            entries.append(entry)
        } else {
            entries[entries.index(entries.startIndex, offsetBy: number - first)] = entry
        }
        advance()
    }

    /// Gives a part to the server, when it is its turn.
    private func pass(_ part: HTTPServerRequestPart) {
        if case .head = part {
            entries.append(.held([part]))
        } else if case .held(var parts) = entries.last {
            entries.removeLast()
            parts.append(part)
            entries.append(.held(parts))
        } else {
            context?.fireChannelRead(wrapInboundOut(part))
            return
        }
        advance()
    }

    // MARK: - Answers

    static func read(_ letters: [Letter]) {
        var lanes: [PaymentLane] = []
        for letter in letters {
            switch letter {
            case .admitted(let lane, let number, let payment): lane.value.admitted(number, payment, lane)
            case .charged(let lane, let number, let outcome): lane.value.charged(number, outcome)
            }
            let lane = letter.lane.value
            if lane.hasWritten, lanes.last !== lane { lanes.append(lane) }
        }
        for lane in lanes { lane.flush() }
    }

    private func admitted(_ number: Int, _ payment: PromptPayment?, _ me: NIOLoopBound<PaymentLane>) {
        guard let context, case .awaiting(let head) = entry(number) else {
            // The client has gone: nothing is delivered, nothing is charged.
            if let payment { Task { await payment.payment.release() } }
            return
        }
        _ = context
        guard let payment else { return set(.held([.head(head), .end(nil)]), number) }
        serve(head, payment, number, me)
    }

    private func charged(_ number: Int, _ outcome: ChargeOutcome) {
        guard let context, case .charging(let answer) = entry(number) else { return }
        let encoder = PromptResponseEncoder(allocator: context.channel.allocator)
        if case .charged(let receipt) = outcome {
            set(.ready(encoder.response(answer, receipt: receipt)), number)
        } else if let failure = Gate.failure(outcome) {
            set(.ready(encoder.response(failure)), number)
        }
    }

    private func entry(_ number: Int) -> Entry? {
        guard number >= first, number < first + entries.count else { return nil }
        return entries[entries.index(entries.startIndex, offsetBy: number - first)]
    }

    /// Sends what is ready, and hands on what is the server's, up to the first that must wait.
    private func advance() {
        while let context, let entry = entries.first {
            switch entry {
            case .ready(let buffer):
                entries.removeFirst()
                first += 1
                hasWritten = true
                // The bytes are complete: they go past the encoder of the server's responses.
                if let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self) {
                    encoder.write(NIOAny(buffer), promise: nil)
                }
            case .held(let parts):
                entries[entries.startIndex] = .forwarded
                for part in parts { context.fireChannelRead(wrapInboundOut(part)) }
                context.fireChannelReadComplete()
                return
            case .awaiting, .charging, .forwarded: return
            }
        }
        guard entries.isEmpty else { return }
        goOn()
    }

    private func flush() {
        guard hasWritten else { return }
        hasWritten = false
        context?.flush()
        resumeReading()
    }

    private func resumeReading() {
        guard isReadHeld, !isCrowded, let context else { return }
        isReadHeld = false
        context.read()
    }

    /// The server's response passes through.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        context.write(data, promise: promise)
        guard case .end = part, case .forwarded = entries.first else { return }
        entries.removeFirst()
        first += 1
        // The server flushes its own response; what follows it is flushed with that.
        advance()
        resumeReading()
    }

    // MARK: - The end

    /// An end of the connection waits until all that is under way on the lane is answered.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard !entries.isEmpty, event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        held.append(event)
    }

    private func goOn() {
        guard !held.isEmpty, let context else { return }
        flush()
        let events = held
        held = []
        for event in events { context.fireUserInboundEventTriggered(event) }
    }
}

extension PaymentLane.Letter {
    fileprivate var lane: NIOLoopBound<PaymentLane> {
        switch self {
        case .admitted(let lane, _, _), .charged(let lane, _, _): lane
        }
    }
}
