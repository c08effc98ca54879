// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Synchronization

/// A connection of a server before which stands a ``PaymentLane``.
struct PaymentHTTPChannel: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: Responder
    let gate: Gate
    let handler: PaymentServer.Handler
    /// - Unit: bytes.
    let maximumHeaderBytes: Int
    /// - Unit: bytes of all headers of a request together.
    static let maximumHeaders = 80 * 1024

    let requestTimeout: TimeAmount
    let idleTimeout: TimeAmount
    let mailboxes: LaneMailboxes

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = maximumHeaderBytes
            limits.maxHeaderListSize = Self.maximumHeaders
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
            let lane = PaymentLane(gate: gate, mailbox: mailboxes.mailbox(of: channel.eventLoop), handler: handler)
            try pipeline.addHandler(
                SlowClientHandler(
                    requestTimeout: requestTimeout, idleTimeout: idleTimeout, isWorking: { lane.isWorking }))
            try pipeline.addHandler(HostRule.Check())
            try pipeline.addHandler(lane)
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: nil, logger: logger))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}

/// One mailbox for each event loop.
final class LaneMailboxes: Sendable {
    private let mailboxes = Mutex<[ObjectIdentifier: LoopMailbox<PaymentLane.Letter>]>([:])

    func mailbox(of loop: any EventLoop) -> LoopMailbox<PaymentLane.Letter> {
        mailboxes.withLock { mailboxes in
            let key = ObjectIdentifier(loop)
            if let mailbox = mailboxes[key] { return mailbox }
            let mailbox = LoopMailbox(loop, read: PaymentLane.read)
            mailboxes[key] = mailbox
            return mailbox
        }
    }
}
