// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingEncodings
import Logging
import Metrics

struct FacilitatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "facilitator",
        abstract: "Settle x402 payments for others, on the embedded ledger or on a chain.",
        discussion: """
            Serves GET /supported, POST /verify and POST /settle for the schemes batch-settlement and exact. Every \
            setting is a flag, a variable in the environment or a member of the JSON file, as with serve.
            """)

    @Option(name: .long, help: "HOST:PORT to listen on; port 0 takes any free one. (default: 127.0.0.1:4021)")
    var listen: String?
    @Option(name: .long, help: "The file of the embedded ledger; made when it is not there.")
    var ledger: String?
    @Option(name: .long, help: "Where the money is: 'ledger', which is simulated, or 'evm'. (default: ledger)")
    var settlement: String?
    @OptionGroup var chain: ChainOptions
    @Option(
        name: .long,
        help:
            "CAIP-2 name of the chain under which to settle. (default: that of the file of contracts, else eip155:84532)"
    )
    var network: String?
    @Option(name: .long, help: "The token's address. (default: the network's USDC, where that is known)")
    var asset: String?
    @Option(name: .long, help: "The token's EIP-712 name, if it is not a known one.")
    var assetName: String?
    @Option(name: .long, help: "The token's EIP-712 version, if it is not a known one.")
    var assetVersion: String?
    @Option(name: .long, help: "The file of a key that signs for payees who have none; made when it is not there.")
    var authorizerKey: String?
    @Option(
        name: .long,
        help: "A JSON file, mode 0600, with a secret for each receiver for whom that key signs refunds, too.")
    var payeeSecrets: String?
    @Option(name: .long, help: "Settlements a minute for one account. (default: 30)")
    var accountPerMinute: String?
    @Option(name: .long, help: "Settlements a day for one account. (default: 2000)")
    var accountPerDay: String?
    @Option(name: .long, help: "Settlements a minute in all. (default: 600)")
    var totalPerMinute: String?
    @Option(name: .long, help: "Settlements a day in all. (default: 100000)")
    var totalPerDay: String?
    @Option(name: .long, help: "Gwei a day that gas may cost for one account. (default: 100000000)")
    var accountGweiPerDay: String?
    @Option(name: .long, help: "Gwei a day that gas may cost in all. (default: 1000000000)")
    var totalGweiPerDay: String?
    @Option(name: .long, help: "true or false: whether to serve /metrics. (default: true)")
    var metrics: String?
    @Option(name: .long, help: "A JSON file with settings.")
    var config: String?

    @OptionGroup var logs: LogOptions
    @OptionGroup var output: OutputOptions

    private var flags: [Setting: [String]] {
        logs.flags.adding([
            .listen: listen, .ledger: ledger, .settlement: settlement, .network: network, .asset: asset,
            .assetName: assetName,
            .assetVersion: assetVersion, .authorizerKey: authorizerKey, .payeeSecrets: payeeSecrets,
            .accountPerMinute: accountPerMinute,
            .accountPerDay: accountPerDay, .totalPerMinute: totalPerMinute, .totalPerDay: totalPerDay,
            .accountGweiPerDay: accountGweiPerDay, .totalGweiPerDay: totalGweiPerDay,
            .metrics: metrics,
        ]).merging(chain.flags) { first, _ in first }
    }

    func run() async throws {
        let source = try await ConfigurationSource(flags: flags, file: config)
        let settings = try source.facilitatorConfiguration()
        let logger = try LogOptions.logger(source)
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        let asJSON = output.json
        let server = try await FacilitatorServer(
            settings, logger: logger, metrics: { metrics.text() },
            onListening: { endpoint in Self.announce(endpoint, settings, asJSON: asJSON) })
        try await Serving.run(server, logger: logger)
    }

    private static func announce(
        _ endpoint: NodeConfiguration.Endpoint, _ settings: FacilitatorConfiguration, asJSON: Bool
    ) {
        if asJSON {
            Console.out(
                JSON.object([
                    "listening": .string("http://\(endpoint)"), "network": .string("\(settings.network)"),
                    "ledger": settings.chain == nil ? .string(settings.ledgerPath) : .null,
                    "simulated": .bool(settings.chain == nil),
                ]).text)
            return
        }
        Console.out("Facilitating on http://\(endpoint) under \(settings.network)")
        guard settings.chain == nil else { return Console.out("Channels are settled on the chain") }
        Console.out("Simulated money: channels are settled on the ledger in \(settings.ledgerPath), on no chain")
    }
}
