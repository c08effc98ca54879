// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

#if os(Linux)
/// Makes files misbehave in a program, while a file of rules says so.
///
/// - Source: `Tools/faults/README.md`.
enum FaultShim {
    /// What a program is started with.
    ///
    /// - Parameters:
    ///   - files: Which files, as globs with colons between them.
    ///   - rules: The file of rules, which need not be there.
    static func environment(files: String, rules: String) async throws -> [String: String] {
        ["LD_PRELOAD": try await library(), "FARTHING_FAULT_PATHS": files, "FARTHING_FAULT_CONTROL": rules]
    }

    /// The library, which is built first if it is not there.
    private static func library() async throws -> String {
        try await onOwnThread {
            let script = (0..<5).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
                .appending(path: "Scripts/build-faults")
            let process = Process()
            process.executableURL = script
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let output = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }
}
#endif
