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

    /// What is told from other threads: what came of the charge for one request.
    struct Letter: Sendable {
        let lane: NIOLoopBound<PaymentLane>
        let number: Int
        let outcome: ChargeOutcome
    }

    /// A request of this connection that was not answered yet.
    private enum Entry {
        /// Waits for the disk.
        case charging(HTTPRequestHead, PromptAnswer)
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
    /// Where complete responses are written: in front of whatever encodes the server's.
    private var encoder: ChannelHandlerContext?
    /// Whether the server was given anything since it last heard that reading is complete.
    private var hasPassed = false

    init(gate: Gate, mailbox: LoopMailbox<Letter>, handler: @escaping PaymentServer.Handler) {
        self.gate = gate
        self.mailbox = mailbox
        self.handler = handler
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        context = nil
        encoder = nil
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
        guard hasPassed else { return }
        hasPassed = false
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
        guard let context, let header = head.headers.first(name: "payment-signature"),
            let paid = gate.check(head.method.rawValue, head.uri, header: header),
            // A failure costs nothing, and is told by the server in its own words.
            let answer = handler(PromptRequest(method: head.method.rawValue, target: head.uri)),
            answer.status.code < 400
        else {
            pass(.head(head))
            return pass(.end(nil))
        }
        let number = first + entries.count
        entries.append(.charging(head, answer))
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        paid.payment.charge(paid.price) { [mailbox] outcome in
            mailbox.post(Letter(lane: me, number: number, outcome: outcome))
        }
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
            hasPassed = true
            context?.fireChannelRead(wrapInboundOut(part))
            return
        }
        advance()
    }

    // MARK: - Answers

    static func read(_ letters: [Letter]) {
        var lanes: [PaymentLane] = []
        for letter in letters {
            let lane = letter.lane.value
            lane.charged(letter.number, letter.outcome)
            if lane.hasWritten, lanes.last !== lane { lanes.append(lane) }
        }
        for lane in lanes { lane.flush() }
    }

    private func charged(_ number: Int, _ outcome: ChargeOutcome) {
        guard let context, number >= first, number < first + entries.count else { return }
        let index = entries.index(entries.startIndex, offsetBy: number - first)
        guard case .charging(let head, let answer) = entries[index] else { return }
        let encoder = PromptResponseEncoder(allocator: context.channel.allocator)
        switch outcome {
        case .charged(let receipt): entries[index] = .ready(encoder.response(answer, receipt: receipt()))
        case .declined: entries[index] = .held([.head(head), .end(nil)])
        case .outOfOrder:
            entries[index] = .ready(encoder.response(.outOfOrder))
        }
        advance()
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
                encoder?.write(NIOAny(buffer), promise: nil)
            case .held(let parts):
                entries[entries.startIndex] = .forwarded
                for part in parts { context.fireChannelRead(wrapInboundOut(part)) }
                context.fireChannelReadComplete()
                return
            case .charging, .forwarded: return
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
