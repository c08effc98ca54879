// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingX402
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import NIOCore

/// Answers the operator's few paths itself, and puts the gate before everything else.
struct NodeResponder: HTTPResponder {
    typealias Context = NodeRequestContext

    let node: PaymentNode
    let gateway: Gateway
    let middleware: PaymentMiddleware<NodeRequestContext>
    let metrics: (@Sendable () -> String)?
    let readiness: Readiness

    @concurrent func respond(to request: Request, context: NodeRequestContext) async throws -> Response {
        if request.method == .get || request.method == .head {
            switch request.uri.path {
            case Gate.descriptionPath: return json(.ok, node.gate.priceDescription)
            case "/healthz": return json(.ok, ["status": "ok"])
            case "/readyz": return await readiness(request)
            case "/metrics": if let metrics { return text(metrics()) }
            default: break
            }
        }
        if request.method == .post, request.uri.path == PaymentBatch.path {
            let batches = BatchResponder { batch in
                await batch.answers(at: node.gate) { await answer(toItem: $0, context: context) }
            }
            return try await batches.respond(to: request)
        }
        return try await respond(toOne: request, context: context)
    }

    /// Serves a request of a batch as if it had come by itself.
    private func answer(toItem request: HTTPRequest, context: Context) async -> GateAnswer {
        do {
            let response = try await respond(
                toOne: Request(head: request, body: RequestBody(buffer: ByteBuffer())), context: context)
            return try await GateAnswer(response)
        } catch {
            context.logger.error("A request of a batch failed", metadata: ["error": "\(error)"])
            return GateAnswer(status: .badGateway, headers: [:], body: [])
        }
    }

    private func respond(toOne request: Request, context: Context) async throws -> Response {
        let start = ContinuousClock.now
        let response: Response
        do {
            response = try await middleware.handle(request, context: context) { request, context in
                try await gateway.respond(
                    to: request, client: context.client, isMetered: node.gate.sellsStream(request.head),
                    logger: context.logger)
            }
        } catch let fault as GatewayFault {
            // The upstream broke off while its short answer was collected; nothing was charged.
            response = try fault.response(from: request, context: context)
        }
        record(response, since: start)
        return response
    }

    private func record(_ response: Response, since start: ContinuousClock.Instant) {
        let outcome =
            if response.headers[.paymentStream] != nil {
                "stream"
            } else if response.headers[.paymentResponse] != nil {
                response.status == .paymentRequired ? "settlement_failed" : "paid"
            } else if response.status == .paymentRequired {
                response.headers[.paymentRequired] == nil ? "refused" : "payment_required"
            } else if response.status.code >= 500 {
                "failed"
            } else {
                "unpaid"
            }
        Counter(label: "farthing_requests_total", dimensions: [("outcome", outcome)]).increment()
        Timer(label: "farthing_request_duration_seconds", dimensions: [("outcome", outcome)])
            .recordNanoseconds(Int64((ContinuousClock.now - start) / .nanoseconds(1)))
    }

    /// Ready when it can sell; whether it can settle too is told, and counts for whoever asks for it.
    private func readiness(_ request: Request) async -> Response {
        let words = request.uri.query?.split(separator: "&") ?? []
        let (isReady, members) = await readiness.report(needsSettlement: words.contains("settlement"))
        return json(
            isReady ? .ok : .serviceUnavailable,
            members.adding("settlement", .string(node.configuration.settlementName))
                .adding("simulated", .bool(node.settlement.isSimulated)))
    }

    private func json(_ status: HTTPResponse.Status, _ json: JSON) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }

    private func text(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
