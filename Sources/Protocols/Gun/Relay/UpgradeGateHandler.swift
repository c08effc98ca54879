// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import NIOHTTP1

/// Answers requests that must not become connections, and lets the others through to the upgrade.
///
/// It stands before the upgrade, because whatever that refuses itself would be left without an answer.
final class UpgradeGateHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case waiting
        /// The request may be upgraded; what follows it is no HTTP any more.
        case open
        case refused
    }

    private let gate: UpgradeGate
    private var state = State.waiting

    init(gate: UpgradeGate) { self.gate = gate }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .open: context.fireChannelRead(data)
        case .refused: return
        case .waiting:
            guard case .head(let head) = Self.unwrapInboundIn(data), let refusal = gate.refusal(of: head) else {
                state = .open
                context.fireChannelRead(data)
                return
            }
            state = .refused
            for part in refusal.answer { context.write(Self.wrapOutboundOut(part), promise: nil) }
            let closing = context.eventLoop.makePromise(of: Void.self)
            closing.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: closing)
        }
    }
}

extension UpgradeGate.Refusal {
    /// The head and the body of the answer; its end is still to be sent.
    var answer: [HTTPServerResponsePart] {
        var headers: HTTPHeaders = [
            "Content-Type": "text/plain; charset=utf-8", "Content-Length": String(text.utf8.count),
            "Connection": "close",
        ]
        if status == .upgradeRequired { headers.replaceOrAdd(name: "Connection", value: "close, upgrade") }
        if status == .upgradeRequired { headers.add(name: "Upgrade", value: "websocket") }
        return [
            .head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)),
            .body(.byteBuffer(ByteBuffer(string: text))),
        ]
    }
}
