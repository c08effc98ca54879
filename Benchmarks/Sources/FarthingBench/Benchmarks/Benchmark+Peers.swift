// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingEncodings
import FarthingPrimitives
import FarthingX402

extension Benchmark {
    static let peers = Benchmark(
        name: "peers",
        summary: """
            Paid requests over one stream of one libp2p connection, \(peersTogether) in a frame, every charge durable \
            before its answer; encryption and multiplexing are part of it. Only the server's process counts.
            """
    ) { setting in
        let gate = try ChildServer(
            .peers, folder: try HTTPServers.folder(setting.folder, "voucher"), channels: peerLanes * peersTogether)
        let wallet = try await Wallet(channels: peerLanes * peersTogether, port: gate.port)
        let vouchers = try await PeerEntrant(gate)
        let folder = try HTTPServers.folder(setting.folder, "hash-chain")
        let chainGate = try ChildServer(.peers, folder: folder, channels: peerLanes, scheme: .hashChain)
        let chains = PrepaidWallet<HashChainBenchPayer>(
            try PrepaidPayee(.hashChain, required: try await Payee.required(at: chainGate.port), folder: folder),
            channels: peerLanes)
        let steps = try await PeerEntrant(chainGate)
        var contest = Contest(entrants: [
            try BareSignatures().verify,
            vouchers.paid(
                "vouchers, \(peersTogether) in a frame", against: [.init(name: "C, verify", target: 0.8)],
                trial: peerLanes * peersTogether * 2, together: peersTogether, isBrief: false
            ) { count in
                let lanes = await wallet.headers(whole(count), lanes: peerLanes)
                return PeerEntrant.Load(
                    lanes: try lanes.map { lane in
                        try lane.map { try Base64.decode($0, maximumBytes: 65_536) }
                    }, totals: lanes.indices.map(wallet.ceiling(ofLastIn:)))
            },
            steps.paid(
                "steps of hash chains, \(peersTogether) in a frame",
                against: [
                    .init(name: "150,000 a second", basis: .rate, perSecond: 150_000, target: 1),
                    .init(name: "150,000 a second", perSecond: 150_000),
                ], trial: peerLanes * peersTogether * 2, together: peersTogether, isBrief: true
            ) { count in
                let turn = try await chains.turn(whole(count), lanes: peerLanes)
                if !turn.openings.isEmpty {
                    _ = try await LoadGenerator(
                        port: chainGate.port,
                        requests: LoadRequests(
                            lanes: turn.openings.map {
                                [LoadRequests.get(Payee.paidPath, payment: chains.header($0))]
                            }), status: HashChainBenchPayer.openingStatus
                    ).run()
                }
                return PeerEntrant.Load(lanes: turn.lanes.map { $0.map(chains.text) }, totals: turn.totals)
            },
        ])
        contest.remarks = { _ in
            [
                "\(peerLanes) senders on one stream. Steps are answered without receipts but the last. \(Placement.description)."
            ]
        }
        contest.finish = {
            await vouchers.close()
            await steps.close()
            for server in [gate, chainGate] { server.stop() }
        }
        return contest
    }

    private static let peersTogether = 16
    private static let peerLanes = 64

    /// So many that every sender has whole frames.
    @Sendable private static func whole(_ count: Int) -> Int {
        let round = peerLanes * peersTogether
        return max(1, count / round) * round
    }
}
