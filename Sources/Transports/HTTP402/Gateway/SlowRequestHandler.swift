// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import NIOCore
public import NIOHTTPTypes

/// Hangs up on clients that take forever to say what they want.
///
/// The first head must be complete in time, however many bytes trickle in meanwhile; after that, a body may not fall
/// silent. Without this, a handful of idle clients could hold all connections ("slow loris"). Between an answer and
/// the end of the next head it is the server's idle time-out that counts.
public final class SlowRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    public typealias InboundIn = HTTPRequestPart
    public typealias InboundOut = HTTPRequestPart

    private let headTimeout: TimeAmount
    private let silenceTimeout: TimeAmount
    private var deadline: Scheduled<Void>?

    /// - Parameters:
    ///   - headTimeout: From the connection to the end of the first head.
    ///   - silenceTimeout: Between two parts of a body.
    public init(headTimeout: TimeAmount = .seconds(30), silenceTimeout: TimeAmount = .seconds(30)) {
        self.headTimeout = headTimeout
        self.silenceTimeout = silenceTimeout
    }

    public func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { expect(within: headTimeout, context) }
    }

    public func channelActive(context: ChannelHandlerContext) {
        expect(within: headTimeout, context)
        context.fireChannelActive()
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head, .body: expect(within: silenceTimeout, context)
        // The answer may take as long as it takes; the server's idle time-out ends connections that stay unused.
        case .end: deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    public func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    public func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    private func expect(within time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
    }
}
