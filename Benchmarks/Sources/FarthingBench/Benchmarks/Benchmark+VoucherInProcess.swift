// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingMemoryStore
import NIOPosix

extension Benchmark {
    static let voucherInProcess = Benchmark(
        name: "voucher-in-process",
        summary: """
            Vouchers taken in by the desk, \(channelCount) channels, \(lanes) in flight. 'voucher' is read already: \
            what is measured is digest, signature, rules and commit. 'text' is the JSON of the payment. 'desk' and \
            'gate' have a task for each payment that reserves, then charges; 'gate' has the whole head of a request.
            """
    ) { setting in
        let memory = try await Payee(store: MemoryStore(), channels: channelCount)
        let store = try DurableStore(folder: setting.folder)
        let durable = try await Payee(store: store.store, channels: channelCount)
        let bare = try BareSignatures()
        let entrants =
            [bare.verify]
            + [prompt("durable, voucher", durable, areRead: true, target: 0.92)]
            + [prompt("durable, text", durable, areRead: false)]
            + [entrant("durable", .desk, durable), entrant("durable", .gate, durable)]
            + [prompt("memory, voucher", memory, areRead: true), prompt("memory, text", memory, areRead: false)]
            + [try DiskSync(folder: setting.folder).entrant]
        var contest = Contest(entrants: entrants)
        contest.remarks = { _ in [store.remark()] }
        contest.finish = { await store.close() }
        return contest
    }

    static let channelCount = 256
    static let lanes = 64

    static func prompt(
        _ name: String, _ payee: Payee, areRead: Bool, target: Double? = nil, lanes: Int = lanes
    ) -> Entrant {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let trial = max(lanes, channelCount) * 4
        return Entrant(name, against: [.init(name: "C, verify", target: target)], trial: trial) { count in
            let headers = await payee.wallet.headers(count, lanes: lanes)
            let taker = try PromptTaker(payee, headers: headers, areRead: areRead, loop: loop)
            return { try await Measurement.ofThisProcess(taker.count) { try await taker.takeAll() } }
        }
    }

    private static func entrant(_ store: String, _ form: VoucherTaker.Form, _ payee: Payee) -> Entrant {
        Entrant("\(store), \(form)", against: [.init(name: "C, verify")], trial: channelCount * 4) { count in
            let taker = try VoucherTaker(form, payee, headers: await payee.wallet.headers(count, lanes: lanes))
            return { try await Measurement.ofThisProcess(taker.count) { try await taker.takeAll() } }
        }
    }
}
