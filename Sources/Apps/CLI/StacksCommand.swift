// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingEncodings
import FarthingStacks
import FarthingStacksSimnet

struct StacksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stacks", abstract: "Work with the Stacks chain.", subcommands: [Simnet.self])

    struct Simnet: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run a simulated Stacks node until it is interrupted.",
            discussion: """
                It serves a node's routes over a chain in memory. Time passes when asked for: POST \
                {"burn_blocks": 144} to /simnet/advance. The keys of its accounts are known to everybody.
                """)
        @Option(name: .long, help: "Where to listen.")
        var host = "127.0.0.1"
        @Option(name: .long, help: "The port; 0 takes any free one.")
        var port = 20_443
        @Option(name: .long, help: "How many accounts are funded, 0 through 1000.")
        var accounts = 3
        @Option(name: .long, help: "What each has, in micro-STX.")
        var balance: UInt64 = 100_000_000_000
        @Option(name: .long, help: "Milliseconds between blocks; 0 makes one for each transaction.")
        var blockTime = 0
        @Flag(name: .long, help: "Make blocks only when asked for: POST to /simnet/mine.")
        var manual = false
        @Option(name: .long, help: "A URL that is told of each block; may be given several times.")
        var observer: [String] = []
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard 0...65_535 ~= port else { throw ValidationError("--port must be 0 through 65535.") }
            guard 0...1_000 ~= accounts else { throw ValidationError("--accounts must be 0 through 1000.") }
            guard 0...3_600_000 ~= blockTime else { throw ValidationError("--block-time must be 0 through 3600000.") }
        }

        func run() async throws {
            let funded = DevelopmentAccount.make(accounts)
            let interval: SimnetNode.Mining = blockTime > 0 ? .interval(.milliseconds(blockTime)) : .immediate
            let funds = funded.map { (owner: Principal.standard($0.account), microSTX: UInt128(balance)) }
            let node = try await SimnetNode.start(
                SimnetNode.Configuration(
                    host: host, port: port, mining: manual ? .manual : interval, funds: funds, observers: observer))
            if output.json {
                Console.out(
                    JSON.object([
                        "simulated": true, "url": .string(node.url),
                        "accounts": .array(
                            funded.map { ["address": .string($0.account.address), "key": .string($0.keyText)] }),
                    ]).text)
            } else {
                Console.out("Listening on \(node.url) (simulated)")
                Console.table(["address", "key"], funded.map { [$0.account.address, $0.keyText] })
            }
            try await node.waitUntilStopped()
        }
    }
}
