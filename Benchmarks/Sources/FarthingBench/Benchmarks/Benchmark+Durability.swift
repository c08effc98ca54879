// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension Benchmark {
    static let durability = Benchmark(
        name: "durability",
        summary: """
            What it costs that no answer leaves before its charge is on the disk: the same gate with a store in \
            memory, with one on the disk, and with a disk whose every fsync takes 3 ms more.
            """
    ) { setting in
        let memory = try ChildServer(.memory)
        let durable = try ChildServer(.gate, folder: try HTTPServers.folder(setting.folder, "durable"))
        let slow = try setting.faults.map { faults in
            try ChildServer(
                .gate, folder: try HTTPServers.folder(setting.folder, "slow"),
                faults: ["LD_PRELOAD": faults, "FARTHING_FAULT_FSYNC_MS": "3"])
        }
        let inMemory = try await Wallet(channels: PayingServer.channels, port: memory.port)
        let onDisk = try await Wallet(channels: PayingServer.channels, port: durable.port)
        var contest = Contest(entrants: [
            HTTPEntrant.paid("memory, \(lanes) connections", memory, inMemory),
            HTTPEntrant.paid(
                "durable, \(lanes) connections", durable, onDisk,
                against: both("memory, \(lanes) connections", target: 0.9)),
            HTTPEntrant.paid("durable, \(many) connections", durable, onDisk, connections: many),
        ])
        if let slow {
            let onSlowDisk = try await Wallet(channels: PayingServer.channels, port: slow.port)
            for connections in [lanes, many] {
                contest.entrants.append(
                    HTTPEntrant.paid(
                        "fsync + 3 ms, \(connections) connections", slow, onSlowDisk,
                        against: both("durable, \(connections) connections", target: 0.9), connections: connections))
            }
        }
        contest.remarks = { _ in
            slow == nil
                ? ["Without the library that slows the disk there are no rows for a slow one."]
                : [
                    "With \(lanes) connections of one request each, and 3 ms a sync, an answer takes a sync and on "
                        + "average half of the one before: more than about \(lanes * 1000 / 5) a second cannot be."
                ]
        }
        contest.finish = { for server in [memory, durable, slow].compactMap(\.self) { server.stop() } }
        return contest
    }

    /// How many connections are many.
    private static let many = PayingServer.channels

    private static func both(_ name: String, target: Double) -> [Entrant.Anchor] {
        [Entrant.Anchor(name: name, basis: .rate, target: target), Entrant.Anchor(name: name)]
    }
}
