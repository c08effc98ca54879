// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
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

    func open() throws -> [any SettlementView] {
        try PayerViews.open(ledger: ledger ?? WalletOptions.environment("FARTHING_LEDGER"))
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
        ) {
            if let passphraseFile { return try PassphraseOptions.firstLine(of: passphraseFile) }
            if let text = WalletOptions.environment(Self.passphraseVariable) { return Array(text.utf8) }
            guard isatty(FileHandle.standardInput.fileDescriptor) == 1 else { return nil }
            return try PassphraseOptions.ask("Passphrase of the wallet: ")
        }
    }
}
