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
    var now: @Sendable () -> ContinuousClock.Instant = { .now }

    @concurrent func write(to writer: inout any ResponseBodyWriter) async throws {
        defer { upload?.stop() }
        var iterator = parts.makeAsyncIterator()
        var held = HeldWrites(silence: silence)
        while true {
            let part: ByteBuffer?
            do {
                part = try await iterator.next()
            } catch let error as HTTPClientError where error == .readTimeout {
                // The upstream is not read while the client does not read, and that looks like silence. It is the
                // client's only if that held up what was written to it, and not if we were late ourselves.
                throw held.time(until: now()) >= silence / 2 ? .answerNotTaken : GatewayFault.timeout(after: silence)
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
            let begin = now()
            try await writer.write(part)
            held.add(begin..<max(begin, now()))
        }
        try await writer.finish(nil)
    }
}

/// For how long a client did not take what was written to it, of late.
///
/// It looks back twice as far as the upstream may be silent, since what it said last may be found late.
private struct HeldWrites {
    private let reach: Duration
    private var writes: [Range<ContinuousClock.Instant>] = []

    init(silence: Duration) { reach = silence * 2 }

    mutating func add(_ write: Range<ContinuousClock.Instant>) {
        // So that few are kept; what is taken at once held up nothing.
        guard write.upperBound - write.lowerBound >= reach / 128 else { return }
        let start = write.upperBound - reach
        writes.removeAll { $0.upperBound < start }
        writes.append(write)
    }

    func time(until now: ContinuousClock.Instant) -> Duration {
        let start = now - reach
        return writes.reduce(.zero) { $0 + max(.zero, $1.upperBound - max(start, $1.lowerBound)) }
    }
}
