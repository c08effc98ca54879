// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import Hummingbird
public import NIOCore

/// A request's context that knows the connection on which the request came.
///
/// With it a metered stream ends as soon as its client has gone; without it, when the next part cannot be sent.
public protocol ConnectionRequestContext: RequestContext {
    var connection: (any Channel)? { get }
}

/// Tells when the client of a connection has hung up, also while nothing is read or written.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    private let onEnd: @Sendable () -> Void

    private init(_ onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

    func channelInactive(context: ChannelHandlerContext) {
        onEnd()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { onEnd() }
        context.fireUserInboundEventTriggered(event)
    }

    /// Watches a connection.
    ///
    /// - Returns: What ends the watching.
    static func begin(_ channel: any Channel, onEnd: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let name = "payment-stream-\(UInt64.random(in: .min ... .max))"
        channel.eventLoop.execute {
            let watch = ConnectionWatch(onEnd)
            guard channel.isActive,
                (try? channel.pipeline.syncOperations.addHandler(watch, name: name, position: .first)) != nil
            else { return onEnd() }
        }
        return { channel.pipeline.removeHandler(name: name, promise: nil) }
    }
}
