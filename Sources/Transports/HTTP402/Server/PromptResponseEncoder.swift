// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import HTTPTypes
import NIOCore

/// Writes the response to a paid request, head and body in one buffer.
///
/// - Source: RFC 9112, sections 2 to 4; x402 v2, transport HTTP.
struct PromptResponseEncoder {
    private static let charged = Array(
        "\r\naccess-control-expose-headers: PAYMENT-REQUIRED, PAYMENT-RESPONSE\r\ncache-control: private\r\npayment-response: "
            .utf8)
    private static let type = Array("\r\ncontent-type: ".utf8)
    private static let length = Array("\r\ncontent-length: ".utf8)
    private static let end = Array("\r\n\r\n".utf8)
    private static let okay = Array("HTTP/1.1 200 OK\r\nserver: farthing\r\ndate: ".utf8)

    let allocator: ByteBufferAllocator
    /// The value of `Date`.
    let date: String

    /// - Parameter receipt: The value of `PAYMENT-RESPONSE`.
    func response(_ answer: PromptAnswer, receipt: String) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 320 + receipt.utf8.count + answer.body.count)
        start(answer.status, &buffer)
        buffer.writeBytes(Self.charged)
        buffer.writeString(receipt)
        buffer.writeBytes(Self.type)
        // A line break in it must not become one of the response.
        buffer.writeString(HTTPField(name: .contentType, value: answer.contentType).value)
        finish(answer.body, &buffer)
        return buffer
    }

    func response(_ answer: GateAnswer) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 1024 + answer.body.count)
        start(answer.status, &buffer)
        for field in answer.headers {
            buffer.writeString("\r\n\(field.name.rawName): \(field.value)")
        }
        finish(answer.body, &buffer)
        return buffer
    }

    private func start(_ status: HTTPResponse.Status, _ buffer: inout ByteBuffer) {
        if status == .ok {
            buffer.writeBytes(Self.okay)
        } else {
            buffer.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\nserver: farthing\r\ndate: ")
        }
        buffer.writeString(date)
    }

    private func finish(_ body: [UInt8], _ buffer: inout ByteBuffer) {
        buffer.writeBytes(Self.length)
        buffer.writeString("\(body.count)")
        buffer.writeBytes(Self.end)
        buffer.writeBytes(body)
    }
}
