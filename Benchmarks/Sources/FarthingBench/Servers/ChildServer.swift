// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingEncodings
import Foundation

/// A server in a process of its own, so that its processor time is told from the client's.
///
/// It tells its port in a line of JSON, then answers each line it gets: an empty one with the processor time it has
/// used so far, others as they ask. It ends when nobody can ask any more.
final class ChildServer: Sendable {
    let port: Int
    /// Where peers reach it over libp2p, where they do.
    let peer: String?
    /// From its start to its being ready.
    ///
    /// - Unit: seconds.
    let startup: Double
    private let process: Process
    private let requests: FileHandle
    private let answers: FileHandle

    /// Starts this program once more, as a server.
    ///
    /// - Parameters:
    ///   - channels: How many payers get a funded channel; 0 leaves the books as they are.
    ///   - scheme: How its gate is paid.
    ///   - faults: What is loaded before it to slow its disk.
    convenience init(
        _ kind: ServerKind, folder: String = ".", channels: Int = PayingServer.channels, upstream: ChildServer? = nil,
        scheme: PaymentScheme = .voucher, faults: [String: String] = [:]
    ) throws {
        guard let program = Bundle.main.executablePath else { throw WrongResult("This program has no path.") }
        try self.init(
            ([.gate, .peers].contains(kind) ? Self.profiler : []) + [
                program, "serve-bench", kind.rawValue, "--folder", folder, "--channels", "\(channels)", "--scheme",
                scheme.rawValue,
            ]
                + (upstream.map { ["--upstream", "http://127.0.0.1:\($0.port)"] } ?? []), environment: faults)
    }

    /// A command before the gate's own, which looks at what it does; `Scripts/profile` sets it.
    private static var profiler: [String] {
        ProcessInfo.processInfo.environment["FARTHING_BENCH_PROFILE"]?.split(separator: " ").map(String.init) ?? []
    }

    /// Starts a program that serves as this one does.
    init(_ command: [String], environment: [String: String] = [:]) throws {
        let input = Pipe()
        let output = Pipe()
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = Placement.serving(["/usr/bin/env"] + environment.map { "\($0)=\($1)" } + command)
        process.standardInput = input
        process.standardOutput = output
        let start = ContinuousClock.now
        try process.run()
        requests = input.fileHandleForWriting
        answers = output.fileHandleForReading
        let ready = try JSON.parse(try Self.line(from: answers))
        startup = (ContinuousClock.now - start) / .seconds(1)
        guard let port = ready["port"]?.integerValue else { throw WrongResult("The server did not tell its port.") }
        self.port = Int(port)
        peer = ready["peer"]?.stringValue
    }

    /// How much processor time it has used so far, all its threads together.
    ///
    /// - Unit: seconds.
    func processSeconds() throws -> Double {
        guard let seconds = Double(try ask("")) else {
            throw WrongResult("The server did not tell its processor time.")
        }
        return seconds
    }

    /// How much memory it has, as the system counts it; `nil` where the system does not tell.
    ///
    /// - Unit: bytes.
    var residentBytes: Double? {
        let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Double($0.filter(\.isNumber)) }.map { $0 * 1024 }
    }

    func ask(_ line: String) throws -> String {
        try requests.write(contentsOf: Data((line + "\n").utf8))
        return try Self.line(from: answers)
    }

    func stop() {
        try? requests.close()
        process.waitUntilExit()
    }

    /// Waits for a line; the caller has nothing else to do.
    private static func line(from handle: FileHandle) throws -> String {
        var line: [UInt8] = []
        while let byte = try handle.read(upToCount: 1)?.first {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        throw WrongResult("The server ended.")
    }
}
