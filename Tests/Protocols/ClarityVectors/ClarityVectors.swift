// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import Foundation

/// Runs files of vectors against the Clarity machine, and tells what differs.
@main
enum ClarityVectors {
    static let usage = """
        usage: clarity-vectors [--verbose] [--json] [--versions 2,3,4] [--known FILE] FILE…

        Runs every vector of the files, whose form is told by what is in them: programs with an outcome for each edition
        of Clarity, examples with one value, or scenarios of deployments and calls. Each failure is a line.

          --verbose        what was expected and what came, below each failure
          --json           one JSON object for all, instead of lines
          --versions LIST  the editions of Clarity to run programs in; 2,3,4 unless told
          --measure N      instead of files: N calls of a contract that recovers a key, reads and writes a map and sends
                           STX, and how many a second they were (meant for a release build)
          --known FILE     a list of ids with the reasons why they differ; they are told apart, but still count

        The exit status is 1 when a vector failed, and 2 when a file could not be run.
        """

    static func main() {
        var options = Options()
        do {
            guard try options.read(Array(CommandLine.arguments.dropFirst())) else {
                print(usage)
                return
            }
            if let calls = options.measuredCalls {
                print(try Measurement.text(calls: calls))
                return
            }
            let report = try run(options)
            print(options.isJSON ? report.json.prettyText() : report.text(isVerbose: options.isVerbose))
            exit(report.failures.isEmpty ? 0 : 1)
        } catch {
            FileHandle.standardError.write(Data("clarity-vectors: \(error)\n".utf8))
            exit(2)
        }
    }

    private static func run(_ options: Options) throws -> Report {
        var report = Report()
        if let path = options.knownDifferences { report.readKnownDifferences(try JSON.parse(try bytes(of: path))) }
        for path in options.files {
            report.add(try VectorFile(try bytes(of: path)).outcomes(versions: options.versions))
        }
        return report
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw VectorFile.Fault(description: "cannot read \(path)")
        }
        return Array(data)
    }
}

/// What the command line asks for.
struct Options {
    var isVerbose = false
    var isJSON = false
    var versions: Set<ClarityVersion> = [.clarity2, .clarity3, .clarity4]
    var knownDifferences: String?
    var measuredCalls: Int?
    var files: [String] = []

    /// Reads the arguments; `false` when help is asked for.
    mutating func read(_ arguments: [String]) throws -> Bool {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--help", "-h": return false
            case "--verbose": isVerbose = true
            case "--json": isJSON = true
            case "--known": knownDifferences = rest.popFirst()
            case "--measure":
                measuredCalls = rest.popFirst().flatMap { Int($0) }
                guard measuredCalls.map({ (1...10_000_000).contains($0) }) == true else {
                    throw VectorFile.Fault(description: "--measure takes a number of calls")
                }
            case "--versions":
                let list = (rest.popFirst() ?? "").split(separator: ",")
                versions = Set(list.compactMap { UInt8($0).flatMap(ClarityVersion.init(rawValue:)) })
                guard !versions.isEmpty else {
                    throw VectorFile.Fault(description: "--versions takes a list like 2,3,4")
                }
            case let option where option.hasPrefix("-"):
                throw VectorFile.Fault(description: "unknown option \(option); --help tells the others")
            default: files.append(argument)
            }
        }
        guard !files.isEmpty || measuredCalls != nil else {
            throw VectorFile.Fault(description: "no file is given; --help tells how")
        }
        return true
    }
}
