// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingEncodings
import FarthingStacks
import FarthingStacksSimnet
import Foundation
import Logging
import NIOCore
import ServiceLifecycle

struct StacksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stacks", abstract: "Work with the Stacks chain.",
        subcommands: [Simnet.self, StacksDeployCommand.self])

    struct Simnet: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run a simulated Stacks node until it is interrupted.",
            discussion: """
                It serves a node's routes over a chain in memory, which begins now, and forgets all when it stops. Time \
                passes when asked for: POST {"burn_blocks": 144} to /simnet/advance. The keys of its accounts are known \
                to everybody.
                """)
        @Option(name: .long, help: "HOST:PORT to listen on; port 0 takes any free one.")
        var listen = "127.0.0.1:20443"
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
        @OptionGroup var logs: LogOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard NodeConfiguration.Endpoint(listen) != nil else {
                throw ValidationError("--listen must be HOST:PORT.")
            }
            guard 0...1_000 ~= accounts else { throw ValidationError("--accounts must be 0 through 1000.") }
            guard 0...3_600_000 ~= blockTime else { throw ValidationError("--block-time must be 0 through 3600000.") }
        }

        func run() async throws {
            let source = try await ConfigurationSource(flags: logs.flags, file: nil)
            let logger = try LogOptions.logger(source)
            guard let endpoint = NodeConfiguration.Endpoint(listen) else { return }
            let funded = DevelopmentAccount.make(accounts)
            let interval: SimnetNode.Mining = blockTime > 0 ? .interval(.milliseconds(blockTime)) : .immediate
            var configuration = SimnetNode.Configuration(
                host: endpoint.host, port: endpoint.port, mining: manual ? .manual : interval,
                funds: funded.map { (owner: .standard($0.account), microSTX: UInt128(balance)) }, observers: observer)
            // Nodes and wallets reckon periods with the time of this machine, so the chain begins with it.
            configuration.begin(at: UInt64(max(0, Date().timeIntervalSince1970)))
            let service = SimnetService(configuration: configuration, accounts: funded, asJSON: output.json)
            try await Serving.run(service, logger: logger)
        }
    }
}

/// Runs a simulated node until the process is told to stop.
private struct SimnetService: Service, CustomStringConvertible {
    let configuration: SimnetNode.Configuration
    let accounts: [DevelopmentAccount]
    let asJSON: Bool

    var description: String { "Stacks simnet" }

    func run() async throws {
        let node = try await start()
        announce(node)
        try? await gracefulShutdown()
        await node.stop()
    }

    private func start() async throws -> SimnetNode {
        do { return try await SimnetNode.start(configuration) } catch let error as IOError {
            let endpoint = "\(NodeConfiguration.Endpoint(host: configuration.host, port: configuration.port))"
            throw error.errnoCode == EADDRINUSE
                ? ConfigurationError.portTaken(endpoint)
                : ConfigurationError.cannotListen(endpoint, why: error.description)
        }
    }

    private func announce(_ node: SimnetNode) {
        if asJSON {
            let list = accounts.map {
                JSON.object(["address": .string($0.account.address), "key": .string($0.keyText)])
            }
            return Console.out(
                JSON.object(["simulated": true, "url": .string(node.url), "accounts": .array(list)]).text)
        }
        Console.out("Listening on \(node.url) (simulated)")
        Console.table(["address", "key"], accounts.map { [$0.account.address, $0.keyText] })
    }
}
