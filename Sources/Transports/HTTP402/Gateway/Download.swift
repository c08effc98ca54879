// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import Hummingbird
import NIOCore

/// The body of an upstream's answer on its way to the client.
struct Download<Parts: AsyncSequence & Sendable>: Sendable where Parts.Element == ByteBuffer {
    let parts: Parts
    /// The request's body, which may still be on its way; it is dropped with the last of the answer.
    let upload: Upload?
    let silence: Duration

    @concurrent func write(to writer: inout any ResponseBodyWriter) async throws {
        defer { upload?.stop() }
        var iterator = parts.makeAsyncIterator()
        while true {
            let asked = ContinuousClock.now
            let part: ByteBuffer?
            do {
                part = try await iterator.next()
            } catch let error as HTTPClientError where error == .readTimeout {
                // The upstream is not read while the client does not read, and that looks like silence. It was the
                // upstream's only if it was asked for more and said nothing.
                throw ContinuousClock.now - asked < silence / 2 ? .answerNotTaken : GatewayFault.timeout(after: silence)
            } catch let error as CancellationError {
                throw error
            } catch let fault as GatewayFault {
                // The request's body ended the exchange, and says whose doing that was.
                throw fault
            } catch {
                // The library's own errors would be taken for faults in the client's request further up.
                throw GatewayFault.unreachable
            }
            guard let part else { break }
            try await writer.write(part)
        }
        try await writer.finish(nil)
    }
}
