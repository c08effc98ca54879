// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

extension Benchmark {
    static let voucherHTTP = Benchmark(
        name: "voucher-http",
        summary: """
            Paid requests over HTTP/1.1, \(lanes) connections with a channel each, every charge durable before its \
            answer (in Python's case: in memory). Only the server's process counts, not the client's and not the \
            upstream's. All get the same headers, in x402's own JSON.
            """
    ) { setting in
        let servers = try await HTTPServers(setting)
        let python = "x402 in Python"
        let anchors =
            [Entrant.Anchor(name: "C, verify", target: 0.62), Entrant.Anchor(name: "Hummingbird, hello", target: 0.5)]
            + (servers.python == nil ? [] : [Entrant.Anchor(name: python, target: 25)])
        let atGate = try await Wallet(channels: lanes, port: servers.gate.port)
        let atNode = try await Wallet(channels: lanes, port: servers.node.port)
        var contest = Contest(entrants: [
            try BareSignatures().verify,
            HTTPEntrant.plain("SwiftNIO, hello", servers.upstream, "/hello"),
            HTTPEntrant.plain("Hummingbird, hello", servers.hello, "/hello"),
            HTTPEntrant.paid("gate, no upstream", servers.gate, atGate, against: anchors),
            HTTPEntrant.paid("node with upstream", servers.node, atNode, against: anchors),
            HTTPEntrant.plain(
                "node, free route", servers.node, Payee.freePath, against: [.init(name: "Hummingbird, hello")]),
        ])
        if let peer = servers.python {
            contest.entrants.append(HTTPEntrant.paid(python, peer.server, peer.wallet, trial: 2))
        }
        contest.remarks = { rows in
            let costs = Dictionary(
                rows.compactMap { row in row.cost.map { (row.name, $0.median) } },
                uniquingKeysWith: { first, _ in first })
            let header = atNode.header(0, atNode.channel(0)).utf8.count
            var remarks = ["A payment's header has \(header) bytes. \(Placement.description)."]
            if let node = costs["node with upstream"], let gate = costs["gate, no upstream"] {
                remarks.append(
                    "The hop to the upstream costs \(Report.text(max(0, node - gate))) µs of the node's processor time."
                )
            }
            if setting.python == nil { remarks.append("The official Python server was not asked for.") }
            return remarks
        }
        contest.finish = { servers.stop() }
        return contest
    }
}
