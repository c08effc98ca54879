// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore

/// Lets a channel connect only to addresses of one version of IP, where a name has some of either.
final class FamilyFilter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let family: NIOBSDSocket.ProtocolFamily

    /// - Parameter family: 4 or 6.
    init(family: Int) { self.family = family == 4 ? .inet : .inet6 }

    func connect(context: ChannelHandlerContext, to address: SocketAddress, promise: EventLoopPromise<Void>?) {
        guard address.protocol == family else {
            context.close(promise: nil)
            promise?.fail(SocketAddressError.unsupported)
            return
        }
        context.connect(to: address, promise: promise)
    }
}
