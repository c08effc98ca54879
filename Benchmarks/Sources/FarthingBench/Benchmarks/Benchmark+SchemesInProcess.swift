// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import CAnchors
import FarthingAssembly
import NIOPosix

extension Benchmark {
    static let schemesInProcess = Benchmark(
        name: "schemes-in-process",
        summary: """
            Payments of each scheme taken in by a node's desk, its store on the disk, \(schemeLanes) channels that all \
            have one in flight. 'read' is read already: what is measured is proof or signature, rules and commit, and \
            of a two-way channel the payee's own signature. 'text' is the JSON of the payment, and the header of the \
            answer is written too.
            """
    ) { setting in
        let bare = try BareSignatures()
        let store = try DurableStore(folder: try HTTPServers.folder(setting.folder, "voucher"))
        let payee = try await Payee(store: store.store, channels: schemeLanes)
        var contest = Contest(
            entrants: [
                bare.verify, bare.verifyTwo, bareHash,
                prompt("voucher, read", payee, areRead: true, lanes: schemeLanes),
            ])
        var shops: [BenchScheme.InProcess] = []
        for scheme in BenchScheme.all {
            let shop = try await scheme.inProcess(
                HTTPServers.folder(setting.folder, scheme.name), anchors(of: scheme.scheme))
            contest.entrants += shop.entrants
            shops.append(shop)
        }
        let opened = shops
        contest.remarks = { _ in opened.map { $0.remark() } }
        contest.finish = {
            for shop in opened { await shop.close() }
            await store.close()
        }
        return contest
    }

    /// So many that syncs do not hold back what takes two microseconds: with 64 under way and a sync of half a
    /// millisecond nothing could be faster than 128,000 a second.
    static let schemeLanes = 1024

    private static let hashName = "C, hash of 96 B"

    /// What a step of a hash chain costs at least, and a node of a tree.
    private static let bareHash = Entrant.loop(hashName, trial: 50_000) { count in
        var message = [UInt8](repeating: 0, count: 96)
        anchor_keccak256_chain(&message, message.count, count)
    }

    private static func anchors(of scheme: PaymentScheme) -> [Entrant.Anchor] {
        switch scheme {
        case .voucher: [.init(name: "C, verify")]
        case .hashChain: rate(500_000, called: "500,000 a second") + [.init(name: hashName)]
        case .merkleToken: rate(120_000, called: "120,000 a second") + [.init(name: hashName)]
        case .lottery: [.init(name: "C, verify", target: 0.9)]
        case .twoWay: [.init(name: "C, verify twice", target: 0.9)]
        }
    }

    /// By the clock on the wall, which is what was asked for, and by processor time, which other programs disturb less.
    private static func rate(_ perSecond: Double, called name: String) -> [Entrant.Anchor] {
        [
            .init(name: name, basis: .rate, perSecond: perSecond, target: 1),
            .init(name: name, perSecond: perSecond),
        ]
    }
}
