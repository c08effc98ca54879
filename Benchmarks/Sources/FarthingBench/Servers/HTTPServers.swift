// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// All servers of `voucher-http`, which run side by side and are busy one at a time.
struct HTTPServers: Sendable {
    let hello: ChildServer
    let upstream: ChildServer
    let gate: ChildServer
    let node: ChildServer
    let python: PythonServer?

    init(_ setting: Setting) async throws {
        upstream = try ChildServer(.upstream)
        hello = try ChildServer(.hello)
        gate = try ChildServer(.gate, folder: try Self.folder(setting.folder, "gate"))
        node = try ChildServer(.node, folder: try Self.folder(setting.folder, "node"), upstream: upstream)
        if let interpreter = setting.python {
            python = try await PythonServer(python: interpreter, channels: Benchmark.lanes)
        } else {
            python = nil
        }
    }

    func stop() {
        for server in [node, gate, hello, upstream] { server.stop() }
        python?.server.stop()
    }

    static func folder(_ parent: String, _ name: String) throws -> String {
        let path = parent + "/" + name
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}
