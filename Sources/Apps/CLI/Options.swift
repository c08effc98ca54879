// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import Foundation
import Logging

struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print one JSON object instead of text.")
    var json = false
}

struct LogOptions: ParsableArguments {
    @Option(name: .long, help: "trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?

    @Option(name: .long, help: "text or json; logs go to standard error. (default: text)")
    var logFormat: String?

    var flags: [Setting: [String]] {
        [.logLevel: logLevel, .logFormat: logFormat].compactMapValues { $0.map { [$0] } }
    }

    static func logger(_ source: ConfigurationSource) throws -> Logger {
        let level = source.text(.logLevel) ?? "info"
        guard let level = Logger.Level(rawValue: level) else {
            throw ConfigurationError.bad(
                key: "logLevel", value: level,
                why: "it must be one of trace, debug, info, notice, warning, error, critical")
        }
        let format = source.text(.logFormat) ?? "text"
        guard format == "text" || format == "json" else {
            throw ConfigurationError.bad(key: "logFormat", value: format, why: "it must be text or json")
        }
        LoggingSystem.bootstrap { label in
            if format == "json" { return JSONLogHandler(label: label) }
            return StreamLogHandler.standardError(label: label)
        }
        var logger = Logger(label: "farthing")
        logger.logLevel = level
        return logger
    }
}

/// Which chain a command works on.
struct ChainOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "On a chain: the URL of its JSON-RPC endpoint; several with commas, of which more than half must agree.")
    var rpc: String?
    @Option(name: .long, help: "How many endpoints must say the same of money. (default: more than half)")
    var rpcQuorum: String?
    @Option(
        name: .long,
        help:
            """
            A file of 'farthing contracts deploy' (default: x402's contracts, the same everywhere); on Stacks a file of \
            'farthing stacks deploy', which is required.
            """
    )
    var contracts: String?
    @Option(
        name: .long,
        help:
            """
            How many blocks must hold a transaction before it counts, 1 to 1000 (default: 2); on Stacks blocks of \
            Bitcoin, 0 to 1000 (default: 0).
            """
    )
    var confirmations: String?
    @Option(name: .long, help: "The most that gas may cost, in gwei; above it nothing is sent. (default: 500)")
    var highestGasPrice: String?
    @Option(
        name: .long, help: "Milliseconds between two looks at the chain, 10 to 60000. (default: 2000; on Stacks 5000)")
    var chainPoll: String?
    @Option(
        name: .long, help: "Seconds after which a transaction is sent again for a higher fee, 1 to 86400. (default: 45)"
    )
    var chainPatience: String?
    @Option(name: .long, help: "Seconds after which a transaction is waited for no more, 1 to 604800. (default: 600)")
    var chainGiveUp: String?
    @Option(
        name: .long, help: "The block at which to begin to look for events. (default: the newest when the store is new)"
    )
    var firstBlock: String?

    var flags: [Setting: [String]] {
        [
            .rpc: rpc, .rpcQuorum: rpcQuorum, .contracts: contracts, .confirmations: confirmations,
            .highestGasPrice: highestGasPrice, .chainPoll: chainPoll, .chainPatience: chainPatience,
            .chainGiveUp: chainGiveUp, .firstBlock: firstBlock,
        ].compactMapValues { $0.map { [$0] } }
    }
}

/// Which store a command works on.
struct StoreOptions: ParsableArguments {
    @Option(name: .long, help: "The file in which channels are kept.")
    var store: String?

    @Option(name: .long, help: "The file of the embedded ledger; beside the store by default.")
    var ledger: String?

    @Option(name: .long, help: "The address of the x402 facilitator that settles, if it is not a ledger.")
    var facilitator: String?

    @Option(
        name: .long,
        help: """
            Where the money is: 'ledger', 'facilitator', 'evm' or 'stacks'. (default: ledger, or facilitator \
            where one is named)
            """
    )
    var settlement: String?

    @Option(name: .long, help: "The file of the key that signs claims. (default: STORE.authorizer.key)")
    var authorizerKey: String?

    @Option(name: .long, help: "CAIP-2 name of the chain. (default: as for 'farthing serve')")
    var network: String?

    @Option(name: .long, help: "The token's address. (default: the network's USDC, where that is known)")
    var asset: String?

    @OptionGroup var chain: ChainOptions

    @Option(name: .long, help: "A JSON file with settings.")
    var config: String?

    var flags: [Setting: [String]] {
        [
            .store: store, .ledger: ledger, .facilitator: facilitator, .settlement: settlement,
            .authorizerKey: authorizerKey, .network: network, .asset: asset,
        ].compactMapValues { $0.map { [$0] } }.merging(chain.flags) { first, _ in first }
    }

    /// Where the key lies that signs for a store.
    static func authorizerKeyPath(of store: String, _ source: ConfigurationSource) -> String {
        source.text(.authorizerKey) ?? NodeConfiguration.authorizerKeyPath(besides: store)
    }

    func paths() async throws -> (store: String, ledger: String, source: ConfigurationSource) {
        let source = try await ConfigurationSource(flags: flags, file: config)
        let paths = try source.paths()
        return (paths.store, paths.ledger, source)
    }

    /// Opens the ledger, which must be there.
    func ledgerOffice() async throws -> LedgerOffice {
        let path = try await ConfigurationSource(flags: flags, file: config).ledgerPath()
        do { return try LedgerOffice(path: path) } catch StoreError.missing(let path) {
            throw LedgerMissing(path: path)
        }
    }

    /// Opens the books for writing.
    func books() async throws -> Books {
        let (store, _, source) = try await paths()
        var logger = Logger(label: "farthing")
        logger.logLevel = .error
        return try await Books.open(
            storePath: store, place: source.place(),
            authorizerKeyPath: Self.authorizerKeyPath(of: store, source), createsStore: false, logger: logger)
    }

    func inspector() async throws -> StoreInspector {
        let (store, _, source) = try await paths()
        return try StoreInspector(storePath: store, place: source.place())
    }
}
