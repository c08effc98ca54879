// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingWallet
import Foundation

struct WalletWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Look after channels that are ending.",
        discussion: """
            A payee may try to end a two-way channel with an old state: this answers with the newest one that both signed. \
            Withdrawals that were begun are finished when they are due. It looks again and again until Ctrl-C, or once \
            with --once; then the exit code is 1 when a channel could not be looked after. Needs a settlement that can be \
            written to: --ledger, or --rpc with some of the chain's coin in the wallet's account.
            """)
    @Option(name: .long, help: ArgumentHelp("How long to wait between two looks.", valueName: "seconds"))
    var interval = 60
    @Flag(name: .long, help: "Look once.")
    var once = false
    @OptionGroup var signing: SigningOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...86_400).contains(interval) else { throw ValidationError("--interval takes 1 to 86400 seconds.") }
    }

    func run() async throws {
        let wallet = try signing.open()
        let names = TokenNames(try signing.views.open())
        let (result, wasInterrupted) = await Interruption.watching {
            while true {
                let watched = try await wallet.watch()
                for channel in watched { await tell(channel, names) }
                if once { return watched.allSatisfy(\.isWell) }
                try await Task.sleep(for: .seconds(interval))
            }
        }
        // Whoever stops a watch has no need to be told that it stopped.
        if wasInterrupted, case .failure(is CancellationError) = result { return }
        if try !result.get() { throw ExitCode(1) }
    }

    /// One line a channel, in JSON too: this goes on.
    private func tell(_ watched: Wallet.Watched, _ names: TokenNames) async {
        let channel = watched.channel
        switch watched.result {
        case .success(let step):
            let text = await names.text(step.amount, channel.asset, on: channel.network)
            if output.json { return Console.out(step.json(of: channel.id).text) }
            let end = step.due.map { ", due at \($0.text)" }
            Console.out("\(channel.id): \(step.name), \(text)\(end ?? "")")
        case .failure(let error):
            let explained = error as? any ExplainedError
            if output.json {
                return Console.out(
                    JSON.object([
                        "channel": .string("\(channel.id)"), "code": .string(explained?.code ?? "unexpected"),
                    ]).text)
            }
            Console.error("\(channel.id): \(explained?.message ?? "\(error)")")
        }
    }
}

extension Wallet.Watched {
    fileprivate var isWell: Bool { if case .success = result { true } else { false } }
}

extension Wallet.WithdrawalStep {
    /// `nil` when the money is there.
    var due: Instant? {
        switch self {
        case .started(_, let due), .waiting(_, let due): due
        case .paid: nil
        }
    }

    var amount: Amount {
        switch self {
        case .started(let amount, _), .waiting(let amount, _), .paid(let amount): amount
        }
    }

    var name: String {
        switch self {
        case .started: "started"
        case .waiting: "waiting"
        case .paid: "paid"
        }
    }

    func json(of channel: ChannelID) -> JSON {
        .object([
            "channel": .string("\(channel)"), "step": .string(name), "amount": .string("\(amount)"),
            "due": due.map { .integer($0.unixSeconds) },
        ])
    }
}
