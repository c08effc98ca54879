// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore

extension Benchmark {
    static let voucherHTTP = Benchmark(
        name: "voucher-http",
        summary: """
            Paid requests over HTTP/1.1, \(lanes) connections with a channel each, every charge durable before its \
            answer. Only the server's process counts, not the client's and not the upstream's.
            """
    ) { folder in
        let servers = try HTTPServers(folder: folder)
        let anchors = [
            Entrant.Anchor(name: "C, verify", target: 0.62), Entrant.Anchor(name: "Hummingbird, hello", target: 0.5),
        ]
        var contest = Contest(entrants: [
            try BareSignatures().verify,
            plain("Hummingbird, hello", servers.hello, "/hello"),
            plain("SwiftNIO, hello", servers.upstream, "/hello"),
            try paid("gate, no upstream", servers.gate, against: anchors),
            try paid("node with upstream", servers.node, against: anchors),
            plain("node, free route", servers.node, Payee.freePath, against: [.init(name: "Hummingbird, hello")]),
        ])
        contest.remarks = { rows in
            let costs = Dictionary(
                rows.compactMap { row in row.cost.map { (row.name, $0.median) } },
                uniquingKeysWith: { first, _ in first })
            let header = try wallet(of: servers.node).headers(1, lanes: 1)[0][0].utf8.count
            guard let node = costs["node with upstream"], let gate = costs["gate, no upstream"] else { return [] }
            return [
                "The hop to the upstream costs \(Report.text(max(0, node - gate))) µs of the node's processor time.",
                "A payment's header has \(header) bytes.",
            ]
        }
        contest.finish = { servers.stop() }
        return contest
    }

    private static func plain(
        _ name: String, _ server: ChildServer, _ path: String, against anchors: [Entrant.Anchor] = []
    ) -> Entrant {
        Entrant(name, against: anchors, trial: lanes * 50) { count in
            let request = LoadGenerator.get(path)
            let requests = Array(repeating: Array(repeating: request, count: max(1, count / lanes)), count: lanes)
            let load = try await LoadGenerator(port: server.port, requests: requests, wantsReceipt: false)
            return { try await load.run(against: server).0 }
        }
    }

    private static func paid(_ name: String, _ server: ChildServer, against anchors: [Entrant.Anchor]) throws -> Entrant
    {
        let wallet = try wallet(of: server)
        return Entrant(name, against: anchors, trial: lanes * 20) { count in
            let requests = wallet.headers(count, lanes: lanes).map { headers in
                headers.map { LoadGenerator.get(Payee.paidPath, header: $0) }
            }
            let load = try await LoadGenerator(port: server.port, requests: requests, wantsReceipt: true)
            return {
                let (measurement, last) = try await load.run(against: server)
                for (channel, answer) in last.enumerated() { try check(answer, wallet, channel) }
                return measurement
            }
        }
    }

    private static func wallet(of server: ChildServer) throws -> Wallet {
        guard let required = server.required else { throw WrongResult("The server sells nothing.") }
        return try Wallet(
            channels: PayingServer.channels, required: required, domain: try Payee.domain(), token: try Payee.token())
    }

    /// The last receipt must tell the sum of all payments, or some were not charged.
    private static func check(_ answer: String, _ wallet: Wallet, _ channel: Int) throws {
        let name = "payment-response: "
        let line = answer.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name) } ?? ""
        let receipt = try JSON.parse(try Base64.decode(String(line.dropFirst(name.count)), maximumBytes: 65_536))
        let charged = receipt["extra"]?["channelState"]?["chargedCumulativeAmount"]?.stringValue
        guard receipt["success"]?.boolValue == true, charged == "\(wallet.ceiling(of: channel))" else {
            throw WrongResult("The last receipt is not for all that was paid: \(receipt)")
        }
    }
}
