// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import Foundation
import Synchronization

/// The demo in a process of its own, which tells how long the first paid response took.
struct DemoBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-bench", abstract: "Run the demo while another process measures.", shouldDisplay: false)

    @Option var folder: String

    func run() async throws {
        var options = Demo.Options(folder: folder)
        options.schemes = [.voucher]
        options.requests = 100
        let first = Mutex<Duration?>(nil)
        let report = try await Demo(options, logger: Payee.logger) { progress in
            if case .firstAnswer(let time) = progress { first.withLock { $0 = time } }
        }.run()
        guard report.isConserved, let time = first.withLock({ $0 }) else {
            throw WrongResult("The demo went wrong: \(report.faults)")
        }
        print(time / .milliseconds(1))
    }

    /// - Returns: Milliseconds to the first paid response.
    static func run(_ program: String, folder: String) throws -> Double {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["demo-bench", "--folder", folder]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, let time = Double(text.filter { !$0.isWhitespace }) else {
            throw WrongResult("The demo failed: \(text)")
        }
        return time
    }
}
