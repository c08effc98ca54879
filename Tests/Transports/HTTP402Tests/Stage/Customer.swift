// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import NIOHTTP1

/// Somebody who asks a stall.
struct Customer: Sendable {
    /// Whether there is a connection in between.
    enum Way: CaseIterable, CustomStringConvertible {
        case router
        case live

        var description: String { self == .router ? "through the router" : "over a connection" }
    }

    struct Answer: Sendable {
        let status: HTTPResponse.Status
        let headers: HTTPFields
        let body: ByteBuffer
    }

    private let send: @Sendable (String, HTTPRequest.Method, HTTPFields, ByteBuffer?) async throws -> Answer

    func execute(
        uri: String, method: HTTPRequest.Method, headers: HTTPFields = [:], body: ByteBuffer? = nil
    ) async throws -> Answer { try await send(uri, method, headers, body) }

    /// Lets somebody ask these routes for as long as the closure runs.
    static func visit(
        _ router: Router<BasicRequestContext>, _ way: Way, _ body: @escaping @Sendable (Customer) async throws -> Void
    ) async throws {
        switch way {
        case .router:
            try await Application(router: router, logger: House.quiet).test(.router) { client in
                try await body(
                    Customer { uri, method, headers, body in
                        let response = try await client.execute(uri: uri, method: method, headers: headers, body: body)
                        return Answer(status: response.status, headers: response.headers, body: response.body)
                    })
            }
        case .live:
            try await House.serve(router.buildResponder()) { port in
                try await body(Customer { try await ask(port, uri: $0, method: $1, headers: $2, body: $3) })
            }
        }
    }

    private static func ask(
        _ port: Int, uri: String, method: HTTPRequest.Method, headers: HTTPFields, body: ByteBuffer?
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(uri)")
        request.method = HTTPMethod(rawValue: method.rawValue)
        for field in headers { request.headers.add(name: field.name.rawName, value: field.value) }
        if let body { request.body = .bytes(body) }
        let response = try await HTTPClient.shared.execute(request, deadline: .distantFuture)
        var fields = HTTPFields()
        for (name, value) in response.headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return Answer(
            status: HTTPResponse.Status(code: Int(response.status.code)), headers: fields,
            body: try await response.body.collect(upTo: 1_000_000))
    }
}
