// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives

extension Benchmark {
    static let voucherBatch = Benchmark(
        name: "voucher-batch",
        summary: """
            Paid requests, \(together) at once: pipelined on a connection, and in one request to the gate's address \
            for batches. The \(together) payments are of different channels.
            """
    ) { setting in
        let gate = try ChildServer(
            .gate, folder: try HTTPServers.folder(setting.folder, "gate"), channels: batchLanes * together + 1)
        let hello = try ChildServer(.hello)
        let nio = try ChildServer(.upstream)
        let wallet = try await Wallet(channels: batchLanes * together, port: gate.port)
        let target = [Entrant.Anchor(name: "C, verify", target: 0.8)]
        let spare = try await Wallet(channels: wallet.count + 1, port: gate.port)
        let takesBatches = await BatchRequest.isTaken(by: gate, spare, channel: wallet.count)
        var contest = Contest(entrants: [
            try BareSignatures().verify,
            HTTPEntrant.plain("SwiftNIO, hello, pipelined", nio, "/hello", pipelined: together),
            HTTPEntrant.plain("Hummingbird, hello, pipelined", hello, "/hello", pipelined: together),
            HTTPEntrant.paid(
                "gate, \(together) pipelined", gate, wallet,
                against: target + [Entrant.Anchor(name: "Hummingbird, hello, pipelined")], connections: batchLanes,
                pipelined: together),
        ])
        if takesBatches {
            contest.entrants.append(batches("gate, \(together) in a request", gate, wallet, against: target))
        }
        contest.remarks = { _ in
            ["\(batchLanes) connections."]
                + (takesBatches ? [] : ["The gate takes no batches, so there is no row for \(together) in a request."])
        }
        contest.finish = { for server in [gate, hello, nio] { server.stop() } }
        return contest
    }

    private static let together = 16
    private static let batchLanes = 16

    private static func batches(
        _ name: String, _ server: ChildServer, _ wallet: Wallet, against anchors: [Entrant.Anchor]
    ) -> Entrant {
        Entrant(name, against: anchors, trial: batchLanes * together * 2) { count in
            let each = max(1, count / together / batchLanes)
            let lanes = await wallet.headers(each * together * batchLanes, lanes: batchLanes).map { headers in
                (0..<each).map { BatchRequest.bytes(Array(headers[($0 * together)...].prefix(together))) }
            }
            let load = LoadGenerator(port: server.port, requests: LoadRequests(lanes: lanes))
            return {
                let outcome = try await load.run(against: server, operations: each * together * batchLanes)
                for (lane, answer) in outcome.last.enumerated() {
                    try BatchRequest.check(
                        answer, for: (0..<together).map { wallet.ceiling(of: lane + batchLanes * $0) })
                }
                return outcome.measurement
            }
        }
    }
}
