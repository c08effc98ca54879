// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Testing

@testable import FarthingPeerPayments

@Suite("Requests under way on a stream", .timeLimit(.minutes(1)))
struct RequestsUnderWayTests {
    /// Whether the work on a request is cancelled; it goes on for as long as it may.
    private func isCancelled(_ id: UInt32, in requests: RequestsUnderWay, after time: Duration) async -> Bool {
        let (outcomes, outcome) = AsyncStream.makeStream(of: Bool.self)
        requests.run(id) {
            try? await Task.sleep(for: time)
            outcome.yield(Task.isCancelled)
        }
        var iterator = outcomes.makeAsyncIterator()
        return await iterator.next() == true
    }

    @Test func `are cancelled also when that is said while their payment is charged`() async {
        let requests = RequestsUnderWay()
        #expect(requests.begin(1, most: 10) == .begun)
        requests.cancel(1)
        #expect(await isCancelled(1, in: requests, after: .seconds(3600)))
        await requests.waitForAll()
        // Another one under the same number has nothing to do with it.
        #expect(requests.begin(1, most: 10) == .begun)
        #expect(await isCancelled(1, in: requests, after: .milliseconds(10)) == false)
        await requests.waitForAll()
    }

    @Test func `are not cancelled by a number that is not there`() async {
        let requests = RequestsUnderWay()
        requests.cancel(1)
        #expect(requests.begin(1, most: 10) == .begun)
        #expect(await isCancelled(1, in: requests, after: .milliseconds(10)) == false)
        await requests.waitForAll()
    }
}
