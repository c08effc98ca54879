// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Puts a ``Gate`` in front of Hummingbird's routes.
///
///     router.add(middleware: PaymentMiddleware(gate: gate))
///
/// A response whose length is known and small is collected before it is charged, so a handler that breaks off
/// costs nothing. A longer one is charged when its head is there and streamed; if it breaks off on this side, the
/// payer gets what it was charged as a credit. The body of a metered stream is charged as it goes.
public struct PaymentMiddleware<Context: RequestContext>: RouterMiddleware {
    private let gate: Gate
    private let collectedBytes: Int

    /// - Parameter collectedBytes: Up to what length a response is collected before it is charged.
    public init(gate: Gate, collectedBytes: Int = 256 * 1024) {
        self.gate = gate
        self.collectedBytes = collectedBytes
    }

    public func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let decision: Gate.Decision
        do {
            decision = try await gate.decide(request.head)
        } catch {
            context.logger.error("The payment desk is out of order", metadata: ["error": "\(error)"])
            return Response(.outOfOrder, to: request)
        }
        switch decision {
        case .answer(let answer):
            return Response(answer, to: request)
        case .pass:
            var response = try await next(request.withoutPayment, context)
            response.headers[.settlementOverrides] = nil
            return response
        case .preflight:
            let head = Gate.permission(from: try await next(request.withoutPayment, context).headers)
            return Response(status: head.status, headers: head.headerFields, body: ResponseBody())
        case .serve(let paid):
            let client = ClientWatch()
            do {
                let response = try await next(request.withoutPayment.watched(by: client), context)
                if paid.opensStream {
                    let connection = (context as? any ConnectionRequestContext)?.connection
                    return await stream(paid, response, on: connection, to: request)
                }
                let body = try await collected(response)
                return await conclude(paid, response, body: body, to: request, client)
            } catch {
                await paid.failed()
                guard let known = error as? any HTTPResponseError else { throw error }
                var response = try known.response(from: request, context: context)
                Gate.markUncharged(&response.headers)
                return response
            }
        }
    }

    private func conclude(
        _ paid: PaidRequest, _ response: Response, body: ByteBuffer?, to request: Request, _ client: ClientWatch
    ) async -> Response {
        var response = response
        if let body { response.body = ResponseBody(byteBuffer: body) }
        switch await paid.served(response.head) {
        case .withhold(let answer):
            return Response(answer, to: request)
        case .deliverUncharged(let head):
            response.headers = head.headerFields
        case .deliver(let head):
            response.headers = head.headerFields
            let isKept = body.map { $0.readableBytes <= paid.keptBytes } ?? false
            paid.finished(head, body: isKept ? body.map { Array($0.readableBytesView) } : nil)
            if body == nil { response.body = watched(response.body, paid, client) }
        }
        return response
    }

    /// Delivers the body of a metered stream, as far as it is paid for.
    private func stream(
        _ paid: PaidRequest, _ response: Response, on connection: (any Channel)?, to request: Request
    ) async -> Response {
        switch await paid.opened(response.head) {
        case .withhold(let answer): return Response(answer, to: request)
        case .deliverUncharged(let head):
            var response = response
            response.headers = head.headerFields
            return response
        case .stream(let stream, let head):
            let ticket = StreamTicket(stream)
            let isEvents = head.headerFields.tellsReadableEvents
            let body = response.body
            return Response(
                status: head.status, headers: head.headerFields,
                body: ResponseBody { writer in
                    try await StreamDelivery.run(
                        ticket.stream, body, isEvents: isEvents, on: connection, to: &writer)
                })
        }
    }

    /// Waits for the whole body when it is known to be small.
    private func collected(_ response: Response) async throws -> ByteBuffer? {
        guard let length = response.body.contentLength, length <= collectedBytes else { return nil }
        let sink = BodySink()
        try await response.body.write(sink)
        return sink.bytes
    }

    /// Tells a body that breaks off here from a client that has gone away.
    ///
    /// Only the former is owed anything: a payer must not get its money back by hanging up on the last byte.
    private func watched(_ body: ResponseBody, _ paid: PaidRequest, _ client: ClientWatch) -> ResponseBody {
        ResponseBody(contentLength: body.contentLength) { writer in
            do {
                try await body.write(WatchedWriter(writer: writer, client: client))
            } catch {
                // Nobody but a client, or a server that stops, has what is on its way cancelled.
                let isCalledOff = Task.isCancelled && !Task.isShuttingDownGracefully
                let isTheClients = client.hasGone || (error as? GatewayFault)?.isTheClients == true
                if !isTheClients, !isCalledOff { await paid.brokenOff() }
                throw error
            }
        }
    }
}

extension HTTPFields {
    /// Whether the body is a stream of events in which their ends can be seen.
    ///
    /// Of one that is compressed nothing would be let out, and nothing of ours may stand in it.
    fileprivate var tellsReadableEvents: Bool {
        self[.contentType]?.lowercased().hasPrefix("text/event-stream") == true
            && self[values: .contentEncoding].allSatisfy { $0.lowercased() == "identity" }
    }
}

extension Response {
    /// - Parameter request: What it answers; HEAD gets no body, only how long it would be.
    init(_ answer: GateAnswer, to request: Request) {
        self.init(
            status: answer.status, headers: answer.headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
        if request.method == .head { self = createHeadResponse() }
    }
}

extension Request {
    /// The same request without what only concerns the gate.
    fileprivate var withoutPayment: Request {
        var head = head
        for name in [.paymentSignature, .paymentStream, .settlementOverrides, .paymentV1] as [HTTPField.Name] {
            head.headerFields[name] = nil
        }
        return Request(head: head, body: body)
    }

    /// The same request, whose body tells when it breaks off.
    fileprivate func watched(by client: ClientWatch) -> Request {
        var copy = self
        copy.body = RequestBody(asyncSequence: WatchedBody(body: body, client: client))
        return copy
    }
}
