// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
import Hummingbird
import NIOCore

@testable import FarthingHTTP402
@testable import FarthingX402

/// Hummingbird routes that sell what one handler makes.
enum Stall {
    struct OutOfOrder: Error {}

    /// - Parameter bell: Rings when a response is over.
    static func router(
        _ desk: ScriptedDesk, collectedBytes: Int = 1024, bell: Bell = Bell(),
        _ handler: @escaping @Sendable (Request, BasicRequestContext) async throws -> Response
    ) throws -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: Epilogue(bell: bell))
        router.add(
            middleware: PaymentMiddleware(
                gate: Gate(prices: try Shop.prices(), desk: desk), collectedBytes: collectedBytes))
        for method in [.get, .head, .post] as [HTTPRequest.Method] {
            router.on("**", method: method) { try await handler($0, $1) }
        }
        return router
    }

    /// The headers of a request that pays 1000.
    static var paying: HTTPFields { [.paymentSignature: Shop.payment().header] }

    static func response(_ text: String, _ status: HTTPResponse.Status = .ok, _ headers: HTTPFields = [:]) -> Response {
        Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// A response that breaks off after its first part.
    static func broken(length: Int?) -> Response {
        Response(
            status: .ok,
            body: ResponseBody(contentLength: length) { writer in
                try await writer.write(ByteBuffer(string: "half of"))
                throw OutOfOrder()
            })
    }

    /// A response without an end.
    static func endless() -> Response {
        Response(
            status: .ok,
            body: ResponseBody { writer in
                let part = ByteBuffer(repeating: UInt8(ascii: "."), count: 64 * 1024)
                while true { try await writer.write(part) }
            })
    }
}
