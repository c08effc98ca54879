// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation

/// This program once more, serving in a process of its own, so that its processor time is told from the client's.
final class ChildServer: Sendable {
    let port: Int
    /// What a first 402 says; `nil` when nothing is sold.
    let required: JSON?
    private let process: Process
    private let requests: FileHandle
    private let answers: FileHandle

    /// Starts it and waits until it listens.
    init(_ kind: ServerKind, folder: String = ".", upstream: ChildServer? = nil) throws {
        let input = Pipe()
        let output = Pipe()
        process = Process()
        process.executableURL = Bundle.main.executableURL
        process.arguments =
            ["serve-bench", kind.rawValue, "--folder", folder]
            + (upstream.map { ["--upstream", "http://127.0.0.1:\($0.port)"] } ?? [])
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        requests = input.fileHandleForWriting
        answers = output.fileHandleForReading
        let ready = try JSON.parse(try Self.line(from: answers))
        guard let port = ready["port"]?.integerValue else { throw WrongResult("The server did not tell its port.") }
        self.port = Int(port)
        required = ready["required"]
    }

    /// How much processor time it has used so far.
    ///
    /// - Unit: seconds.
    func processSeconds() throws -> Double {
        try requests.write(contentsOf: Data("\n".utf8))
        guard let seconds = Double(try Self.line(from: answers)) else {
            throw WrongResult("The server did not tell its processor time.")
        }
        return seconds
    }

    /// Lets it end, which it does when nobody can ask any more.
    func stop() {
        try? requests.close()
        process.waitUntilExit()
    }

    /// Waits for a line; the caller has nothing else to do.
    private static func line(from handle: FileHandle) throws -> String {
        var line: [UInt8] = []
        while let byte = try handle.read(upToCount: 1)?.first {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        throw WrongResult("The server ended.")
    }
}
