// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingLibP2P
import FarthingPrimitives
import Foundation
import Logging
import Metrics

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Stand before an HTTP API and ask for a payment per request.",
        discussion: """
            Every setting is a flag, a variable in the environment (--pay-to is FARTHING_PAY_TO) or a member of the \
            JSON file (payTo); the first that is set decides, in this order.

            A route is one line: [METHOD|METHOD] /PATH PRICE [DESCRIPTION]. PRICE is 'free', a whole number of atomic \
            units, or $ and a number of tokens. A stretch behind it (1000/10s, 50/64KiB) sells a metered stream: so much \
            for each such stretch, while payments come. In a path, * is one segment, and ** at its end everything below. The \
            first route that matches decides; --price is for what no route names.
            """)

    @Option(name: .long, help: "HOST:PORT to listen on; port 0 takes any free one. (default: 127.0.0.1:4020)")
    var listen: String?
    @Option(
        name: .long,
        help: "Sell to libp2p peers too: where to listen, such as /ip4/0.0.0.0/tcp/4001; several with commas between.")
    var libp2p: String?
    @Option(name: .long, help: "The file of the node's key among peers. (default: STORE.libp2p.key)")
    var libp2pKey: String?
    @Option(
        name: .long,
        help: "Sell over GUN too: the relays, such as ws://192.0.2.7:8765/gun; several with commas between.")
    var gun: String?
    @Option(name: .long, help: "The file of the key from which the node's keys in GUN follow. (default: STORE.gun.key)")
    var gunKey: String?
    @Option(
        name: .long, help: "true or false: whether to tell the local network of it by multicast DNS. (default: true)")
    var mdns: String?
    @Option(name: .long, help: "The address of the API, such as http://127.0.0.1:3000.")
    var upstream: String?
    @Option(name: .long, help: "What every request costs: atomic units, or $ and a number of tokens.")
    var price: String?
    @Option(name: .customLong("route"), help: "One route; may be given many times.")
    var routes: [String] = []
    @Option(
        name: .long,
        help:
            "CAIP-2 name of the chain under which to answer. (default: that of the file of contracts, else eip155:84532)"
    )
    var network: String?
    @Option(name: .long, help: "The token's address. (default: the network's USDC, where that is known)")
    var asset: String?
    @Option(name: .long, help: "The token's EIP-712 name. (default: the known token's, else USDC)")
    var assetName: String?
    @Option(name: .long, help: "The token's EIP-712 version. (default: the known token's, else 2)")
    var assetVersion: String?
    @Option(name: .long, help: "What people call the token. (default: the known token's symbol, else USDC)")
    var assetSymbol: String?
    @Option(name: .long, help: "How many decimal places the token has, 0 to 38. (default: the known token's, else 6)")
    var assetDecimals: String?
    @Option(
        name: .long,
        help: """
            How deposits of vouchers are taken: 'eip3009', or on a chain 'permit2', which payers must have approved. \
            (default: eip3009)
            """)
    var assetTransferMethod: String?
    @Option(name: .long, help: "The address that earns.")
    var payTo: String?
    @Option(
        name: .long,
        help: """
            The ways to pay, with commas between them: voucher, hash-chain, merkle-token, two-way, lottery. Payers \
            that know no better take the first. (default: voucher)
            """)
    var schemes: String?
    @Option(name: .long, help: "The file in which channels are kept.")
    var store: String?
    @Option(name: .long, help: "The file of the embedded ledger. (default: STORE.ledger)")
    var ledger: String?
    @Option(name: .long, help: "The address of an x402 facilitator that settles on a chain, instead of a ledger.")
    var facilitator: String?
    @Option(
        name: .long,
        help: """
            Where the money is: 'ledger', which is simulated, 'facilitator', 'evm' or 'stacks'. (default: \
            ledger, or facilitator where one is named)
            """
    )
    var settlement: String?
    @OptionGroup var chain: ChainOptions
    @Option(
        name: .long,
        help: "With 'stacks': where the chain's node may post its blocks (event observer), such as 127.0.0.1:3700.")
    var observer: String?
    @Option(name: .long, help: "The file of the key that signs claims and refunds. (default: STORE.authorizer.key)")
    var authorizerKey: String?
    @Option(name: .long, help: "Seconds a payer waits for a withdrawal, 900 to 2592000. (default: 900)")
    var withdrawDelay: String?
    @Option(name: .long, help: "The least deposit to ask for; never below the price. (default: ten times the price)")
    var minDeposit: String?
    @Flag(name: .long, help: "Refuse smaller deposits.")
    var enforceMinDeposit = false
    @Option(name: .long, help: "Seconds from a payment to its answer, 5 to 600. (default: 60)")
    var timeout: String?
    @Option(name: .long, help: "Requests that a payer may sign ahead on one channel, 1 to 256. (default: 64)")
    var requestsAhead: String?
    @Option(name: .long, help: "How many payments may be under way at once, 1 to 1000000. (default: 16384)")
    var paymentsUnderWay: String?
    @Option(name: .long, help: "Seconds between two looks at what is due to be claimed, 1 to 86400. (default: 60)")
    var claimEvery: String?
    @Option(name: .long, help: "Claim what is older, in seconds, 0 to 2592000. (default: 0; 3600 with a rule below)")
    var claimAfter: String?
    @Option(name: .long, help: "Claim a channel once so much in it is unclaimed.")
    var claimAtValue: String?
    @Option(name: .long, help: "Claim all once so many channels have something unclaimed.")
    var claimAtChannels: String?
    @Option(
        name: .long, help: "On a chain, what a coin is worth in the token: claims wait until they are worth their gas.")
    var coinPrice: String?
    @Option(name: .long, help: "Percent of what a claim brings that its gas may cost, 1 to 100. (default: 100)")
    var claimFeeShare: String?
    @Option(name: .long, help: "The most that may be unclaimed in a channel. (default: no limit)")
    var maxUnclaimedPerChannel: String?
    @Option(name: .long, help: "The most that may be unclaimed in all. (default: no limit)")
    var maxUnclaimedInAll: String?
    @Option(
        name: .long,
        help: "How payers reach this server, such as https://api.example.com. (default: as the request says)")
    var publicUrl: String?
    @Flag(name: .long, help: "Refuse payments without a payment-identifier.")
    var requirePaymentIdentifier = false
    @Option(name: .long, help: "Seconds until the upstream must begin to answer, 1 to 600. (default: 30)")
    var upstreamTimeout: String?
    @Option(name: .long, help: "Seconds that the upstream may be silent in an answer, 1 to 3600. (default: 30)")
    var upstreamSilence: String?
    @Option(name: .long, help: "The longest request body in bytes. (default: 67108864)")
    var maxRequestBytes: String?
    @Option(name: .long, help: "Seconds that a metered stream waits for a payment, 1 to 600. (default: 20)")
    var streamPause: String?
    @Option(name: .long, help: "Seconds that a metered stream may last, 1 to 604800. (default: 3600)")
    var streamLongest: String?
    @Option(name: .long, help: "How many metered streams may be open at once. (default: 1024)")
    var streamsOpen: String?
    @Option(name: .long, help: "true or false: whether to serve /metrics. (default: true)")
    var metrics: String?
    @Option(name: .long, help: "A JSON file with settings.")
    var config: String?

    @OptionGroup var logs: LogOptions
    @OptionGroup var output: OutputOptions

    private var flags: [Setting: [String]] {
        var flags = logs.flags.adding([
            .listen: listen, .libp2p: libp2p, .libp2pKey: libp2pKey, .mdns: mdns, .gun: gun, .gunKey: gunKey,
            .upstream: upstream, .price: price,
            .network: network, .asset: asset,
            .assetName: assetName, .assetVersion: assetVersion, .assetSymbol: assetSymbol,
            .assetDecimals: assetDecimals, .assetTransferMethod: assetTransferMethod, .payTo: payTo,
            .schemes: schemes, .store: store,
            .ledger: ledger, .observer: observer,
            .facilitator: facilitator, .settlement: settlement,
            .authorizerKey: authorizerKey, .withdrawDelay: withdrawDelay, .minDeposit: minDeposit, .timeout: timeout,
            .requestsAhead: requestsAhead, .paymentsUnderWay: paymentsUnderWay,
            .claimEvery: claimEvery, .claimAfter: claimAfter, .claimAtValue: claimAtValue,
            .claimAtChannels: claimAtChannels, .coinPrice: coinPrice, .claimFeeShare: claimFeeShare,
            .maxUnclaimedPerChannel: maxUnclaimedPerChannel,
            .maxUnclaimedInAll: maxUnclaimedInAll, .publicUrl: publicUrl, .upstreamTimeout: upstreamTimeout,
            .upstreamSilence: upstreamSilence, .maxRequestBytes: maxRequestBytes, .streamPause: streamPause,
            .streamLongest: streamLongest,
            .streamsOpen: streamsOpen, .metrics: metrics,
            .enforceMinDeposit: enforceMinDeposit ? "true" : nil,
            .requirePaymentIdentifier: requirePaymentIdentifier ? "true" : nil,
        ])
        flags.merge(chain.flags) { first, _ in first }
        if !routes.isEmpty { flags[.routes] = routes }
        return flags
    }

    func run() async throws {
        let source = try await ConfigurationSource(flags: flags, file: config)
        let settings = try source.node()
        let logger = try LogOptions.logger(source)
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        let node = try await PaymentNode.open(settings, logger: logger)
        let asJSON = output.json
        // What cannot listen everywhere says only why: the lines wait for each other.
        let lines = Announcements(waitingFor: settings.peers == nil ? 1 : 2)
        let server = NodeServer(
            node: node, metrics: { metrics.text() },
            onListening: { endpoint in lines.add(at: 0) { Self.announce(endpoint, settings, asJSON: asJSON) } },
            onPeersListening: { addresses in
                lines.add(at: 1) { Self.announce(addresses.map(\.description), "peers", asJSON: asJSON) }
            },
            onGunListening: { addresses in Self.announce(addresses, "gun", asJSON: asJSON) })
        try await Serving.run(server, logger: logger) { await node.close() }
    }

    private static func announce(_ addresses: [String], _ road: String, asJSON: Bool) {
        if asJSON { return Console.out(JSON.object([road: .array(addresses.map { .string($0) })]).text) }
        for address in addresses { Console.out("Peers reach it at \(address)") }
    }

    private static func announce(
        _ endpoint: NodeConfiguration.Endpoint, _ settings: NodeConfiguration, asJSON: Bool
    ) {
        if asJSON {
            Console.out(
                JSON.object([
                    "listening": .string("http://\(endpoint)"), "upstream": .string(settings.shownUpstream),
                    "network": .string("\(settings.network)"),
                    "payTo": .string(settings.network.text(of: settings.payTo)),
                    "store": .string(settings.storePath), "settlement": .string(settings.settlementName),
                    "ledger": settings.isSimulated ? .string(settings.ledgerPath) : nil,
                    "facilitator": settings.shownFacilitator.map { .string($0) },
                    "simulated": .bool(settings.isSimulated),
                ]).text)
            return
        }
        Console.out("Listening on http://\(endpoint), before \(settings.shownUpstream)")
        Console.out(
            "Paid to \(settings.network.text(of: settings.payTo)) in \(settings.token.symbol) under \(settings.network)"
        )
        if let facilitator = settings.shownFacilitator {
            Console.out("Channels are settled by the facilitator at \(facilitator)")
            return
        }
        if let chain = settings.chain {
            let contract = chain.voucherContract.checksummed
            Console.out("Channels are settled on the chain, vouchers by \(contract)")
            return
        }
        if let stacks = settings.stacks {
            return Console.out("Channels are settled on the chain, vouchers by \(stacks.voucherContract)")
        }
        Console.out("Simulated money: channels are settled on the ledger in \(settings.ledgerPath), on no chain")
    }
}
