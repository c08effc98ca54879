// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import FarthingHTTP402

@Suite("An upstream's answer on its way to the client")
struct DownloadTests {
    /// A clock that is moved on by whoever takes time.
    private final class Watch: Sendable {
        private let start = ContinuousClock.now
        private let passed = Mutex(Duration.zero)

        var now: ContinuousClock.Instant { start + passed.withLock { $0 } }

        func pass(_ time: Duration) { passed.withLock { $0 += time } }
    }

    /// So many parts, and then the client library's word that nothing came for too long.
    ///
    /// It gives that word at once, as it does when it found the silence before it was asked.
    private struct SilentUpstream: AsyncSequence, Sendable {
        let parts: Int
        /// How late we are to hear of each part.
        let lateness: Duration
        let watch: Watch

        func makeAsyncIterator() -> Iterator { Iterator(upstream: self) }

        struct Iterator: AsyncIteratorProtocol {
            let upstream: SilentUpstream
            var given = 0

            mutating func next() async throws -> ByteBuffer? {
                guard given < upstream.parts else { throw HTTPClientError.readTimeout }
                given += 1
                upstream.watch.pass(upstream.lateness)
                return ByteBuffer(string: "part")
            }
        }
    }

    private struct Client: ResponseBodyWriter {
        /// How long it takes for a part.
        let patience: Duration
        let watch: Watch

        mutating func write(_ buffer: ByteBuffer) async throws { watch.pass(patience) }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    @Test(arguments: [
        (Duration.zero, Duration.seconds(20), 1, false), (.zero, .seconds(40), 1, false),
        (.seconds(1), .seconds(20), 1, false), (.seconds(1), .zero, 30, true), (.seconds(29), .zero, 1, true),
        (.seconds(300), .zero, 1, true), (.milliseconds(1), .zero, 1000, false),
    ])
    func `is held up by its client only where that did not take it, and not where we were late ourselves`(
        patience: Duration, lateness: Duration, parts: Int, isTheClients: Bool
    ) async throws {
        let watch = Watch()
        let silence = Duration.seconds(30)
        let upstream = SilentUpstream(parts: parts, lateness: lateness, watch: watch)
        let download = Download(parts: upstream, upload: nil, silence: silence, now: { watch.now })
        var writer: any ResponseBodyWriter = Client(patience: patience, watch: watch)
        let fault = isTheClients ? GatewayFault.answerNotTaken : .timeout(after: silence)
        #expect(fault.isTheClients == isTheClients)
        do {
            try await download.write(to: &writer)
            Issue.record("it came whole")
        } catch { #expect(error as? GatewayFault == fault) }
    }
}
