// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// What the figures were taken on.
struct Machine: Sendable, CustomStringConvertible {
    let processor: String
    let cores: Int
    let kernel: String
    let swift: String
    /// How many processes wanted to run, over the last minute.
    let load: String

    init() {
        let info = ProcessInfo.processInfo
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        processor =
            lines.split(separator: "\n").first { $0.hasPrefix("model name") }
            .flatMap { $0.split(separator: ":").last }.map { $0.trimmingCharacters(in: .whitespaces) }
            ?? "unknown processor"
        cores = info.activeProcessorCount
        let name = Self.output(of: ["uname", "-sr"]) ?? info.operatingSystemVersionString
        kernel = name
        let version = Self.output(of: ["swift", "--version"])?.split(separator: "\n").first ?? "Swift, unknown version"
        swift = String(version)
        var loads = [0.0]
        load = getloadavg(&loads, 1) == 1 ? String(format: "%.1f", loads[0]) : "unknown"
    }

    var description: String { "\(processor), \(cores) cores, \(kernel), \(swift)" }

    static func output(of command: [String]) -> String? {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return process.terminationStatus == 0 && !text.isEmpty ? text : nil
    }
}
