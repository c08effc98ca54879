// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingX402

/// Turns that go over HTTP.
enum HTTPEntrant {
    /// Requests that cost nothing.
    static func plain(
        _ name: String, _ server: ChildServer, _ path: String, against anchors: [Entrant.Anchor] = [],
        pipelined: Int = 1
    ) -> Entrant {
        Entrant(name, against: anchors, trial: Benchmark.lanes * 50 * pipelined) { count in
            let requests = LoadRequests(
                repeating: LoadRequests.get(path), count: count, connections: Benchmark.lanes, pipelined: pipelined)
            let load = LoadGenerator(port: server.port, requests: requests)
            return { try await load.run(against: server).measurement }
        }
    }

    /// Requests that are paid for, each connection with channels of its own.
    ///
    /// - Parameters:
    ///   - connections: How many are open, each with one request under way, or `pipelined` of them.
    ///   - trial: How many requests a connection sends in the first turn.
    static func paid(
        _ name: String, _ server: ChildServer, _ wallet: Wallet, against anchors: [Entrant.Anchor] = [],
        connections: Int = Benchmark.lanes, pipelined: Int = 1, trial: Int = 20
    ) -> Entrant {
        Entrant(name, against: anchors, trial: connections * trial) { count in
            let requests = LoadRequests(
                lanes: await payments(count, of: wallet, lanes: connections), pipelined: pipelined)
            let load = LoadGenerator(port: server.port, requests: requests)
            return {
                let outcome = try await load.run(against: server)
                try Receipt.check(outcome.last, wallet)
                return outcome.measurement
            }
        }
    }

    /// The same by another scheme, whose new channels open before the clock starts.
    static func prepaid<Payer>(
        _ name: String, _ server: ChildServer, _ wallet: PrepaidWallet<Payer>, against anchors: [Entrant.Anchor] = []
    ) -> Entrant {
        Entrant(name, against: anchors, trial: Benchmark.lanes * 20) { count in
            let turn = try await wallet.turn(count, lanes: Benchmark.lanes)
            func get(_ payload: PrepaidPayload<Payer.Channel>) -> [UInt8] {
                LoadRequests.get(Payee.paidPath, payment: wallet.header(payload))
            }
            for (payloads, status) in [(turn.openings, Payer.openingStatus), (turn.firsts, 200)]
            where !payloads.isEmpty {
                _ = try await LoadGenerator(
                    port: server.port, requests: LoadRequests(lanes: payloads.map { [get($0)] }), status: status
                ).run()
            }
            let requests = LoadRequests(
                lanes: turn.lanes.map { lane in lane.map { get(.payment($0.channel, $0.payment)) } })
            let load = LoadGenerator(port: server.port, requests: requests)
            return {
                let outcome = try await load.run(against: server)
                try Receipt.check(outcome.last, totals: turn.totals)
                return outcome.measurement
            }
        }
    }

    /// What each of the connections sends.
    static func payments(_ count: Int, of wallet: Wallet, lanes: Int) async -> [[[UInt8]]] {
        await wallet.headers(count, lanes: lanes).map { headers in
            headers.map { LoadRequests.get(Payee.paidPath, payment: $0) }
        }
    }
}
