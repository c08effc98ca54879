// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// Runs commands to their end.
enum Farthing {
    struct Outcome: Sendable {
        let exitCode: Int32
        let output: String
        let errors: String

        var json: JSON? { try? JSON.parse(output) }

        /// The code of the error that was told as JSON on standard error.
        var code: String? {
            let line = errors.split(separator: "\n").last { $0.hasPrefix("{\"error\"") }
            return line.flatMap { try? JSON.parse(String($0)) }?["error"]?["code"]?.stringValue
        }
    }

    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil, in folder: TemporaryFolder
    ) async throws -> Outcome {
        let child = try ChildProcess(arguments, environment: environment, input: input, folder: folder.path)
        let code = try await child.exitCode(within: .seconds(60))
        return Outcome(exitCode: code, output: child.output, errors: child.errors)
    }
}
