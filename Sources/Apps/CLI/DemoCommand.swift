// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingPrimitives
import Foundation
import Logging

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Sell an API to a wallet, 1,000 requests in each way to pay, and account for every unit.",
        discussion: """
            All of it is real but the money, which is on an embedded ledger: servers, signatures, files. With --chain \
            evm the money is a token on a local Ethereum chain that is started for it (it needs Python, and a minute the \
            first time), and the table at the end says what each operation took of gas. With --chain stacks it is a \
            token on a Stacks chain inside this process, with real contracts, for vouchers, hash chains and two-way channels.
            """)

    @Option(name: .long, help: "How many paid requests to send, 1 to 1000000.")
    var requests = 1000

    @Option(name: .long, help: "Over how many channels to spread them, 1 to 256.")
    var channels = 8

    @Option(name: .long, help: "The way to pay that is shown. (default: all)")
    var scheme: String?

    @Option(
        name: .long,
        help: "'evm' or 'stacks' for a local chain with real contracts. (default: an embedded ledger)")
    var chain: String?

    @Option(name: .long, help: "The folder for the store; an earlier demo's files in it are replaced.")
    var folder = "farthing-demo"

    @OptionGroup var output: OutputOptions
    @OptionGroup var logs: LogOptions

    func validate() throws {
        guard (1...1_000_000).contains(requests) else { throw ValidationError("--requests goes from 1 to 1000000.") }
        guard (1...256).contains(channels) else { throw ValidationError("--channels goes from 1 to 256.") }
        let place = chain.flatMap(Demo.Chain.init)
        guard chain == nil || place != nil else { throw ValidationError("--chain takes 'evm' or 'stacks'.") }
        let shown = (place?.schemes ?? Demo.Options.shown).map(\.rawValue)
        guard scheme.map(shown.contains) ?? true else {
            let names = shown.joined(separator: ", ")
            throw ValidationError("--scheme takes one of \(names).")
        }
    }

    func run() async throws {
        let flags = logs.flags.merging([.logLevel: ["warning"]]) { given, _ in given }
        let logger = try LogOptions.logger(try await ConfigurationSource(flags: flags, file: nil))
        var options = Demo.Options(folder: folder)
        options.requests = requests
        options.channels = channels
        options.chain = chain.flatMap(Demo.Chain.init)
        if let chain = options.chain { options.schemes = chain.schemes }
        if let scheme = scheme.flatMap(PaymentScheme.init) { options.schemes = [scheme] }
        let talks = !output.json
        let demo = Demo(options, logger: logger) { if talks { Self.tell($0) } }
        let report = try await demo.run()
        if output.json { Console.json(report.json) } else { Self.show(report) }
        if !report.isConserved { throw ExitCode(1) }
    }

    private static func tell(_ progress: Demo.Progress) {
        switch progress {
        case .chainStarting(.evm): Console.out("chain      a local EVM chain, and our contracts on it")
        case .chainStarting(.stacks): Console.out("chain      a simulated Stacks chain, and our contracts on it")
        case .upstreamRunning(let address): Console.out("upstream   an API that knows nothing of payments, \(address)")
        case .gateRunning(let address): Console.out("gate       sells it for 0.001 USDC a request, \(address)")
        case .firstAnswer(let time): Console.out("wallet     first paid answer after \(milliseconds(time)) ms")
        case .paying(let scheme): Console.out("\(scheme.rawValue)")
        case .paid(let done, let total):
            if done % 25 == 0 || done == total {
                Console.progress("           \(done)/\(total) paid", isLast: done == total)
            }
        case .givenBack(let done, let total):
            Console.progress("           \(done)/\(total) channels closed", isLast: done == total)
        case .leaping(let days):
            Console.out(
                "\(days) days  later, by the demo's own clock: payers take back what no payee could give back\n")
        case .leaving: Console.out("closing    claim, settle, and refund of the rest\n")
        }
    }

    private static func show(_ report: DemoReport) {
        func tokens(_ amount: Amount) -> String { amount.text(decimals: report.token.decimals) }
        Console.table(
            [
                "scheme", "requests", "payments/s", "p50 ms", "p99 ms", "deposited", "authorised", "charged",
                "captured",
                "refunded",
            ],
            report.rows.map { row in
                [
                    row.scheme, "\(row.requests)", "\(Int(row.perSecond))", milliseconds(row.percentile(0.5)),
                    milliseconds(row.percentile(0.99)), tokens(row.deposited), tokens(row.authorised),
                    tokens(row.charged), tokens(row.captured), tokens(row.refunded),
                ]
            }, right: Set(1...9))
        Console.out("")
        let rows = zip(report.balances.before, report.balances.after).map { before, after in
            [before.who, tokens(before.amount), tokens(after.amount)]
        }
        Console.table(["\(report.token.symbol) of", "before", "after"], rows, right: [1, 2])
        Console.out("")
        if !report.audit.gas.isEmpty {
            Console.table(
                ["contract of", "operation", "calls", "gas each"],
                report.audit.gas.map { [$0.scheme, $0.operation, "\($0.calls)", "\($0.each)"] }, right: [2, 3])
            Console.out("")
        }
        if report.isConserved {
            let isOnStacks = report.network.stacksChainID != nil
            let place = report.isSimulated ? "ledger events" : isOnStacks ? "blocks" : "events of the chain"
            Console.out("conserved: a recount of \(report.ledgerEvents) \(place) finds every unit; nothing was lost")
        } else {
            for fault in report.faults { Console.out("NOT CONSERVED: \(fault)") }
        }
        guard report.isSimulated else {
            return Console.out(
                "the chain was a local one, \(report.network), and is gone; the store is \(report.storePath)")
        }
        Console.out("simulated: the money is on a ledger of its own, not on \(report.network)")
        Console.out("look at it: farthing channels list --store \(report.storePath)")
    }

    private static func milliseconds(_ duration: Duration) -> String {
        let hundredths = Int((duration / .microseconds(10)).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
}
