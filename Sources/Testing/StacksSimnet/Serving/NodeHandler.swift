// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import NIOCore
import NIOHTTP1

/// Reads requests from one connection and writes the node's answers.
final class NodeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long the body of a request may be: a transaction as JSON takes two letters a byte.
    ///
    /// - Unit: bytes.
    private static let maximumBody = 5 << 20

    private let node: SimnetNode
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLong = false

    init(_ node: SimnetNode) { self.node = node }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
            isTooLong = false
        case .body(let part):
            isTooLong = isTooLong || body.count + part.readableBytes > Self.maximumBody
            if !isTooLong { body += part.readableBytesView }
        case .end: finish(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func finish(_ context: ChannelHandlerContext) {
        guard let head else { return }
        if isTooLong {
            write(.text("Request is too long", status: .payloadTooLarge), head, context)
            return
        }
        let request = NodeRequest(head, body: body)
        body = []
        let fault = node.takeFault(for: request)
        let answer: NodeAnswer?
        switch fault {
        case .refuse(let reason): answer = node.refuse(request, reason: reason)
        case .serverError: answer = .text("Internal error", status: .internalServerError)
        case .answer(let status, let body): answer = .text(body, status: HTTPResponseStatus(statusCode: status))
        case .hangUp:
            _ = node.answer(request)
            answer = nil
        case .lose: answer = node.answer(request, loses: true)
        case .delay, .stall, nil: answer = node.answer(request)
        }
        guard let answer else {
            context.close(promise: nil)
            return
        }
        guard case .delay(let time)? = fault else {
            write(answer, head, context, isStalled: fault == .stall)
            return
        }
        let loop = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: TimeAmount(time)) {
            let (handler, context) = loop.value
            if context.channel.isActive { handler.write(answer, head, context) }
        }
    }

    private func write(
        _ answer: NodeAnswer, _ head: HTTPRequestHead, _ context: ChannelHandlerContext, isStalled: Bool = false
    ) {
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: answer.contentType)
        headers.add(name: "Content-Length", value: "\(answer.body.count)")
        headers.add(name: "X-Canonical-Stacks-Tip-Height", value: "\(node.heights.stacks)")
        if !head.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let answerHead = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(answerHead)), promise: nil)
        guard !isStalled else {
            let most = ByteBuffer(bytes: answer.body.dropLast())
            return context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(most))), promise: nil)
        }
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        let done = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: done)
        if !head.isKeepAlive {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            done.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        }
    }
}
