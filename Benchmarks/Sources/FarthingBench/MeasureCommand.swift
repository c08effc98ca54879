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
            Each benchmark lets its entrants take turns, A B A B, and compares processor time within a round. It never \
            fails on a time: what it prints is for reading. `Benchmarks/RESULTS.md` says what each row means.
            """)

    @Argument(help: "Which benchmarks to run. (default: all)")
    var names: [String] = []
    @Option(help: "How many rounds.")
    var rounds = 9
    @Option(help: "How long each turn should take, in seconds.")
    var seconds = 1.0
    @Option(help: "Run only those entrants whose name holds this text, and their anchors.")
    var only: String?
    @Option(help: "Where stores and ledgers are laid while they are measured. (default: beside this program)")
    var folder: String?
    @Flag(help: "Print JSON instead of tables.")
    var json = false
    @Flag(help: "List the benchmarks and leave.")
    var list = false

    func validate() throws {
        if let unknown = names.first(where: { name in !Benchmark.all.contains { $0.name == name } }) {
            throw ValidationError("There is no benchmark '\(unknown)'; --list shows them.")
        }
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be 1 to 1000.") }
        guard (0.001...60).contains(seconds) else { throw ValidationError("--seconds must be 0.001 to 60.") }
    }

    func run() async throws {
        if list {
            for benchmark in Benchmark.all { print("\(benchmark.name): \(benchmark.summary)") }
            return
        }
        var report = Report(machine: Machine(), rounds: rounds, turn: seconds)
        if !json { print(report.heading) }
        for benchmark in Benchmark.all where names.isEmpty || names.contains(benchmark.name) {
            guard let section = try await measure(benchmark) else { continue }
            if !json { print("\n" + section.text) }
            report.sections.append(section)
        }
        if json { print(report.json.prettyText()) }
    }

    /// - Returns: `nil` when none of its entrants was asked for.
    private func measure(_ benchmark: Benchmark) async throws -> Report.Section? {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var contest = try await benchmark.contest(folder)
        if let only { contest.keep(only) }
        guard !contest.entrants.isEmpty else {
            await contest.finish()
            return nil
        }
        do {
            let rows = try await contest.run(rounds: rounds, seconds: seconds) { round, name in
                Self.tell("\(benchmark.name), round \(round) of \(rounds): \(name)")
            }
            Self.tell("")
            let remarks = try await contest.remarks(rows)
            await contest.finish()
            return Report.Section(name: benchmark.name, summary: benchmark.summary, rows: rows, remarks: remarks)
        } catch {
            await contest.finish()
            throw error
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

    /// A line on standard error that the next one replaces; nothing when nobody watches.
    private static func tell(_ line: String) {
        let handle = FileHandle.standardError
        guard isatty(handle.fileDescriptor) == 1 else { return }
        try? handle.write(contentsOf: Data("\r\u{1B}[K\(line)".utf8))
    }
}
