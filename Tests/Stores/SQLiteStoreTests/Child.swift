// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// A shell in a process of its own.
final class Child {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    /// - Parameter argument: What the script finds in `$0`.
    init(_ script: String, _ argument: String) throws {
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, argument]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// Runs a script to its end and returns its status.
    static func run(_ script: String, _ argument: String) throws -> Int32 {
        let child = try Child(script, argument)
        child.process.waitUntilExit()
        return child.process.terminationStatus
    }

    var identifier: Int32 { process.processIdentifier }

    func firstLine() throws -> String {
        let data = output.fileHandleForReading.availableData
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    /// Ends the process at once, without letting it put anything in order.
    func kill() {
        _ = Foundation.kill(identifier, SIGKILL)
        process.waitUntilExit()
    }
}
