// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import HTTPTypes
import Hummingbird
import NIOCore

@testable import FarthingHTTP402
@testable import FarthingX402

/// An upstream that behaves.
enum Backend {
    @Sendable static func answer(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let response = try await full(request)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static func full(_ request: Request) async throws -> Response {
        switch request.uri.path {
        case "/mirror": return Response(status: .ok, body: ResponseBody(asyncSequence: request.body))
        case "/cookies":
            var response = text("crumbs")
            for cookie in ["a=1; Path=/", "b=2"] {
                response.headers.append(HTTPField(name: .setCookie, value: cookie))
            }
            return response
        case "/moved": return text("elsewhere", .found, [.location: "http://127.0.0.1:1/elsewhere"])
        case "/empty": return Response(status: .noContent)
        case "/unchanged": return Response(status: .notModified, headers: [.eTag: "\"7\""])
        case "/chunked":
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    for part in ["one ", "two ", "three"] { try await writer.write(ByteBuffer(string: part)) }
                    try await writer.finish(nil)
                })
        case "/hops": return text("hop", .ok, hops)
        case "/teapot": return text("short and stout", HTTPResponse.Status(code: 418, reasonPhrase: "I'm a teapot"))
        default: return try await report(request)
        }
    }

    /// Headers of an answer, of which a client should see only `X-Kept`.
    static var hops: HTTPFields {
        var fields: HTTPFields = [.connection: "X-Secret, close", .proxyAuthenticate: "Basic"]
        for (name, value) in [
            ("X-Secret", "1"), ("X-Kept", "1"), ("Keep-Alive", "timeout=5"), ("PAYMENT-REQUIRED", "forged"),
            ("PAYMENT-RESPONSE", "forged"), ("X-PAYMENT-RESPONSE", "forged"),
        ] {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }

    private static func text(
        _ text: String, _ status: HTTPResponse.Status = .ok, _ headers: HTTPFields = [:]
    ) -> Response { Stall.response(text, status, headers) }

    /// Says what it was asked.
    private static func report(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 1_000_000)
        let headers = request.headers.map { JSON.array([.string($0.name.canonicalName), .string($0.value)]) }
        let report: JSON = [
            "method": .string(request.method.rawValue), "target": .string(request.head.path ?? ""),
            "host": .string(request.head.authority ?? ""), "headers": .array(headers),
            "body": .string(String(buffer: body)),
        ]
        return text(report.text, .ok, [.contentType: "application/json"])
    }
}
