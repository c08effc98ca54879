// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingMemoryStore
import Foundation
import NIOPosix

/// Makes many payments and takes some of them, so that the difference between two runs is what taking them costs.
struct TakeBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "take-bench", abstract: "Take payments while another program counts.", shouldDisplay: false)

    /// How many payments of a scheme are made, and how many of each lane are taken.
    struct Payments: Sendable {
        let made, each: Int
        /// Whether they are read before.
        let areRead: Bool
    }

    enum Form: String, CaseIterable, ExpressibleByArgument { case desk, header, gate, text, voucher }

    @Option(
        help:
            "How far it is decoded when it is taken: desk, header, gate; text and voucher take it as a server does."
    )
    var form = Form.voucher
    @Option(
        help: "What is paid with; all but vouchers are taken as text, or as they are when they were read.",
        transform: PaymentScheme.init(argument:))
    var scheme = PaymentScheme.voucher
    @Option(help: "How many to sign.")
    var signed: Int
    @Option(help: "How many of them to take.")
    var take: Int
    @Option(help: "The folder for the store; without one it is in memory.")
    var folder: String?
    @Option(help: "A pipe to which it is told that the taking begins, as perf wants it told.")
    var control: String?
    @Option(help: "The pipe from which the answer to that comes.")
    var answer: String?

    func validate() throws {
        guard take <= signed, take >= Benchmark.lanes else {
            throw ValidationError("--take must be \(Benchmark.lanes) to --signed.")
        }
        guard scheme == .voucher || folder != nil && [.text, .voucher].contains(form) else {
            throw ValidationError("Schemes beside vouchers need a --folder, and --form text or voucher.")
        }
    }

    func run() async throws {
        if let folder, let other = BenchScheme.all.first(where: { $0.scheme == scheme }) {
            let payments = Payments(made: signed, each: take / Benchmark.lanes, areRead: form == .voucher)
            return print("\(try await other.take(payments, folder, tellBegin)) taken")
        }
        let durable = try folder.map { try DurableStore(folder: $0) }
        let payee = try await Payee(store: durable?.store ?? MemoryStore(), channels: Benchmark.lanes)
        let headers = await payee.wallet.headers(signed, lanes: Benchmark.lanes)
        try await takeSome(of: headers, payee)
        await durable?.close()
    }

    private func takeSome(of headers: [[String]], _ payee: Payee) async throws {
        let each = take / Benchmark.lanes
        let count: Int
        if let form = VoucherTaker.Form(rawValue: form.rawValue) {
            let taker = try VoucherTaker(form, payee, headers: headers.map { Array($0.prefix(each)) })
            try tellBegin()
            try await taker.takeAll()
            count = taker.count
        } else {
            let taker = try PromptTaker(
                payee, headers: headers, each: each, areRead: form == .voucher,
                loop: MultiThreadedEventLoopGroup.singleton.next())
            try tellBegin()
            try await taker.takeAll()
            count = taker.count
        }
        print("\(count) taken")
    }

    private func tellBegin() throws {
        guard let control, let answer else { return }
        try FileHandle(forWritingTo: URL(fileURLWithPath: control)).write(contentsOf: Data("enable\n".utf8))
        _ = try FileHandle(forReadingFrom: URL(fileURLWithPath: answer)).read(upToCount: 4)
    }
}
