// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingKeyFiles
import FarthingPrimitives
import FarthingWallet
import Foundation
import Logging

/// Which wallet a command works on.
struct WalletOptions: ParsableArguments {
    @Option(name: .long, help: "The wallet's folder. (default: $FARTHING_WALLET or ~/.farthing/wallet)")
    var wallet: String?

    var folder: WalletFolder {
        let home = FileManager.default.homeDirectoryForCurrentUser.path
        return WalletFolder(path: wallet ?? Self.environment("FARTHING_WALLET") ?? home + "/.farthing/wallet")
    }

    /// The wallet's account on a chain: on Stacks the key is needed for it, elsewhere the key file says it.
    func account(on network: Network, passphraseFile: String? = nil) throws -> Address {
        guard network.accountForm == .hash160 else { return try KeyFile.address(of: folder.keyPath) }
        let key = try KeyFile.read(folder.keyPath) { try SigningOptions.passphrase(in: passphraseFile) }
        return key.publicKey.account(.hash160)
    }

    /// - Returns: `nil` also for a variable that is set to nothing.
    static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Says only what is wrong: what was paid is told by the commands themselves.
    static var logger: Logger {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "farthing.wallet")
        logger.logLevel = .warning
        return logger
    }
}

/// Where a wallet reads what its channels hold.
struct ViewOptions: ParsableArguments {
    @Option(name: .long, help: "The file of an embedded ledger to read. (default: $FARTHING_LEDGER)")
    var ledger: String?

    @Option(name: .long, help: "The URL of a chain's JSON-RPC endpoint to read. (default: $FARTHING_RPC)")
    var rpc: String?
    @Option(
        name: .long,
        help: """
            A file of 'farthing contracts deploy' or 'farthing stacks deploy', for --rpc. (default: \
            $FARTHING_CONTRACTS, or x402's contracts)
            """)
    var contracts: String?
    @Option(name: .long, help: "CAIP-2 name of the chain of --rpc and --rebuild.")
    var network = "eip155:84532"

    func validate() throws {
        if Network(network) == nil { throw ValidationError("--network takes a CAIP-2 name such as eip155:84532.") }
        if ledger != nil, rpc != nil { throw ValidationError("Give --ledger or --rpc, not both.") }
    }

    /// The options as they were given, for a command that is to be typed next.
    var words: String {
        let given = [("--ledger", ledger), ("--rpc", rpc), ("--contracts", contracts)]
        let named = network == "eip155:84532" ? [] : [("--network", network)]
        return (given.compactMap { name, value in value.map { (name, $0) } } + named).map { name, value in
            let isPlain = value.allSatisfy { $0.isLetter || $0.isNumber || "/._-:~".contains($0) }
            return " \(name) " + (isPlain ? value : "'\(value.replacing("'", with: "'\\''"))'")
        }.joined()
    }

    /// What is given on the command line counts more than what is in the environment.
    func open() throws -> [any SettlementView] {
        guard let network = Network(network) else { return [] }
        let contracts = contracts ?? WalletOptions.environment("FARTHING_CONTRACTS")
        let isGiven = ledger != nil || rpc != nil
        do {
            return try PayerViews.open(
                ledger: isGiven ? ledger : WalletOptions.environment("FARTHING_LEDGER"),
                rpc: isGiven ? rpc : WalletOptions.environment("FARTHING_RPC"), network: network,
                contracts: contracts)
        } catch StoreError.missing(let path) { throw LedgerMissing(path: path) }
    }
}

/// What a command needs that signs.
struct SigningOptions: ParsableArguments {
    static let passphraseVariable = "FARTHING_WALLET_PASSPHRASE"

    @OptionGroup var wallet: WalletOptions
    @OptionGroup var views: ViewOptions
    @Option(name: .long, help: "The spending policy; the one in the wallet's folder by default.")
    var policy: String?
    @Option(
        name: .long,
        help: "A file with the key's passphrase in its first line; \(Self.passphraseVariable) holds it too.")
    var passphraseFile: String?

    func policyInForce() throws -> SpendingPolicy {
        guard let policy else { return try wallet.folder.policy() }
        guard let data = FileManager.default.contents(atPath: policy) else { throw PayFault.missing(file: policy) }
        return try SpendingPolicy(file: Array(data))
    }

    func open(
        views: [any SettlementView]? = nil, maxPrice: Amount? = nil, approve: Wallet.Approval? = nil,
        options: Wallet.Options = Wallet.Options()
    ) throws -> Wallet {
        try wallet.folder.open(
            policy: policyInForce(), maxPrice: maxPrice, approve: approve, views: views ?? self.views.open(),
            options: options, logger: WalletOptions.logger
        ) { try Self.passphrase(in: passphraseFile) }
    }

    /// The passphrase of a wallet: from a file, from the environment, or asked for.
    static func passphrase(in file: String?) throws -> [UInt8]? {
        if let file { return try PassphraseOptions.firstLine(of: file) }
        if let text = WalletOptions.environment(Self.passphraseVariable) { return Array(text.utf8) }
        guard isatty(FileHandle.standardInput.fileDescriptor) == 1 else { return nil }
        return try PassphraseOptions.ask("Passphrase of the wallet: ")
    }
}
