// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore

/// Closes a connection so that its last words arrive.
///
/// A connection that is closed with something unread is reset, and a reset may reach the peer before it has read why. So
/// this side stops writing, throws away what still comes until the peer closes too, and closes then; or after a second, or
/// when more comes than was under way.
///
/// - Source: RFC 6455, section 7.1.1.
final class LingeringClose: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    /// How long the peer may take to close.
    private static let time = TimeAmount.seconds(1)

    /// How much is still thrown away.
    ///
    /// - Unit: bytes.
    private var left: Int
    private var isLingering = false
    private var isOver = false
    private var waiting: [EventLoopPromise<Void>] = []
    private var deadline: Scheduled<Void>?

    /// - Parameter most: How many bytes are thrown away at most.
    init(most: Int) { left = most }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard case .all = mode, !isOver, context.channel.isActive else {
            return context.close(mode: mode, promise: promise)
        }
        if let promise { waiting.append(promise) }
        guard !isLingering else { return }
        isLingering = true
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: Self.time) {
            let (handler, context) = bound.value
            handler.end(context)
        }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isLingering else { return context.fireChannelRead(data) }
        left -= Self.unwrapInboundIn(data).readableBytes
        if left < 0 { end(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard isLingering, !isOver else { return context.fireChannelReadComplete() }
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOver = true
        settle()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { settle() }

    private func end(_ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        context.close(mode: .all, promise: nil)
    }

    private func settle() {
        deadline?.cancel()
        defer { waiting = [] }
        for promise in waiting { promise.succeed() }
    }
}
