// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import Testing

#if os(Linux)
/// The short form of `Scripts/torture`: each of its scenarios, with the same seed every time.
@Suite("A node that is killed, starved and flooded", .timeLimit(.minutes(30)))
struct TortureTests {
    /// How much of the long form: a hundredth is 10 kills, 100 connections, or 10,000 bad requests.
    @Test(arguments: [
        ("kills", 0.012), ("power", 0.016), ("full", 0.08), ("broken", 0.1), ("slow", 0.15), ("files", 0.1),
        ("clock", 0.1), ("idle", 0.1), ("bad", 0.01), ("term", 0.1), ("points", 0.1),
    ])
    func `has every payment that was answered, once`(scenario: String, scale: Double) async throws {
        try await play(scenario, scale: scale)
    }

    @Test func `would be found out if it lost one`() async throws {
        try await play("proof", scale: 0.01)
    }

    private func play(_ scenario: String, scale: Double) async throws {
        let (status, output) = try await onOwnThread {
            let script = (0..<5).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
                .appending(path: "Scripts/torture")
            let process = Process()
            process.executableURL = script
            process.arguments = ["--only", scenario, "--scale", "\(scale)", "--seed", "1", "--quiet", "--ready", "100"]
            process.environment = ProcessInfo.processInfo.environment.merging(
                ["FARTHING_BINARY": ChildProcess.program]
            ) { $1 }
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let output = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: output, as: UTF8.self))
        }
        #expect(status == 0, "\(output)")
    }
}
#endif
