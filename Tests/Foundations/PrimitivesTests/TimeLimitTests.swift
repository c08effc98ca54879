// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("Work with a limit of time")
struct TimeLimitTests {
    enum Trouble: Error { case late, broken, cancelled }

    @Test func `hands on what it makes`() async throws {
        let made = try await withTimeLimit(.seconds(60), elseThrowing: Trouble.late) { () throws(Trouble) in 7 }
        #expect(made == 7)
    }

    @Test func `hands on its own error`() async {
        await #expect(throws: Trouble.broken) {
            try await withTimeLimit(.seconds(60), elseThrowing: Trouble.late) { () throws(Trouble) -> Int in
                throw .broken
            }
        }
    }

    @Test func `is cancelled when its time is up, whatever it says to that`() async {
        let ended = AsyncStream.makeStream(of: Bool.self)
        await #expect(throws: Trouble.late) {
            try await withTimeLimit(.milliseconds(20), elseThrowing: Trouble.late) { () throws(Trouble) -> Int in
                try? await Task.sleep(for: .seconds(600))
                ended.continuation.yield(Task.isCancelled)
                throw .broken
            }
        }
        var wasCancelled = ended.stream.makeAsyncIterator()
        #expect(await wasCancelled.next() == true)
    }

    @Test func `says itself what it means that its caller was cancelled`() async {
        let begun = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await withTimeLimit(.seconds(600), elseThrowing: Trouble.late) { () throws(Trouble) -> Int in
                begun.continuation.yield()
                try? await Task.sleep(for: .seconds(600))
                throw Task.isCancelled ? .cancelled : .broken
            }
        }
        var beginning = begun.stream.makeAsyncIterator()
        await beginning.next()
        task.cancel()
        await #expect(throws: Trouble.cancelled) { try await task.value }
    }
}
