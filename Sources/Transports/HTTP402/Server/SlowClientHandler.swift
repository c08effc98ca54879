// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import NIOHTTP1

/// Hangs up on clients that take forever: over their first head, over the rest of a request, or between two requests.
///
/// Like ``SlowRequestHandler``, for a pipeline in which not every request reaches the server. A request that comes whole
/// in one piece costs no timer.
final class SlowClientHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = Never

    private let requestTimeout: TimeAmount
    private let idleTimeout: TimeAmount
    private var isInRequest = true
    private var lastHeard = NIODeadline.now()
    private var check: Scheduled<Void>?

    /// - Parameters:
    ///   - requestTimeout: From the connection to the first head, and between two parts of a request.
    ///   - idleTimeout: Between the end of a request and the next, when nothing is sent meanwhile.
    init(requestTimeout: TimeAmount = .seconds(30), idleTimeout: TimeAmount) {
        self.requestTimeout = requestTimeout
        self.idleTimeout = idleTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        schedule(requestTimeout, context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head, .body: isInRequest = true
        case .end: isInRequest = false
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        lastHeard = .now()
        context.fireChannelReadComplete()
    }

    func flush(context: ChannelHandlerContext) {
        lastHeard = .now()
        context.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        check?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { check?.cancel() }

    /// One timer a connection looks every now and then how long ago something was heard.
    private func schedule(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        check = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            let limit = isInRequest ? requestTimeout : idleTimeout
            let silence = NIODeadline.now() - lastHeard
            guard silence < limit else { return context.close(promise: nil) }
            schedule(min(limit - silence, requestTimeout), context)
        }
    }
}
