// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import NIOHTTP1

/// Hangs up on clients that take forever: over their first head, over the rest of a request, or between two requests.
///
/// Like ``SlowRequestHandler``, for a pipeline in which not every request reaches the server. Only what is understood
/// counts, not bytes that trickle in. A request that comes whole in one piece costs no timer.
final class SlowClientHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = Never

    private let requestTimeout: TimeAmount
    private let idleTimeout: TimeAmount
    private let isWorking: () -> Bool
    private var isInRequest = true
    private var hasHeard = false
    private var lastHeard = NIODeadline.now()
    private var check: Scheduled<Void>?

    /// - Parameters:
    ///   - requestTimeout: From the connection to the first head, and between two parts of a request.
    ///   - idleTimeout: Between the end of a request and the next, when nothing is sent meanwhile.
    ///   - isWorking: Whether the client waits for an answer, rather than the server for the client.
    init(requestTimeout: TimeAmount, idleTimeout: TimeAmount, isWorking: @escaping () -> Bool) {
        self.requestTimeout = requestTimeout
        self.idleTimeout = idleTimeout
        self.isWorking = isWorking
    }

    func handlerAdded(context: ChannelHandlerContext) {
        schedule(min(requestTimeout, idleTimeout), context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasHeard = true
        switch unwrapInboundIn(data) {
        case .head, .body: isInRequest = true
        case .end: isInRequest = false
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if hasHeard { lastHeard = .now() }
        hasHeard = false
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
            if !isInRequest, isWorking() { lastHeard = .now() }
            let limit = isInRequest ? requestTimeout : idleTimeout
            let silence = NIODeadline.now() - lastHeard
            guard silence < limit else { return context.close(promise: nil) }
            schedule(min(limit - silence, requestTimeout, idleTimeout), context)
        }
    }
}
