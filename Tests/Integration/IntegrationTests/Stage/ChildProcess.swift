// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// A run of the program, which ends at the latest when it is let go.
final class ChildProcess: Sendable {
    struct StillRunning: Error {}

    private let process = Process()
    private let outputPath: String
    private let errorPath: String

    /// - Parameters:
    ///   - environment: What is set besides the bare necessities.
    ///   - input: A file for standard input.
    init(_ arguments: [String], environment: [String: String] = [:], input: String? = nil, folder: String) throws {
        outputPath = "\(folder)/\(UUID().uuidString).out"
        errorPath = "\(folder)/\(UUID().uuidString).err"
        for path in [outputPath, errorPath] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = arguments
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FARTHING_") }
        process.environment = inherited.merging(environment) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let files = [
            FileHandle(forReadingAtPath: input ?? "/dev/null"), FileHandle(forWritingAtPath: outputPath),
            FileHandle(forWritingAtPath: errorPath),
        ]
        process.standardInput = files[0]
        process.standardOutput = files[1]
        process.standardError = files[2]
        try process.run()
        // The program has its own; Foundation would hold ours for as long as the test run lasts.
        for file in files { try? file?.close() }
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var identifier: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var output: String { Self.text(outputPath) }
    var errors: String { Self.text(errorPath) }

    func send(_ signal: Int32) { if process.isRunning { kill(process.processIdentifier, signal) } }

    /// Waits for its end.
    ///
    /// - Returns: The exit code; for a signal, minus its number.
    func exitCode(within limit: Duration = .seconds(20)) async throws -> Int32 {
        guard try await eventually(within: limit, every: .milliseconds(5), { !process.isRunning }) else {
            send(SIGKILL)
            throw StillRunning()
        }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// The most memory that it had at once; `nil` where the system does not tell.
    ///
    /// - Unit: bytes.
    var peakMemory: Int? {
        let line = Self.text("/proc/\(identifier)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1024 }
    }

    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The program that was built along with these tests, unless `FARTHING_BINARY` names another one.
    static let program: String = {
        if let named = ProcessInfo.processInfo.environment["FARTHING_BINARY"] { return named }
        let beside = URL(fileURLWithPath: CommandLine.arguments.first ?? "").deletingLastPathComponent()
            .appending(path: "farthing").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        let root = (0..<5).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        return root.appending(path: ".build/debug/farthing").path
    }()
}
