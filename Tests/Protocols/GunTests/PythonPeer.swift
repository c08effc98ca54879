// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingGun
import Foundation
import Testing

/// The peer in `Tests/Interop/gun`, which shares nothing with the code it is run against.
///
/// `Scripts/gun-env` makes its environment; without that these tests fail.
struct PythonPeer {
    static var root: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
    }

    static var python: URL { root.appending(path: ".venv-gun/bin/python") }

    struct Missing: Error, CustomStringConvertible {
        var description: String { "The environment of this peer is missing. Make it: Scripts/gun-env" }
    }

    let process = Process()
    let input = Pipe()
    let output = Pipe()

    init(_ arguments: String...) throws {
        guard FileManager.default.isExecutableFile(atPath: Self.python.path) else { throw Missing() }
        process.executableURL = Self.python
        process.arguments = [Self.root.appending(path: "Tests/Interop/gun/peer.py").path] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// The next line that the peer prints.
    func line() async throws -> String { try await Self.read(output.fileHandleForReading, until: 0x0A) }

    func json() async throws -> JSON { try JavaScriptJSON.parse(Array(try await line().utf8)) }

    /// The port that the peer prints first.
    func port() async throws -> Int { try #require(Int(try await line())) }

    /// Has a wire break off all connections that it carries.
    ///
    /// - Returns: How many there were.
    func cut() async throws -> Int {
        try input.fileHandleForWriting.write(contentsOf: Data("cut\n".utf8))
        return try #require(Int(try await line()))
    }

    /// Ends its input, and waits for the end of its output.
    func end() async throws {
        try input.fileHandleForWriting.close()
        _ = try await Self.read(output.fileHandleForReading, until: nil)
    }

    /// Ends it at once, as a machine that fails does, and waits until it is gone.
    func kill() async throws {
        #expect(Foundation.kill(process.processIdentifier, SIGKILL) == 0)
        _ = try await untilItEnds()
    }

    /// Waits until it has ended of itself or was killed.
    ///
    /// - Returns: The exit code, or the number of the signal that ended it.
    func untilItEnds() async throws -> Int32 {
        try await Self.onOwnThread { [process] in
            process.waitUntilExit()
            return process.terminationStatus
        }
    }

    private static func read(_ file: FileHandle, until end: UInt8?) async throws -> String {
        try await onOwnThread {
            var bytes: [UInt8] = []
            while let byte = try file.read(upToCount: 1)?.first, byte != end { bytes.append(byte) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Waits on a thread of its own: the peer may wait for tasks that need those of the tests.
    private static func onOwnThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }
}
