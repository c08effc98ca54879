// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension Benchmark {
    static let manyChannels = Benchmark(
        name: "many-channels",
        summary: """
            The gate with many open channels beside the gate with few, \(lanes) connections; each request pays out of \
            a channel that is drawn anew.
            """
    ) { setting in
        let few = try await CrowdedServer(fewChannels, in: setting)
        let many = try await CrowdedServer(setting.manyChannels, in: setting)
        let name = "\(fewChannels) channels"
        let running = RunningServer(many.server)
        var contest = Contest(entrants: [
            HTTPEntrant.paid(name, few.server, few.wallet),
            HTTPEntrant.paid(
                "\(setting.manyChannels) channels", many.server, many.wallet,
                against: [.init(name: name, basis: .rate, target: 0.9), .init(name: name)]),
        ])
        contest.figures = {
            var figures: [Row?] = []
            if let small = few.server.residentBytes, let large = many.server.residentBytes {
                let each = (large - small) / Double(setting.manyChannels - fewChannels)
                figures.append(Row("memory for a channel", [each], unit: "B", atMost: [1024], called: "1 KiB"))
                figures.append(Row(name: "memory in all", value: Spread([large / 1_048_576]), unit: "MiB"))
            }
            // It is killed, as a crash would.
            many.server.stop()
            let again = try ChildServer(.gate, folder: many.folder, channels: 0)
            running.replace(with: again)
            let times = [many.server.startup, again.startup]
            figures.append(
                Row("ready after a restart", times, unit: "s", atMost: times.map { _ in 10 }, called: "10 s"))
            return figures.compactMap(\.self)
        }
        contest.remarks = { _ in ["The \(setting.manyChannels) channels were made in \(Report.text(many.making)) s."] }
        contest.finish = {
            few.server.stop()
            running.stop()
        }
        return contest
    }

    private static let fewChannels = 1000
}

/// A gate on a store with channels made in bulk.
private struct CrowdedServer: Sendable {
    let folder: String
    let server: ChildServer
    let wallet: Wallet
    /// - Unit: seconds.
    let making: Double

    init(_ channels: Int, in setting: Setting) async throws {
        setting.tell("many-channels: making \(channels) channels")
        folder = try HTTPServers.folder(setting.folder, "\(channels)")
        let start = ContinuousClock.now
        try await ChannelMaker.make(channels, in: folder)
        making = (ContinuousClock.now - start) / .seconds(1)
        server = try ChildServer(.gate, folder: folder, channels: 0)
        wallet = try await Wallet(channels: channels, port: server.port, order: .random, paid: 1)
    }
}
