// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation
import Testing

@Suite("A node whose facilitator is gone", .timeLimit(.minutes(2)))
struct ReadinessTests {
    private func facilitator(
        at address: String, in folder: TemporaryFolder
    ) async throws -> (child: ChildProcess, url: String) {
        let child = try ChildProcess(
            ["facilitator", "--listen", address, "--ledger", folder.file("ledger"), "--json"], folder: folder.path)
        _ = try await eventually(within: .seconds(30)) { child.said("listening") != nil || !child.isRunning }
        return (child, try #require(child.said("listening")?["listening"]?.stringValue, "\(child.errors)"))
    }

    @Test func `says that it cannot settle, stays ready to sell, and says when it can again`() async throws {
        let folder = try TemporaryFolder()
        let upstream = try TestUpstream()
        let first = try await facilitator(at: "127.0.0.1:0", in: folder)
        let serve = try await ServeProcess.start(
            [
                "--upstream", upstream.url, "--price", "1000", "--pay-to", Shop.receiver, "--store",
                folder.file("store"), "--facilitator", first.url,
            ], in: folder)
        let before = try await serve.client.get("/readyz?settlement")
        #expect(before.status == 200)
        #expect(before.json?["settles"] == true)
        #expect(before.json?["obstacles"]?.arrayValue?.isEmpty == true)

        first.child.send(SIGKILL)
        _ = try await first.child.exitCode()
        // What was seen is kept for some seconds.
        let hasSeen = try await eventually(within: .seconds(20), every: .milliseconds(200)) {
            try await serve.client.get("/readyz?settlement").status == 503
        }
        #expect(hasSeen)
        let strict = try await serve.client.get("/readyz?settlement")
        #expect(strict.json?["ready"] == false)
        #expect(strict.json?["faults"]?.arrayValue?.isEmpty == true)
        #expect(strict.json?["obstacles"]?.arrayValue?.first?["code"] == "settlement.unreachable")
        #expect(strict.json?["obstacles"]?.arrayValue?.first?["message"]?.stringValue?.contains("facilitator") == true)
        let plain = try await serve.client.get("/readyz")
        #expect(plain.status == 200, "it sells to those whom it knows")
        #expect(plain.json?["ready"] == true)
        #expect(plain.json?["settles"] == false)
        #expect(try await serve.client.get("/healthz").status == 200)

        let port = try #require(first.url.split(separator: ":").last)
        let second = try await facilitator(at: "127.0.0.1:\(port)", in: folder)
        let isBack = try await eventually(within: .seconds(20), every: .milliseconds(200)) {
            try await serve.client.get("/readyz?settlement").status == 200
        }
        #expect(isBack)
        #expect(try await serve.stop() == 0)
        second.child.send(SIGTERM)
    }
}
