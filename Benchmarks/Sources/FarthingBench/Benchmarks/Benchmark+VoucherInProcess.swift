// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingMemoryStore
import NIOPosix

extension Benchmark {
    static let voucherInProcess = Benchmark(
        name: "voucher-in-process",
        summary: """
            Vouchers admitted and charged by the desk, \(channelCount) channels, \(lanes) in flight. 'desk' gets the \
            payment decoded, 'header' its text, 'gate' the whole head of a request; 'prompt' is how a server takes them \
            from payers that it knows, on one thread.
            """
    ) { setting in
        let memory = try await Payee(store: MemoryStore(), channels: channelCount)
        let store = try DurableStore(folder: setting.folder)
        let durable = try await Payee(store: store.store, channels: channelCount)
        let bare = try BareSignatures()
        let entrants =
            [bare.verify]
            + VoucherTaker.Form.allCases.map { entrant("memory", $0, memory) }
            + VoucherTaker.Form.allCases.map { entrant("durable", $0, durable) }
            + [prompt("memory, prompt", memory), prompt("durable, prompt", durable)]
            + [try DiskSync(folder: setting.folder).entrant]
        var contest = Contest(entrants: entrants)
        contest.remarks = { _ in [store.remark()] }
        contest.finish = { await store.close() }
        return contest
    }

    static let channelCount = 256
    static let lanes = 64

    private static func prompt(_ name: String, _ payee: Payee) -> Entrant {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return Entrant(
            name, against: [.init(name: "C, verify", target: name.hasPrefix("durable") ? 0.92 : nil)],
            trial: channelCount * 4
        ) { count in
            let taker = try PromptTaker(payee, headers: await payee.wallet.headers(count, lanes: lanes), loop: loop)
            return { try await Measurement.ofThisProcess(taker.count) { try await taker.takeAll() } }
        }
    }

    private static func entrant(_ store: String, _ form: VoucherTaker.Form, _ payee: Payee) -> Entrant {
        Entrant(
            "\(store), \(form)", against: [.init(name: "C, verify", target: store == "durable" ? 0.92 : nil)],
            trial: channelCount * 4
        ) { count in
            let taker = try VoucherTaker(form, payee, headers: await payee.wallet.headers(count, lanes: lanes))
            return { try await Measurement.ofThisProcess(taker.count) { try await taker.takeAll() } }
        }
    }
}
