// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402
import HTTPTypes
import Hummingbird
import Metrics
import NIOCore

/// Answers `/supported`, `/verify` and `/settle`, and the operator's few paths.
///
/// A bad payment is answered with status 200, as the official clients take any other for an outage. Problem details
/// answer what is no request of the API at all.
///
/// - Source: x402 v2, facilitator API; RFC 9457.
struct FacilitatorResponder: HTTPResponder {
    typealias Context = NodeRequestContext

    let facilitator: Facilitator
    let metrics: (@Sendable () -> String)?
    let settling: KeptLook

    /// The longest body that is read; a hundred claims have half of that.
    ///
    /// - Unit: bytes.
    static let maximumBytes = 256 * 1024

    @concurrent func respond(to request: Request, context: NodeRequestContext) async throws -> Response {
        let path = request.uri.path
        if request.method == .get || request.method == .head {
            switch path {
            case "/supported": return json(.ok, facilitator.supported.json)
            case "/healthz": return json(.ok, ["status": "ok"])
            case "/readyz": return await readiness()
            case "/metrics": if let metrics { return text(metrics()) }
            default: break
            }
        }
        guard path == "/verify" || path == "/settle" else {
            return problem(.notFound, "api.no-such-path", "There is nothing at this path.")
        }
        guard request.method == .post else {
            return problem(.methodNotAllowed, "api.method", "This path takes POST.")
        }
        let start = ContinuousClock.now
        let asked: FacilitatorRequest
        do { asked = try await read(request) } catch let fault as RequestFault {
            count(path, "malformed", since: start)
            return problem(fault.status, fault.code, fault.detail)
        }
        let (answer, outcome): (JSON, String)
        if path == "/verify" {
            let response = await facilitator.verify(asked)
            (answer, outcome) = (response.json, response.isValid ? "valid" : "invalid")
        } else {
            let response = await facilitator.settle(asked, secret: Self.bearer(in: request))
            (answer, outcome) = (response.json, response.success ? "settled" : "refused")
        }
        count(path, outcome, since: start)
        return json(.ok, answer)
    }

    private struct RequestFault: Error {
        let status: HTTPResponse.Status
        let code: String
        let detail: String
    }

    /// The secret by which a payee proves who it is.
    ///
    /// - Source: RFC 6750, section 2.1.
    private static func bearer(in request: Request) -> String? {
        let parts = request.headers[.authorization]?.split(separator: " ", maxSplits: 1) ?? []
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    private func read(_ request: Request) async throws -> FacilitatorRequest {
        let tooLong = RequestFault(
            status: .contentTooLarge, code: "api.too-long",
            detail: "The body is longer than \(Self.maximumBytes) bytes.")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.maximumBytes {
            throw tooLong
        }
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: Self.maximumBytes) } catch is NIOTooManyBytesError {
            throw tooLong
        }
        do {
            return try FacilitatorRequest(json: try JSON.parse(Array(body.readableBytesView)))
        } catch let error as JSON.ParseError {
            throw RequestFault(status: .badRequest, code: "api.not-json", detail: error.message)
        } catch let fault as PaymentFault {
            throw RequestFault(status: .badRequest, code: fault.code, detail: fault.message)
        }
    }

    private func count(_ path: String, _ outcome: String, since start: ContinuousClock.Instant) {
        let dimensions = [("path", path), ("outcome", outcome)]
        Counter(label: "farthing_facilitator_requests_total", dimensions: dimensions).increment()
        Timer(label: "farthing_facilitator_duration_seconds", dimensions: dimensions)
            .recordNanoseconds(Int64((ContinuousClock.now - start) / .nanoseconds(1)))
    }

    private func readiness() async -> Response {
        let faults = await settling.faults()
        return json(
            faults.isEmpty ? .ok : .serviceUnavailable,
            [
                "ready": .bool(faults.isEmpty), "faults": .array(faults.map { .string($0.message) }),
                "obstacles": .array(faults.map(Readiness.json)),
                "settlement": .string(facilitator.settlement.isSimulated ? "ledger" : "evm"),
                "simulated": .bool(facilitator.settlement.isSimulated),
            ])
    }

    // MARK: - Answers

    private func json(_ status: HTTPResponse.Status, _ json: JSON) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }

    private func problem(_ status: HTTPResponse.Status, _ code: String, _ detail: String) -> Response {
        let problem: JSON = [
            "type": "about:blank", "title": .string(status.reasonPhrase), "status": .integer(status.code),
            "detail": .string(detail), "code": .string(code),
        ]
        return Response(
            status: status, headers: [.contentType: "application/problem+json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: problem.bytes)))
    }

    private func text(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
