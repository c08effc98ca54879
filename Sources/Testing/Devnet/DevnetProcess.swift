// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Synchronization

/// The program of a local chain, from the project's own folder.
final class DevnetProcess: Sendable {
    private let process: Mutex<Process>
    /// Open for as long as the chain is wanted: it ends when its standard input does.
    private let standardInput = Pipe()
    private let standardOutput = Pipe()

    init(_ arguments: [String]) throws {
        guard let root = Self.projectFolder else { throw DevnetFault.notFound }
        let process = Process()
        process.executableURL = try Self.python(in: root)
        process.arguments = ["-m", "devnet"] + arguments
        process.currentDirectoryURL = root.appending(path: "Tools/devnet")
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        try process.run()
        // The program has its own; kept here, ours would stay open for as long as this process runs.
        try? standardInput.fileHandleForReading.close()
        try? standardOutput.fileHandleForWriting.close()
        self.process = Mutex(process)
    }

    deinit { stop() }

    func stop() {
        try? standardInput.fileHandleForWriting.close()
        process.withLock { if $0.isRunning { $0.terminate() } }
    }

    /// Where it is, which it says first; empty when it ended before that.
    func firstLine() async throws -> String {
        let output = standardOutput.fileHandleForReading
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var line = Data()
                while true {
                    let part = output.availableData
                    guard !part.isEmpty else { break }
                    line.append(part)
                    if part.contains(UInt8(ascii: "\n")) { break }
                }
                continuation.resume(returning: String(decoding: line, as: UTF8.self))
            }
        }
    }

    /// What makes a contract of ours, without its arguments.
    static func creation(of name: String) throws -> [UInt8] {
        guard let root = projectFolder,
            let file = FileManager.default.contents(
                atPath: root.appending(path: "Contracts/Vyper/artifacts/\(name).json").path),
            let text = try JSON.parse(Array(file))["bytecode"]?.stringValue, let bytes = Hex.decode(text)
        else { throw DevnetFault.notFound }
        return bytes
    }

    /// The folder that holds the chain's program: this one, or one above it, or the one this was compiled in.
    private static var projectFolder: URL? {
        let places = [FileManager.default.currentDirectoryPath, #filePath].map { URL(filePath: $0) }
        for place in places {
            var folder = place
            while folder.path != "/" {
                if FileManager.default.fileExists(atPath: folder.appending(path: "Tools/devnet/devnet").path) {
                    return folder
                }
                folder.deleteLastPathComponent()
            }
        }
        return nil
    }

    /// The Python that has what the chain needs; made when it is not there.
    private static func python(in root: URL) throws -> URL {
        if let named = ProcessInfo.processInfo.environment["FARTHING_DEVNET_PYTHON"] { return URL(filePath: named) }
        let python = root.appending(path: ".venv-devnet/bin/python")
        if FileManager.default.isExecutableFile(atPath: python.path) { return python }
        let script = Process()
        script.executableURL = root.appending(path: "Scripts/devnet-env")
        script.standardOutput = FileHandle.nullDevice
        try script.run()
        script.waitUntilExit()
        guard script.terminationStatus == 0 else { throw DevnetFault.notFound }
        return python
    }
}
