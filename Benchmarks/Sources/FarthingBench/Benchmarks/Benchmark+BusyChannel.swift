// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives

extension Benchmark {
    static let busyChannel = Benchmark(
        name: "busy-channel",
        summary: """
            \(lanes) connections that pay out of a channel each, and as many that pay out of one channel: the payer \
            signs for the next requests before the last are answered, where the gate offers that.
            """
    ) { setting in
        let gate = try ChildServer(.gate, folder: try HTTPServers.folder(setting.folder, "gate"))
        let many = try await Wallet(channels: lanes, port: gate.port)
        // Of the last channels nobody else knows.
        let all = try await Wallet(channels: PayingServer.channels, port: gate.port)
        let name = "\(lanes) channels, \(lanes) requests in flight"
        var contest = Contest(entrants: [
            HTTPEntrant.paid(name, gate, many),
            one("one channel, one request in flight", gate, all, channel: all.count - 1, connections: 1, against: []),
        ])
        let ahead = one(
            "one channel, \(lanes) requests in flight", gate, all, channel: all.count - 2, connections: lanes,
            against: [.init(name: name, basis: .rate, target: 0.8), .init(name: name)])
        // Tried on a channel of its own, so that a gate that cannot do it leaves the other rows.
        let trial = one("trial", gate, all, channel: all.count - 3, connections: lanes, against: [])
        let fault = all.offersAhead ? await Self.fault(of: trial) : "it offers no signing ahead"
        if fault == nil { contest.entrants.append(ahead) }
        contest.remarks = { _ in
            fault.map { ["The gate does not take \(lanes) requests in flight on one channel: \($0)"] } ?? []
        }
        contest.finish = { gate.stop() }
        return contest
    }

    /// What goes wrong in a turn; `nil` when nothing does.
    private static func fault(of entrant: Entrant) async -> String? {
        do {
            for _ in 0..<3 { _ = try await entrant.prepare(4000)() }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// All connections take their next payment from one pile, which is signed in order.
    private static func one(
        _ name: String, _ server: ChildServer, _ wallet: Wallet, channel number: Int, connections: Int,
        against anchors: [Entrant.Anchor]
    ) -> Entrant {
        Entrant(name, against: anchors, trial: connections * 20) { count in
            let channel = wallet.channel(number)
            let isAhead = connections > 1
            if isAhead, wallet.ceiling(of: number).isZero {
                // The first payment makes the channel known, and is signed exactly.
                let first = LoadRequests.get(Payee.paidPath, payment: wallet.header(number, channel))
                _ = try await LoadGenerator(
                    port: server.port, requests: LoadRequests(repeating: first, count: 1, connections: 1)
                ).run()
            }
            let payments = (0..<count).map { _ in
                LoadRequests.get(Payee.paidPath, payment: wallet.header(number, channel, isAhead: isAhead))
            }
            let load = LoadGenerator(
                port: server.port, requests: LoadRequests(shared: payments, connections: connections))
            return {
                let outcome = try await load.run(against: server)
                let charged = try outcome.last.compactMap { answer in
                    try Receipt.field("payment-response", of: answer).flatMap(Receipt.charged(inHeader:))
                }
                guard charged.max() == wallet.ceiling(of: number) else {
                    throw WrongResult("No receipt is for all that was paid: \(outcome.last[0].prefix(200))")
                }
                return outcome.measurement
            }
        }
    }
}
