// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import HTTPTypes
import Hummingbird
import NIOCore

/// Answers what a ``PaymentLane`` does not take: first payments, offers, refusals, free requests and batches.
struct PaymentResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    private let gate: Gate
    private let handler: PaymentServer.Handler
    private let middleware: PaymentMiddleware<Context>
    private let batches: BatchResponder

    init(gate: Gate, handler: @escaping PaymentServer.Handler) {
        self.gate = gate
        self.handler = handler
        middleware = PaymentMiddleware(gate: gate)
        batches = BatchResponder(answers: BatchCounter(gate: gate, handler: handler).answers)
    }

    @concurrent func respond(to request: Request, context: Context) async throws -> Response {
        switch (request.method, request.uri.path) {
        case (.post, PaymentBatch.path): return try await batches.respond(to: request)
        case (.get, Gate.descriptionPath):
            return Response(
                status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: gate.priceDescription.bytes)))
        default:
            return try await middleware.handle(request, context: context) { request, _ in answer(request) }
        }
    }

    private func answer(_ request: Request) -> Response {
        let question = PromptRequest(method: request.method.rawValue, target: request.head.path ?? "/")
        guard let answer = handler(question) else {
            return Response(.problem(.notFound, GateFault.notSold), to: request)
        }
        var response = Response(
            status: answer.status, headers: [.contentType: answer.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
        if request.method == .head { response = response.createHeadResponse() }
        return response
    }
}
