// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402
import FarthingNode
public import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import FarthingX402
import Foundation
public import Logging
import ServiceLifecycle

/// The main job from end to end: an upstream with real content, the gate before it, and a wallet that pays for
/// every request over real HTTP; then claim, settle and refund, and a recount of every unit.
public struct Demo: Sendable {
    /// A chain on which a demo can be.
    public enum Chain: String, Sendable, CaseIterable {
        case evm
        case stacks

        /// The ways to pay that there are contracts for.
        public var schemes: [PaymentScheme] { self == .evm ? Options.shown : [.voucher, .hashChain, .twoWay] }
    }

    public struct Options: Sendable {
        public var requests = 1000
        /// How many channels the wallet spreads its requests over.
        public var channels = 8
        public var price = Amount(units: 1000)
        /// The ways to pay that are shown, one after the other.
        ///
        /// - Range: ``shown``.
        public var schemes = Self.shown
        /// The ways to pay that the demo's wallet has.
        public static let shown = PaymentScheme.allCases.filter { PaymentSchemeName.wire(of: $0.rawValue) != nil }
        /// The folder for the store and its ledger.
        ///
        /// Those of an earlier demo in it are replaced.
        public var folder: String
        /// The local chain that is started for it; `nil` for an embedded ledger.
        public var chain: Chain?
        public init(folder: String) { self.folder = folder }
    }

    /// How far the demo is.
    public enum Progress: Hashable, Sendable {
        /// Contracts are being made on a local chain.
        case chainStarting(Chain)
        case upstreamRunning(String)
        case gateRunning(String)
        case firstAnswer(Duration)
        case paying(PaymentScheme)
        case paid(Int, of: Int)
        case leaving
        /// So many channels have given back what was left, each by a transaction or two on a chain.
        case givenBack(Int, of: Int)
        /// So many days pass, until what nobody can give back before has run out.
        case leaping(days: Int64)
    }

    private let options: Options
    private let clock = DemoClock()
    private let logger: Logger
    private let report: @Sendable (Progress) -> Void

    public init(_ options: Options, logger: Logger, progress: @escaping @Sendable (Progress) -> Void) {
        self.options = options
        self.logger = logger
        report = progress
    }

    public func run() async throws -> DemoReport {
        let folder = try DemoFolder(claiming: options.folder)
        if let chain = options.chain { report(.chainStarting(chain)) }
        let stage: any DemoStage =
            switch options.chain {
            case .evm: try await ChainStage.open()
            case .stacks: try await StacksStage.open(clock: { [clock] in clock.now })
            case nil: LedgerStage()
            }
        do {
            let result = try await run(on: stage, in: folder)
            await stage.end()
            return result
        } catch {
            await stage.end()
            throw error
        }
    }

    private func run(on stage: any DemoStage, in folder: DemoFolder) async throws -> DemoReport {
        let upstream = DemoUpstream(logger: logger)
        return try await Self.whileRunning([upstream], logger: logger) {
            let address = try await upstream.address.value
            report(.upstreamRunning(address))
            var configuration = try configuration(upstream: address, store: folder.store)
            stage.configure(&configuration)
            let node = try await PaymentNode.open(configuration, logger: logger, clock: { [clock] in clock.now })
            do {
                try await stage.prepare(node)
                let result = try await run(node, on: stage, in: folder)
                await node.close()
                return result
            } catch {
                await node.close()
                throw error
            }
        }
    }

    private func run(
        _ node: PaymentNode, on stage: any DemoStage, in folder: DemoFolder
    ) async throws -> DemoReport {
        let payers = try options.schemes.map { scheme in
            try DemoPayer(
                scheme: scheme, journal: folder.journal(scheme), options: options, token: node.configuration.token,
                view: try stage.view(of: node),
                clock: { [clock] in clock.now }, logger: logger)
        }
        do {
            let report = try await serve(node, payers, on: stage)
            for payer in payers { try await payer.shutdown() }
            return report
        } catch {
            for payer in payers { try? await payer.shutdown() }
            throw error
        }
    }

    private func serve(
        _ node: PaymentNode, _ payers: [DemoPayer], on stage: any DemoStage
    ) async throws -> DemoReport {
        // More than the requests can cost, so that a rest goes back: tickets may win more than they are worth.
        let total = options.price.multiplied(by: UInt128(options.requests) * 4 + 4000) ?? .max
        for payer in payers { try await stage.mint(total, to: payer.address, at: node) }
        let before = try await Self.holdings(node, payers, stage)
        let start = ContinuousClock.now
        let (addresses, told) = AsyncStream.makeStream(of: String.self)
        let server = NodeServer(node: node, metrics: nil) { endpoint in
            told.yield("http://\(endpoint)")
            told.finish()
        }
        return try await Self.whileRunning([server], logger: logger) {
            var iterator = addresses.makeAsyncIterator()
            guard let gate = await iterator.next() else { throw CancellationError() }
            report(.gateRunning(gate))
            var rows: [DemoReport.Row] = []
            for payer in payers {
                report(.paying(payer.scheme))
                rows.append(try await pay(node, payer, at: gate, isFirst: rows.isEmpty, since: start))
            }
            try await reclaim(payers, on: stage, into: &rows)
            return DemoReport(
                storePath: node.configuration.storePath, ledgerPath: node.configuration.ledgerPath,
                token: node.configuration.token, network: node.configuration.network, rows: rows,
                balances: DemoReport.Balances(
                    before: before, after: try await Self.holdings(node, payers, stage)),
                isSimulated: node.configuration.isSimulated, audit: try await stage.audit(node))
        }
    }

    private func pay(
        _ node: PaymentNode, _ payer: DemoPayer, at gate: String, isFirst: Bool, since start: ContinuousClock.Instant
    ) async throws -> DemoReport.Row {
        let began = ContinuousClock.now
        let before = try await Self.balance(of: payer, node)
        let times = try await payer.spend(options.requests, at: gate) { done in
            if done == 1, isFirst { report(.firstAnswer(ContinuousClock.now - start)) }
            report(.paid(done, of: options.requests))
        }
        let elapsed = ContinuousClock.now - began
        let deposited = before.clampedSubtracting(try await Self.balance(of: payer, node))
        let sums = try await Self.sums(node, payer.scheme)
        report(.leaving)
        _ = try await node.collect()
        _ = await node.redeemAll()
        let refunded = try await payer.refundAll { givenBack($0, of: $1) }
        return DemoReport.Row(
            scheme: payer.scheme.rawValue, requests: options.requests, channels: sums.channels, elapsed: elapsed,
            times: times, deposited: deposited, authorised: sums.authorised, charged: sums.charged,
            captured: try await Self.sums(node, payer.scheme).captured, refunded: refunded,
            isByLuck: payer.scheme == .lottery)
    }

    /// On the embedded ledger it is done before anybody asks.
    private func givenBack(_ done: Int, of count: Int) {
        if options.chain != nil { report(.givenBack(done, of: count)) }
    }

    /// Has the payers take back what no payee gives back before it has run out.
    private func reclaim(
        _ payers: [DemoPayer], on stage: any DemoStage, into rows: inout [DemoReport.Row]
    ) async throws {
        guard rows.contains(where: { $0.rest > .zero }) else { return }
        report(.leaping(days: Self.leap))
        clock.leap(seconds: Self.leap * 86_400)
        try await stage.leap(seconds: Self.leap * 86_400)
        for index in rows.indices where rows[index].rest > .zero {
            let reclaimed = try await payers[index].reclaimAll { givenBack($0, of: $1) }
            rows[index].refunded = rows[index].refunded.adding(reclaimed) ?? .max
        }
    }

    /// Longer than a wallet's channels last.
    ///
    /// - Unit: days.
    private static let leap: Int64 = 8

    private static func balance(of payer: DemoPayer, _ node: PaymentNode) async throws -> Amount {
        try await node.settlement.balance(of: payer.address, token: node.configuration.token.address)
    }

    private func configuration(upstream: String, store: String) throws -> NodeConfiguration {
        // A demo starts with empty books. The lock keeps this from hitting a store that is in use.
        try StoreFiles.remove(store)
        let network = KnownTokens.defaultNetwork
        guard let token = KnownTokens.token(KnownTokens.defaultAddress, on: network),
            let path = PathPattern("/weather/*")
        else { throw ConfigurationError.missing(key: "asset") }
        var configuration = NodeConfiguration(
            upstream: upstream,
            prices: PriceList([
                PriceList.Route(
                    pattern: path, price: .upTo(options.price), description: "The weather in a city",
                    mimeType: "application/json"),
                PriceList.Route(pattern: .all, price: .free),
            ]), network: network, token: token, payTo: PrivateKey.random().address, storePath: store)
        configuration.listen = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 0)
        configuration.claimInterval = .seconds(3600)
        configuration.schemes = options.schemes
        // Its one payer opens a channel as often as one is used up.
        configuration.policy.prepaidDepositsPerHour = max(options.requests, 1)
        return configuration
    }

    // MARK: - Counting

    private static func holdings(
        _ node: PaymentNode, _ payers: [DemoPayer], _ stage: any DemoStage
    ) async throws -> [DemoReport.Holding] {
        let token = node.configuration.token.address
        func balance(_ accounts: [Address]) async throws -> Amount {
            var sum = Amount.zero
            for account in accounts {
                sum = sum.adding(try await node.settlement.balance(of: account, token: token)) ?? .max
            }
            return sum
        }
        return [
            DemoReport.Holding(who: "payers", amount: try await balance(payers.map(\.address))),
            DemoReport.Holding(
                who: "payee", amount: try await balance([node.configuration.payTo, node.books.authorizer])),
            DemoReport.Holding(who: "channels", amount: try await balance(stage.contracts(of: node))),
        ]
    }

    private static func sums(_ node: PaymentNode, _ scheme: PaymentScheme) async throws -> PrepaidOffice.Sums {
        if let office = node.offices.first(where: { $0.scheme == scheme }) { return try await office.sums() }
        let states = try await node.books.engine.channels(after: nil, limit: 10_000).map(\.state)
        return PrepaidOffice.Sums(
            channels: states.count, authorised: sum(states.map(\.authorised)), charged: sum(states.map(\.charged)),
            captured: sum(states.map(\.ledger.totalClaimed)))
    }

    private static func sum(_ amounts: [Amount]) -> Amount { amounts.reduce(.zero) { $0.adding($1) ?? .max } }

    /// Runs services around some work, and stops them in good order when the work is done.
    static func whileRunning<Result: Sendable>(
        _ services: [any Service], logger: Logger, _ work: () async throws -> Result
    ) async throws -> Result {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: quiet))
        async let running: Void = group.run()
        do {
            let result = try await work()
            await group.triggerGracefulShutdown()
            try await running
            return result
        } catch {
            await group.triggerGracefulShutdown()
            try? await running
            throw error
        }
    }
}
