// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation

/// A `farthing serve` on a free port.
final class ServeProcess: Sendable {
    struct NeverListened: Error, CustomStringConvertible {
        let errors: String
        var description: String { "It did not begin to listen: \(errors)" }
    }

    let child: ChildProcess
    /// What it said of itself when it was there.
    let announcement: JSON
    let port: Int

    var client: RawHTTPClient { RawHTTPClient(port: port) }

    private init(child: ChildProcess, announcement: JSON, port: Int) {
        self.child = child
        self.announcement = announcement
        self.port = port
    }

    /// Starts it, and waits until it takes connections.
    static func start(
        _ arguments: [String], environment: [String: String] = [:], in folder: TemporaryFolder
    ) async throws -> ServeProcess {
        let child = try ChildProcess(
            ["serve", "--listen", "127.0.0.1:0", "--json"] + arguments, environment: environment, folder: folder.path)
        _ = try await eventually(within: .seconds(60)) { child.said("listening") != nil || !child.isRunning }
        guard let announcement = child.said("listening"),
            let port = announcement["listening"]?.stringValue?.split(separator: ":").last.flatMap({ Int($0) })
        else {
            child.send(SIGKILL)
            throw NeverListened(errors: child.errors)
        }
        return ServeProcess(child: child, announcement: announcement, port: port)
    }

    /// Where peers reach it, once it listens for them.
    func peer() async throws -> String {
        _ = try await eventually(within: .seconds(20)) { self.child.said("peers") != nil }
        guard let address = child.said("peers")?["peers"]?.arrayValue?.first?.stringValue else {
            throw NeverListened(errors: child.errors)
        }
        return address
    }

    /// Asks it to stop, and waits until it did.
    func stop() async throws -> Int32 {
        child.send(SIGTERM)
        return try await child.exitCode(within: .seconds(60))
    }

    /// Ends it at once, without letting it put anything in order.
    func kill() async throws {
        child.send(SIGKILL)
        _ = try await child.exitCode()
    }
}

extension ChildProcess {
    /// The first line of its output that is an object with such a member.
    func said(_ member: String) -> JSON? {
        // The last line may not be whole yet.
        output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().lazy
            .compactMap { try? JSON.parse(String($0)) }.first { $0[member] != nil }
    }
}
