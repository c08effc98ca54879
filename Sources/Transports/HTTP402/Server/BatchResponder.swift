// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
public import Hummingbird
import NIOCore

/// Takes batches over HTTP: reads one, has its requests answered, and writes the answers.
public struct BatchResponder: Sendable {
    private let answers: @Sendable (PaymentBatch) async -> [GateAnswer]

    /// - Parameter answers: One for each request of the batch, in their order.
    public init(answers: @escaping @Sendable (PaymentBatch) async -> [GateAnswer]) {
        self.answers = answers
    }

    @concurrent public func respond(to request: Request) async throws -> Response {
        do throws(BatchFault) {
            let batch = try PaymentBatch(try await Self.body(of: request))
            let json = PaymentBatch.json(await answers(batch))
            return Response(
                status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
        } catch {
            return Response(.problem(error.status, error), to: request)
        }
    }

    private static func body(of request: Request) async throws(BatchFault) -> [UInt8] {
        let buffer: ByteBuffer
        do { buffer = try await request.body.collect(upTo: PaymentBatch.maximumBytes) } catch { throw .tooLong }
        return Array(buffer.readableBytesView)
    }
}

extension GateAnswer {
    /// Takes a response in whole.
    ///
    /// - Throws: What its body throws, or when it is longer than ``PaymentBatch/maximumAnswer``.
    public init(_ response: Response) async throws {
        let sink = BodySink(limit: PaymentBatch.maximumAnswer)
        try await response.body.write(sink)
        self.init(status: response.status, headers: response.headers, body: Array(sink.bytes.readableBytesView))
    }
}
