// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation
import Synchronization

/// A peer that somebody else wrote, in a process of its own, which writes lines of JSON.
///
/// It is ended when nobody holds it any more.
final class PeerProcess: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case py
        case go
    }

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    private let process: Mutex<Process>
    private let input = Pipe()
    private let errors: URL
    private let lines: AsyncStream<String>

    init(_ kind: Kind, _ arguments: [String]) throws {
        let home = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let python = home.appending(path: ".venv-libp2p-\(kind.rawValue)/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path()) else {
            throw Fault(
                description: "The environment of this peer is missing. Make it: Scripts/libp2p-env \(kind.rawValue)")
        }
        errors = FileManager.default.temporaryDirectory.appending(path: "peer-\(UUID().uuidString).err")
        try Data().write(to: errors)
        let output = Pipe()
        let process = Process()
        process.executableURL = python
        process.arguments = [home.appending(path: "Tests/Interop/libp2p/\(kind.rawValue)_peer.py").path()] + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        // A thread that waits, and no event source, which would not outlive its descriptor.
        Thread.detachNewThread {
            var rest = ""
            while true {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { break }
                rest += String(decoding: data, as: UTF8.self)
                var parts = rest.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                rest = parts.removeLast()
                for line in parts { continuation.yield(line) }
            }
            continuation.finish()
        }
        try process.run()
        self.process = Mutex(process)
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.withLock { if $0.isRunning { $0.terminate() } }
        try? FileManager.default.removeItem(at: errors)
    }

    /// The next line that is JSON.
    func answer() async throws -> JSON {
        for await line in lines where line.hasPrefix("{") { return try JSON.parse(line) }
        let text = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
        throw Fault(description: "The peer ended without an answer: \(text.suffix(20000))")
    }

    /// All that it complained of so far.
    var complaints: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }
}
