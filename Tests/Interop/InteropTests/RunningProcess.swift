// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation

/// A program that runs beside the test and writes into files, so that it never waits for a reader.
///
/// It is killed when nobody holds it any more.
final class RunningProcess {
    let name: String
    private let process = Process()
    private let standardOutput: URL
    private let standardError: URL
    /// Open for as long as this is: a program may end when its standard input does.
    private let standardInput = Pipe()

    /// - Parameter folder: Where its output goes, into two files with its name.
    init(_ name: String, _ program: URL, _ arguments: [String], in folder: URL) throws {
        self.name = name
        standardOutput = folder.appending(path: "\(name).out")
        standardError = folder.appending(path: "\(name).err")
        process.executableURL = program
        process.arguments = arguments
        process.environment = Self.environment
        process.standardInput = standardInput
        let files = [try Self.emptyFile(standardOutput), try Self.emptyFile(standardError)]
        process.standardOutput = files[0]
        process.standardError = files[1]
        try process.run()
        // The program has its own; Foundation would hold ours for as long as the test run lasts.
        for file in files + [standardInput.fileHandleForReading] { try? file.close() }
    }

    deinit {
        destroy()
        try? standardInput.fileHandleForWriting.close()
    }

    /// The test's own, without settings of Farthing, and without a proxy before loopback.
    private static var environment: [String: String] {
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FARTHING_") }
        variables["NO_PROXY"] = "127.0.0.1"
        variables["no_proxy"] = "127.0.0.1"
        return variables
    }

    private static func emptyFile(_ url: URL) throws -> FileHandle {
        try Data().write(to: url)
        return try FileHandle(forWritingTo: url)
    }

    // MARK: - What it writes

    /// All that it wrote to standard output so far.
    var output: String { Self.text(standardOutput) }

    /// The end of what it wrote to standard error so far.
    var complaints: String { String(Self.text(standardError).suffix(4000)) }

    /// The whole lines of standard output so far.
    var lines: [String] {
        output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private static func text(_ url: URL) -> String {
        String(decoding: (try? Data(contentsOf: url)) ?? Data(), as: UTF8.self)
    }

    // MARK: - How it goes on

    /// Waits for the first line of standard output.
    func firstLine(within limit: Duration = .seconds(30)) async throws -> String {
        try await wait(within: limit, for: "its first line") { self.lines.first != nil || !self.process.isRunning }
        guard let line = lines.first else {
            throw InteropFault(
                "\(name) ended without a word, with exit code \(process.terminationStatus).\n\(complaints)")
        }
        return line
    }

    /// Waits for the first line of a server, which is JSON.
    func greeting() async throws -> JSON { try JSON.parse(try await firstLine()) }

    /// Waits for the first line of a server, and gives the address in it.
    func address() async throws -> String {
        let greeting = try await greeting()
        guard let url = greeting["listening"]?.stringValue else {
            throw InteropFault("\(name) begins with: \(greeting)")
        }
        return url
    }

    /// Waits for its end.
    ///
    /// - Returns: Its exit code.
    /// - Throws: InteropFault when a signal ended it, or when it had to be killed because it took too long.
    func end(within limit: Duration = .seconds(60)) async throws -> Int32 {
        try await wait(within: limit, for: "its end") { !self.process.isRunning }
        guard process.terminationReason == .exit else {
            throw InteropFault("\(name) was ended by signal \(process.terminationStatus).\n\(complaints)")
        }
        return process.terminationStatus
    }

    /// Waits for its end, which must be a good one.
    ///
    /// - Returns: The lines that it printed.
    /// - Throws: ``InteropFault`` with its complaints, when its exit code is not 0.
    func finish() async throws -> [String] {
        let code = try await end()
        guard code == 0 else { throw InteropFault("\(name) ended with exit code \(code).\n\(complaints)") }
        return lines
    }

    /// Asks it to end.
    func terminate() { if process.isRunning { process.terminate() } }

    /// Gives it no choice.
    func destroy() { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Waits for something that is its doing.
    ///
    /// - Throws: ``InteropFault`` when that takes too long; the process is killed then.
    func wait(within limit: Duration, for what: String, until isDone: () -> Bool) async throws {
        let deadline = ContinuousClock.now + limit
        while !isDone() {
            guard ContinuousClock.now < deadline else {
                destroy()
                throw InteropFault("\(name): \(what) did not come within \(limit.components.seconds) s.\n\(complaints)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// Why a test could not go on.
struct InteropFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
