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
        case held([Piece])
        /// The server's, which answers it now.
        case forwarded
    }

    /// What the server is given.
    private enum Piece {
        case part(HTTPServerRequestPart)
        /// What came was no HTTP. Nothing follows.
        case fault(any Error)
    }

    /// How many requests of a connection may be under way: then nothing more is read.
    static let maximumUnderWay = 256
    /// How many parts of requests may wait for the server: then nothing more is read.
    static let maximumHeld = 64

    private let gate: Gate
    private let handler: PaymentServer.Handler
    private let mailbox: LoopMailbox<Letter>
    private var entries = CircularBuffer<Entry>()
    /// The number of the first entry; they are counted on from there.
    private var first = 0
    /// The request that is being read, while it may yet take the lane.
    private var candidate: HTTPRequestHead?
    /// Whether a request that is the server's is still being read.
    private var isReadingPassed = false
    /// How many pieces wait for the server.
    private var heldPieces = 0
    /// Ends of the connection that wait.
    private var ends: [Any] = []
    /// Whether the server stops: then no more requests are taken.
    private var isStopping = false
    /// Whether what came was no HTTP: nothing after it is understood.
    private var hasFailed = false
    private var isReadHeld = false
    private var date = ResponseDate()
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

    /// What is no HTTP is answered in its turn, like a request.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Of what follows a mistake, only the end of the connection is of interest, and that is told otherwise.
        guard !hasFailed else { return }
        guard error is HTTPParserError else { return context.fireErrorCaught(error) }
        hasFailed = true
        candidate = nil
        if !isReadingPassed, !entries.isEmpty { entries.append(.held([])) }
        give(.fault(error))
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
        if entries.count >= Self.maximumUnderWay || heldPieces >= Self.maximumHeld { return true }
        if isStopping, !isReadingPassed { return true }
        // Whoever does not read its answers gets no more of them.
        return context?.channel.isWritable == false
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.fireChannelWritabilityChanged()
        resumeReading()
    }

    /// Whether the client waits for an answer, and takes what it is sent.
    var isWorking: Bool { !entries.isEmpty && context?.channel.isWritable == true }

    /// Whether it has one payment and no body, is answered with one, and leaves the connection open.
    private static func mayTakeLane(_ head: HTTPRequestHead) -> Bool {
        guard head.method != .HEAD, head.method != .OPTIONS else { return false }
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
            !head.uri.utf8.starts(with: Gate.descriptionPath.utf8),
            let paid = gate.check(head.method.rawValue, head.uri, header: header),
            // A failure costs nothing, and is told by the server in its own words; so is what can have no body.
            let answer = handler(PromptRequest(method: head.method.rawValue, target: head.uri)),
            (200..<400).contains(answer.status.code), ![204, 205, 304].contains(answer.status.code)
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

    private func pass(_ part: HTTPServerRequestPart) {
        switch part {
        case .head:
            isReadingPassed = true
            entries.append(.held([]))
        case .body: break
        case .end: isReadingPassed = false
        }
        give(.part(part))
    }

    /// Gives a piece to the server, when it is its turn.
    private func give(_ piece: Piece) {
        guard case .held(var pieces) = entries.last else {
            hasPassed = true
            return hand(piece)
        }
        entries.removeLast()
        pieces.append(piece)
        entries.append(.held(pieces))
        heldPieces += 1
        advance()
    }

    private func hand(_ piece: Piece) {
        switch piece {
        case .part(let part): context?.fireChannelRead(wrapInboundOut(part))
        case .fault(let error): context?.fireErrorCaught(error)
        }
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
        let encoder = PromptResponseEncoder(allocator: context.channel.allocator, date: date.text())
        switch outcome {
        case .charged(let receipt): entries[index] = .ready(encoder.response(answer, receipt: receipt()))
        case .declined:
            entries[index] = .held([.part(.head(head)), .part(.end(nil))])
            heldPieces += 2
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
            case .held(let pieces):
                heldPieces -= pieces.count
                if case .fault = pieces.first {
                    // The server may have had enough before it, and answer nothing.
                    entries.removeFirst()
                    first += 1
                } else {
                    entries[entries.startIndex] = .forwarded
                }
                for piece in pieces { hand(piece) }
                context.fireChannelReadComplete()
                if case .forwarded = entries.first { return }
            case .charging, .forwarded: return
            }
        }
        guard entries.isEmpty else { return }
        end()
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

    /// An end of the connection waits until all that is under way is answered.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard !entries.isEmpty, event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        if event is ChannelShouldQuiesceEvent { isStopping = true }
        ends.append(event)
    }

    private func end() {
        guard !ends.isEmpty, let context else { return }
        // Whoever is told may close at once.
        context.flush()
        hasWritten = false
        let events = ends
        ends = []
        for event in events { context.fireUserInboundEventTriggered(event) }
    }
}
