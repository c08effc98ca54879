// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore

/// Counts what came of a connection until it is taken in, and ends one that holds more than is still free for all.
///
/// It stands before what makes frames of the bytes, since half a frame takes as much room as its bytes.
final class UnreadBytes: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let budget: ByteBudget

    /// - Parameter budget: The connection's own; whoever takes in a frame releases its bytes.
    init(_ budget: ByteBudget) { self.budget = budget }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard budget.reserve(unwrapInboundIn(data).readableBytes) else {
            context.fireErrorCaught(GunError.full(what: "bytes that are not read yet"))
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
    }
}
