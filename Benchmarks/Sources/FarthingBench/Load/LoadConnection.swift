// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore

/// Sends its requests over one connection, each when the one before is answered, and looks at every answer.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The signal to begin.
    struct Begin: Sendable {}

    struct Outcome: Sendable {
        /// - Unit: seconds.
        let latencies: [Double]
        /// The last answer, head and body.
        let last: String
    }

    private let requests: [ByteBuffer]
    private let wantsReceipt: Bool
    private let outcome: EventLoopPromise<Outcome>
    private var latencies: [Double] = []
    private var sent: NIODeadline = .now()
    private var received = ByteBuffer()

    init(_ requests: [ByteBuffer], wantsReceipt: Bool, outcome: EventLoopPromise<Outcome>) {
        self.requests = requests
        self.wantsReceipt = wantsReceipt
        self.outcome = outcome
        latencies.reserveCapacity(requests.count)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Begin { send(context) } else { context.fireUserInboundEventTriggered(event) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        guard let head = AnswerHead(received) else { return }
        guard head.status == 200, head.hasReceipt || !wantsReceipt, let length = head.length else {
            return fail("The server answered: \(String(buffer: received).prefix(600))", context)
        }
        guard received.readableBytes >= length else { return }
        latencies.append(Double((NIODeadline.now() - sent).nanoseconds) * 1e-9)
        if latencies.count < requests.count { return send(context) }
        outcome.succeed(Outcome(latencies: latencies, last: String(buffer: received)))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // After the last answer this comes too late to matter.
        outcome.fail(WrongResult("The server hung up after \(latencies.count) answers."))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail("\(error)", context) }

    private func send(_ context: ChannelHandlerContext) {
        received.clear()
        sent = .now()
        context.writeAndFlush(wrapOutboundOut(requests[latencies.count]), promise: nil)
    }

    private func fail(_ text: String, _ context: ChannelHandlerContext) {
        outcome.fail(WrongResult(text))
        context.close(promise: nil)
    }
}
