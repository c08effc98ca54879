// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingEncodings
import Foundation

struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Run benchmarks and print a table.",
        discussion: """
            Each benchmark lets its entrants take turns, A B A B, and compares them within a round. It never fails on \
            a time: what it prints is for reading. `Benchmarks/README.md` says what each row means.
            """)

    @Argument(help: "Which benchmarks to run. (default: all)")
    var names: [String] = []
    @Option(help: "How many rounds.")
    var rounds = 5
    @Option(help: "How long each turn should take, in seconds.")
    var seconds = 0.7
    @Option(help: "How long the long load should take, in minutes.")
    var soak = 2.0
    @Option(help: "How many open channels are many.")
    var channels = 1_000_000
    @Flag(help: "Three short rounds, a short long load and 100000 channels: to see that it works.")
    var quick = false
    @Option(help: "Run only those entrants whose name holds this text, and their anchors.")
    var only: String?
    @Option(help: "Where stores and ledgers are laid while they are measured. (default: beside this program)")
    var folder: String?
    @Option(help: "The library that slows the disk, from Scripts/build-faults.")
    var faults: String?
    @Option(help: "The Python that has the official server.")
    var python: String?
    @Option(help: "A file with tables of where the time goes, to be written with the results.")
    var profile: String?
    @Flag(help: "Print JSON instead of tables.")
    var json = false
    @Option(help: "Write RESULTS.md and results.json into this folder.")
    var write: String?
    @Flag(help: "List the benchmarks and leave.")
    var list = false

    func validate() throws {
        if let unknown = names.first(where: { name in !Benchmark.all.contains { $0.name == name } }) {
            throw ValidationError("There is no benchmark '\(unknown)'; --list shows them.")
        }
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be 1 to 1000.") }
        guard (0.001...60).contains(seconds) else { throw ValidationError("--seconds must be 0.001 to 60.") }
        guard (0.01...1440).contains(soak) else { throw ValidationError("--soak must be 0.01 to 1440.") }
        guard (2000...10_000_000).contains(channels) else {
            throw ValidationError("--channels must be 2000 to 10000000.")
        }
    }

    func run() async throws {
        if list {
            for benchmark in Benchmark.all { print("\(benchmark.name): \(benchmark.summary)") }
            return
        }
        var report = Report(
            machine: Machine(), versions: Versions(package: Self.package, python: python),
            rounds: quick ? min(rounds, 3) : rounds, turn: quick ? min(seconds, 0.3) : seconds)
        if !json { print(report.heading) }
        var wentWrong = false
        for benchmark in Benchmark.all where names.isEmpty || names.contains(benchmark.name) {
            let section: Report.Section?
            do {
                section = try await measure(benchmark)
            } catch {
                // What the others measure is worth having all the same.
                Self.tell("")
                FileHandle.standardError.write(Data("\(benchmark.name) went wrong: \(error)\n".utf8))
                wentWrong = true
                continue
            }
            guard let section else { continue }
            if !json { print("\n" + section.text) }
            report.sections.append(section)
            // After each, so that a run that breaks off leaves what it had.
            if let write { try report.write(to: URL(fileURLWithPath: write), profile: try profileText()) }
        }
        if json { print(report.json.prettyText()) }
        if wentWrong { throw ExitCode.failure }
    }

    /// - Returns: `nil` when none of its entrants was asked for.
    private func measure(_ benchmark: Benchmark) async throws -> Report.Section? {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let setting = Setting(
            folder: folder, rounds: quick ? min(rounds, 3) : rounds, seconds: quick ? min(seconds, 0.3) : seconds,
            soakMinutes: quick ? min(soak, 0.2) : soak, manyChannels: quick ? min(channels, 100_000) : channels,
            only: only, faults: faults, python: python, tell: Self.tell)
        let measured = try await benchmark.measure(setting)
        Self.tell("")
        return measured.map {
            Report.Section(name: benchmark.name, summary: benchmark.summary, rows: $0.rows, remarks: $0.remarks)
        }
    }

    private func profileText() throws -> String? {
        try profile.map {
            try String(contentsOfFile: $0, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// A folder of its own on a real disk: many machines keep `/tmp` in memory, where a sync costs nothing.
    private func makeFolder() throws -> String {
        let program = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        let parent = folder.map { URL(fileURLWithPath: $0) } ?? program.deletingLastPathComponent()
        let url = parent.appendingPathComponent("farthing-bench-\(getpid())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url.path
    }

    /// Where this package lies, from which it is always run.
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A line on standard error that the next one replaces; nothing when nobody watches.
    private static func tell(_ line: String) {
        let handle = FileHandle.standardError
        guard isatty(handle.fileDescriptor) == 1 else { return }
        try? handle.write(contentsOf: Data("\r\u{1B}[K\(line)".utf8))
    }
}
