// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingLibP2P
import FarthingPeerPayments
import FarthingPrimitives
import HTTPTypes

/// Turns that go over one stream of one libp2p connection.
struct PeerEntrant: Sendable {
    /// What is sent in a turn.
    struct Load: Sendable {
        /// The texts of payments, those of each sender in order.
        let lanes: [[[UInt8]]]
        /// What the channel that each sender uses last was charged in all by then.
        let totals: [Amount]
    }

    private let server: ChildServer
    private let host: PeerHost
    private let link: PeerLink

    init(_ server: ChildServer) async throws {
        guard let peer = server.peer else { throw WrongResult("The server does not sell to peers.") }
        self.server = server
        host = try await PeerHost.listen()
        link = PeerLink(try await host.open(PeerSession.protocolName, to: try Multiaddr(text: peer)))
    }

    func close() async {
        link.close()
        await host.shutdown()
    }

    /// - Parameters:
    ///   - together: How many payments are in a frame; a sender sends the next when all are answered.
    ///   - load: Makes what is sent.
    func paid(
        _ name: String, against anchors: [Entrant.Anchor], trial: Int, together: Int, isBrief: Bool,
        _ load: @escaping @Sendable (_ operations: Int) async throws -> Load
    ) -> Entrant {
        Entrant(name, against: anchors, trial: trial) { [self] count in
            let load = try await load(count)
            return {
                let start = ContinuousClock.now
                let before = try server.processSeconds()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (lane, total) in zip(load.lanes, load.totals) {
                        group.addTask { try await send(lane, together, isBrief: isBrief, total: total) }
                    }
                    try await group.waitForAll()
                }
                return Measurement(
                    operations: load.lanes.map(\.count).reduce(0, +),
                    wall: (ContinuousClock.now - start) / .seconds(1), cpu: try server.processSeconds() - before)
            }
        }
    }

    private func send(_ payments: [[UInt8]], _ together: Int, isBrief: Bool, total: Amount) async throws {
        for begin in stride(from: 0, to: payments.count, by: together) {
            let end = min(begin + together, payments.count)
            let isLast = end == payments.count
            let replies = try await link.send(
                payments[begin..<end].map { PeerRequest(target: Payee.paidPath, payment: $0) },
                isBrief: isBrief && !isLast)
            guard replies.allSatisfy({ $0.status == 200 }) else {
                throw WrongResult("A payment was answered with \(replies.map(\.status)).")
            }
            guard isLast, let name = HTTPField.Name("PAYMENT-RESPONSE") else { continue }
            try Receipt.check(replies.last?.headers[name] ?? "", for: total)
        }
    }
}
