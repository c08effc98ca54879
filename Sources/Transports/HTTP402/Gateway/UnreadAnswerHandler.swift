// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import NIOCore
public import NIOHTTPTypes

/// Hangs up on clients that do not take their answers.
///
/// A server that waits until its answer can be sent waits for ever for a client that reads nothing, and each such client
/// holds one of its connections. Where more is unsent than the connection takes, some of it must leave within the time;
/// how long all of it takes does not matter.
public final class UnreadAnswerHandler: ChannelInboundHandler, RemovableChannelHandler {
    public typealias InboundIn = HTTPRequestPart

    private let timeout: TimeAmount
    private var check: Scheduled<Void>?

    /// - Parameter timeout: How long nothing of an answer may leave.
    public init(timeout: TimeAmount = .seconds(75)) { self.timeout = timeout }

    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        check?.cancel()
        if !context.channel.isWritable { watch(context) }
        context.fireChannelWritabilityChanged()
    }

    public func channelInactive(context: ChannelHandlerContext) {
        check?.cancel()
        context.fireChannelInactive()
    }

    public func handlerRemoved(context: ChannelHandlerContext) { check?.cancel() }

    private func watch(_ context: ChannelHandlerContext) {
        let before = Self.unsent(context.channel)
        check = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [self] in
            guard Self.unsent(context.channel) < before else { return context.close(promise: nil) }
            watch(context)
        }
    }

    /// - Unit: bytes.
    private static func unsent(_ channel: any Channel) -> Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? .max
    }
}
