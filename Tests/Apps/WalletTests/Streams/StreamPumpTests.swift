// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import NIOCore
import Testing

@testable import FarthingHTTP402Client

@Suite("A pump of a stream's body", .timeLimit(.minutes(2)))
struct StreamPumpTests {
    /// A body of which nothing comes, and that is waited for.
    private static func silentPump() async -> StreamPump {
        let (silence, end) = AsyncStream.makeStream(of: Void.self)
        let (reading, begun) = AsyncStream.makeStream(of: Void.self)
        let pump = StreamPump(
            .stream(
                AsyncThrowingStream<ByteBuffer, any Error> {
                    await withTaskCancellationHandler {
                        begun.finish()
                        for await _ in silence {}
                    } onCancel: {
                        end.finish()
                    }
                    throw CancellationError()
                }))
        pump.begin { _ in }
        for await _ in reading {}
        return pump
    }

    // The reader hears that it is cancelled, and whoever waits for a part that the stream is closed: which of the two is
    // first is luck.
    @Test func `ends as it is closed, not as the reader that is cancelled by that`() async throws {
        for _ in 0..<2000 {
            let pump = await Self.silentPump()
            let part = Task { try await pump.next() }
            pump.close(nil)
            #expect(try await part.value == nil)
        }
    }

    @Test func `tells why it is closed`() async throws {
        let pump = await Self.silentPump()
        pump.close(PayingError.outcomeUnknown(reason: "cut"))
        await #expect(throws: PayingError.self) { try await pump.next() }
    }

    @Test func `gives what it has read already when no more is read`() async throws {
        var last: ByteBuffer?
        // A part may be counted, and not be there yet, in the moment in which it is finished.
        while last == nil {
            let (parts, tap) = AsyncStream.makeStream(of: ByteBuffer.self)
            let (counts, count) = AsyncStream.makeStream(of: Int.self)
            let pump = StreamPump(.stream(parts))
            tap.yield(ByteBuffer(string: "paid"))
            pump.begin { count.yield($0) }
            for await _ in counts { break }
            try await Task.sleep(for: .milliseconds(1))
            pump.finish(nil)
            last = try await pump.next()
            #expect(try await pump.next() == nil)
        }
        #expect(last == ByteBuffer(string: "paid"))
    }
}
