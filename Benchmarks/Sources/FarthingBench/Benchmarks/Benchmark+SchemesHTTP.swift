// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly

extension Benchmark {
    static let schemesHTTP = Benchmark(
        name: "schemes-http",
        summary: """
            Paid requests over HTTP/1.1, a gate for each scheme, \(lanes) connections with a channel each, every \
            charge durable before its answer (in Python's case: a voucher, in memory). Only the server's process \
            counts.
            """
    ) { setting in
        let plain = try ChildServer(.upstream)
        let gate = try ChildServer(.gate, folder: try HTTPServers.folder(setting.folder, "voucher"))
        var servers = [plain, gate]
        var entrants = [
            HTTPEntrant.plain(helloName, plain, "/hello"),
            HTTPEntrant.paid(
                voucherName, gate, try await Wallet(channels: lanes, port: gate.port),
                against: [.init(name: helloName)]),
        ]
        if let interpreter = setting.python {
            let python = try await PythonServer(python: interpreter, channels: lanes)
            entrants.append(HTTPEntrant.paid(pythonName, python.server, python.wallet, trial: 2))
            servers.append(python.server)
        }
        var sizes: [String] = []
        for scheme in BenchScheme.all {
            let folder = try HTTPServers.folder(setting.folder, scheme.name)
            let server = try ChildServer(.gate, folder: folder, channels: lanes, scheme: scheme.scheme)
            servers.append(server)
            let paid = try await scheme.http(server, folder, anchors(of: scheme.scheme))
            entrants.append(paid.entrant)
            sizes.append("\(paid.headerBytes) (\(scheme.name))")
        }
        var contest = Contest(entrants: entrants)
        let python = setting.python == nil ? ["The official Python server was not asked for."] : []
        let remarks = [
            "A payment's header has so many bytes: \(sizes.joined(separator: ", ")). \(Placement.description)."
        ]
        contest.remarks = { _ in remarks + python }
        let running = servers
        contest.finish = { for server in running { server.stop() } }
        return contest
    }

    private static let helloName = "SwiftNIO, hello"
    private static let voucherName = "voucher at the gate"
    private static let pythonName = "x402 in Python, voucher"

    private static func anchors(of scheme: PaymentScheme) -> [Entrant.Anchor] {
        switch scheme {
        case .voucher: [.init(name: helloName)]
        case .hashChain: [.init(name: helloName, target: 0.65), .init(name: pythonName, target: 100)]
        case .merkleToken: [.init(name: helloName, target: 0.5), .init(name: voucherName)]
        case .lottery: [.init(name: voucherName, target: 1)]
        case .twoWay: [.init(name: voucherName, target: 0.5)]
        }
    }
}
