// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
public import Hummingbird
import Logging
import NIOCore

/// Puts a ``Gate`` in front of Hummingbird's routes.
///
///     router.add(middleware: PaymentMiddleware(gate: gate))
///
/// A response whose length is known and small is collected before it is charged, so a handler that breaks off
/// costs nothing. A longer one is charged when its head is there and streamed; if it breaks off on this side, the
/// payer gets what it was charged as a credit.
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
            return Response(GateAnswer.problem(.serviceUnavailable, GateFault.outOfOrder))
        }
        switch decision {
        case .answer(let answer):
            return Response(answer)
        case .pass:
            var response = try await next(request.withoutPayment, context)
            response.headers[.settlementOverrides] = nil
            return response
        case .serve(let paid):
            do {
                let response = try await next(request.withoutPayment, context)
                return await conclude(paid, response, body: try await collected(response))
            } catch {
                await paid.failed()
                throw error
            }
        }
    }

    private func conclude(_ paid: PaidRequest, _ response: Response, body: ByteBuffer?) async -> Response {
        var response = response
        if let body { response.body = ResponseBody(byteBuffer: body) }
        switch await paid.served(response.head) {
        case .withhold(let answer):
            return Response(answer)
        case .deliverUncharged(let head):
            response.headers = head.headerFields
        case .deliver(let head):
            response.headers = head.headerFields
            let isKept = body.map { $0.readableBytes <= paid.keptBytes } ?? false
            paid.finished(head, body: isKept ? body.map { Array($0.readableBytesView) } : nil)
            if body == nil { response.body = watched(response.body, paid) }
        }
        return response
    }

    /// Waits for the whole body when it is known to be small.
    private func collected(_ response: Response) async throws -> ByteBuffer? {
        guard let length = response.body.contentLength, length <= collectedBytes else { return nil }
        let sink = BodySink()
        try await response.body.write(sink)
        return sink.bytes
    }

    /// Tells a body that breaks off here from a client that has gone away.
    private func watched(_ body: ResponseBody, _ paid: PaidRequest) -> ResponseBody {
        ResponseBody(contentLength: body.contentLength) { writer in
            let watch = WatchedWriter.Watch()
            do {
                try await body.write(WatchedWriter(writer: writer, watch: watch))
            } catch {
                if !watch.clientHasGone { await paid.brokenOff() }
                throw error
            }
        }
    }
}

extension Response {
    init(_ answer: GateAnswer) {
        self.init(
            status: answer.status, headers: answer.headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}

extension Request {
    /// The same request without what only concerns the gate.
    var withoutPayment: Request {
        var head = head
        for name in [.paymentSignature, .settlementOverrides, .paymentV1] as [HTTPField.Name] {
            head.headerFields[name] = nil
        }
        return Request(head: head, body: body)
    }
}
