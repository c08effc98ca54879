// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

extension Benchmark {
    static let schemeMemory = Benchmark(
        name: "scheme-memory",
        summary: """
            A node with many idle channels, scheme by scheme: the memory that each takes, beside the same node with \
            \(fewIdleChannels), and how long the node takes to start.
            """
    ) { setting in
        var rows: [Row?] = []
        var remarks: [String] = []
        for scheme in BenchScheme.all where setting.only.map(scheme.name.contains) ?? true {
            setting.tell("scheme-memory: \(scheme.name)")
            let few = try await IdleNode(fewIdleChannels, of: scheme, in: setting)
            let many = try await IdleNode(setting.manyChannels, of: scheme, in: setting)
            if let small = few.memory, let large = many.memory {
                let each = (large - small) / Double(setting.manyChannels - fewIdleChannels)
                rows.append(
                    Row("\(scheme.name), memory for a channel", [each], unit: "B", atMost: [1024], called: "1 KiB"))
                rows.append(
                    Row(name: "\(scheme.name), memory in all", value: Spread([large / 1_048_576]), unit: "MiB"))
            }
            rows.append(
                Row("\(scheme.name), ready after a start", [many.startup], unit: "s", atMost: [10], called: "10 s"))
            remarks.append(
                "\(setting.manyChannels) channels (\(scheme.name)) were made in \(Report.text(many.making)) s.")
        }
        return rows.isEmpty ? nil : Measured(rows: rows.compactMap(\.self), remarks: remarks)
    }

    private static let fewIdleChannels = 1000
}

/// What a node is like that has nothing to do but to keep channels.
private struct IdleNode: Sendable {
    /// - Unit: bytes; `nil` where the system does not tell.
    let memory: Double?
    /// - Unit: seconds.
    let startup, making: Double

    init(_ channels: Int, of scheme: BenchScheme, in setting: Setting) async throws {
        let folder = try HTTPServers.folder(setting.folder, "\(scheme.name)-\(channels)")
        // A million channels take a gigabyte of the disk, and there are four schemes.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let start = ContinuousClock.now
        try await scheme.fill(channels, folder)
        making = (ContinuousClock.now - start) / .seconds(1)
        let server = try ChildServer(.gate, folder: folder, channels: 0, scheme: scheme.scheme)
        memory = server.residentBytes
        startup = server.startup
        server.stop()
    }
}
