// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
public import FarthingHTTP402
public import FarthingPeerPayments
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Sells to peers what a node sells over HTTP: the same routes, prices, payments and streams.
struct PeerCounter: PeerResponder {
    let responder: NodeResponder
    let logger: Logger
    /// Where the connection comes from on which is asked; `nil` over relays, which do not tell.
    var client: String?

    func take(_ payments: [PeerPayment], answer: @escaping @Sendable (Int, PromptOutcome) -> Void) {
        // The upstream must be asked, which takes time.
        for place in payments.indices { answer(place, .declined) }
    }

    func respond(to request: PeerRequest) async -> PeerResponse {
        guard let head = request.head else { return PeerResponse(status: 400) }
        do {
            let context = NodeRequestContext(logger: logger, client: client)
            let response = try await responder.respond(
                to: Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: request.body))), context: context)
            return PeerResponse(response)
        } catch {
            logger.error("A peer's request failed", metadata: ["error": "\(error)"])
            return PeerResponse(status: 502)
        }
    }
}

/// Sells to peers what a function answers that waits for nothing.
public struct PromptPeerCounter: PeerResponder {
    private let gate: Gate
    private let handler: PaymentServer.Handler

    public init(gate: Gate, handler: @escaping PaymentServer.Handler) {
        self.gate = gate
        self.handler = handler
    }

    public func take(
        _ payments: [PeerPayment], answer: @escaping @Sendable (_ place: Int, PromptOutcome) -> Void
    ) {
        var charges: [PromptCharge] = []
        charges.reserveCapacity(payments.count)
        var last: (any CheckedPayment)?
        for (place, payment) in payments.enumerated() {
            let request = payment.request
            guard let paid = gate.check(request.method, request.target, payment: request.payment, after: last),
                let content = handler(PromptRequest(method: request.method, target: request.target)),
                // What does not go into one part is sent in several by the full way.
                content.status == .ok, content.body.count <= PeerLimits.bodyPart
            else {
                answer(place, .declined)
                continue
            }
            last = paid.payment
            charges.append(
                PromptCharge(payment: paid.payment, price: paid.price) { [isBrief = payment.isBrief] outcome in
                    switch outcome {
                    case .charged(let receipt):
                        answer(
                            place,
                            .paid(
                                receipt: isBrief ? "" : receipt(), contentType: content.contentType, body: content.body)
                        )
                    // What is wrong is told by the full way, in its own words.
                    case .declined, .outOfOrder: answer(place, .declined)
                    }
                })
        }
        charges.charge()
    }

    public func respond(to request: PeerRequest) async -> PeerResponse {
        guard let head = request.head else { return PeerResponse(status: 400) }
        let answer = await gate.answer(head, by: handler)
        return PeerResponse(status: answer.status.code, headers: answer.headers, body: .whole(answer.body))
    }
}

extension PeerRequest {
    /// The same as HTTP has it.
    fileprivate var head: HTTPRequest? {
        guard let method = HTTPRequest.Method(method) else { return nil }
        var head = HTTPRequest(method: method, scheme: nil, authority: nil, path: target, headerFields: headers)
        head.headerFields[.paymentSignature] = payment.isEmpty ? nil : Base64.encode(payment)
        // Which host is asked, and who asks, is for this side to say: peers name no host, and have no proxy in between.
        for name in headers.map(\.name) where Self.isOurs(name.canonicalName) { head.headerFields[name] = nil }
        // How long the body is was told by the frames, and by nothing else.
        head.headerFields[.transferEncoding] = nil
        head.headerFields[.contentLength] = body.isEmpty ? nil : "\(body.count)"
        return head
    }

    private static func isOurs(_ name: String) -> Bool {
        name == "host" || name == "forwarded" || name == "x-real-ip" || name.hasPrefix("x-forwarded")
    }
}

extension PeerResponse {
    fileprivate init(_ response: Response) {
        let body = response.body
        self.init(
            status: response.status.code, headers: response.headers,
            body: .streamed { write in try await body.write(PeerBodyWriter(send: write)) })
    }
}

/// Hands a body on to a peer.
private struct PeerBodyWriter: ResponseBodyWriter {
    let send: @Sendable ([UInt8]) async throws -> Void

    func write(_ buffer: ByteBuffer) async throws {
        do {
            try await send(Array(buffer.readableBytesView))
        } catch {
            // Unless the node stops, it is the peer that hung up, and not this side that was cancelled.
            throw Task.isShuttingDownGracefully ? error : PeerLinkError.closed
        }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
