// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingEncodings
import FarthingX402
import NIOPosix

/// A scheme besides vouchers, as the benchmarks use it, whatever its payers are like.
struct BenchScheme: Sendable {
    let scheme: PaymentScheme
    /// A node in this process that takes payments of the scheme, and the entrants that pay it.
    let inProcess: @Sendable (_ folder: String, _ anchors: [Entrant.Anchor]) async throws -> InProcess
    /// The entrant that pays a gate over HTTP, and how many bytes the header of a payment has.
    let http:
        @Sendable (_ server: ChildServer, _ folder: String, _ anchors: [Entrant.Anchor]) async throws
            -> (entrant: Entrant, headerBytes: Int)
    /// Makes payments, takes some of them, and says how many.
    let take:
        @Sendable (_ payments: TakeBenchCommand.Payments, _ folder: String, _ begin: () throws -> Void) async throws
            -> Int
    /// Makes the store of a node that has many channels of the scheme.
    let fill: @Sendable (_ channels: Int, _ folder: String) async throws -> Void

    struct InProcess: Sendable {
        let entrants: [Entrant]
        let remark: @Sendable () -> String
        let close: @Sendable () async -> Void
    }

    var name: String { scheme.rawValue }

    static let all = [
        BenchScheme(HashChainBenchPayer.self), BenchScheme(MerkleTokenBenchPayer.self),
        BenchScheme(LotteryBenchPayer.self), BenchScheme(TwoWayBenchPayer.self),
    ]

    init<Payer: BenchPayer>(_: Payer.Type) {
        scheme = Payer.scheme
        inProcess = { folder, anchors in
            let shop = try await PrepaidShop<Payer>(folder: folder, channels: Benchmark.schemeLanes)
            return InProcess(
                entrants: [
                    Self.entrant("\(Payer.name), read", shop, areRead: true, against: anchors),
                    Self.entrant(
                        "\(Payer.name), text", shop, areRead: false,
                        against: anchors.map { Entrant.Anchor(name: $0.name, basis: $0.basis, perSecond: $0.perSecond) }
                    ),
                ], remark: { "\(Payer.name). " + DurableStore.remark(of: shop.node.store) },
                close: { await shop.node.close() })
        }
        http = { server, folder, anchors in
            let payee = try PrepaidPayee(
                Payer.scheme, required: try await Payee.required(at: server.port), folder: folder)
            let wallet = PrepaidWallet<Payer>(payee, channels: Benchmark.lanes)
            // Of a channel that is never opened.
            var model = try Payer(-1, of: BenchChannel.signer(0), to: payee, payments: 2)
            _ = try model.first()
            let header = wallet.header(.payment(model.id, try model.next()))
            return (
                HTTPEntrant.prepaid("\(Payer.name) at the gate", server, wallet, against: anchors), header.utf8.count
            )
        }
        take = { payments, folder, begin in
            let shop = try await PrepaidShop<Payer>(folder: folder, channels: Benchmark.lanes)
            let taker = try await shop.taker(
                payments.made, lanes: Benchmark.lanes, each: payments.each, areRead: payments.areRead,
                loop: MultiThreadedEventLoopGroup.singleton.next())
            try begin()
            try await taker.takeAll()
            await shop.node.close()
            return taker.count
        }
        fill = { channels, folder in try await PrepaidMaker<Payer>.make(channels, in: folder) }
    }

    private static func entrant<Payer>(
        _ name: String, _ shop: PrepaidShop<Payer>, areRead: Bool, against anchors: [Entrant.Anchor]
    ) -> Entrant {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return Entrant(name, against: anchors, trial: Benchmark.schemeLanes * 4) { count in
            let taker = try await shop.taker(count, lanes: Benchmark.schemeLanes, areRead: areRead, loop: loop)
            return { try await Measurement.ofThisProcess(taker.count) { try await taker.takeAll() } }
        }
    }
}
