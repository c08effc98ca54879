// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import Synchronization

/// When something last came of a peer.
///
/// It stands before what makes frames of the bytes, since a long frame over a slow line is no silence.
final class LastHeard: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private struct State: Sendable {
        var at = ContinuousClock.now
        /// Whether this side has something to do with what came, and may leave unread what comes meanwhile.
        var isBusy = false
    }

    private let state = Mutex(State())

    /// Now, while this side may be the one that keeps the peer waiting.
    var at: ContinuousClock.Instant { state.withLock { $0.isBusy ? .now : $0.at } }

    func note() { state.withLock { $0.at = .now } }

    /// Called when something was taken to be worked on, and ``finish()`` when that is done.
    func begin() { state.withLock { $0.isBusy = true } }

    func finish() { state.withLock { $0 = State() } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        note()
        context.fireChannelRead(data)
    }
}
