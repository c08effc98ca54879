// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingChannels
import FarthingEncodings
import FarthingKeyFiles
import FarthingPrimitives
import FarthingWallet
import Foundation

struct WalletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallet", abstract: "Look after the wallet that `farthing pay` pays out of.",
        discussion: """
            A wallet is a folder with a key, a journal of all that was signed, and a spending policy. Amounts that are \
            typed are atomic units, or $ and a number of a token with six decimals.
            """,
        subcommands: [
            New.self, WalletAccountCommand.self, WalletBalanceCommand.self, WalletChannelsCommand.self,
            WalletHistoryCommand.self,
            WalletReconcileCommand.self, WalletRefundCommand.self, WalletWithdrawCommand.self,
            WalletWatchCommand.self, WalletResumeCommand.self, WalletExportCommand.self, WalletImportCommand.self,
            WalletPolicyCommand.self, WalletApproveCommand.self,
        ])

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a wallet with a new key.")
        @OptionGroup var wallet: WalletOptions
        @OptionGroup var passphrase: PassphraseOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let folder = wallet.folder
            // Before a person types a passphrase twice for nothing.
            guard !folder.exists else { throw KeyFileError.exists(path: folder.keyPath) }
            let address = try folder.make(passphrase: try passphrase.forWriting())
            if output.json {
                return Console.json([
                    "address": .string(address.checksummed), "folder": .string(folder.path),
                    "encrypted": .bool(!passphrase.noPassphrase),
                ])
            }
            Console.out(address.checksummed)
            Console.error("Made in \(folder.path)\(passphrase.noPassphrase ? ", not encrypted" : "")")
            Console.error(
                """
                Simulated money for it, on the ledger of a node (STORE.ledger for one with --store STORE):
                  farthing ledger mint --to \(address) --amount '$1' --ledger farthing.ledger --create
                """)
        }
    }
}

/// A channel as it is named on the command line.
struct ChannelArgument: ExpressibleByArgument, Sendable {
    let id: ChannelID
    init?(argument: String) {
        guard let id = ChannelID(hex: argument) else { return nil }
        self.id = id
    }
}

/// One channel, or all of them.
struct ChannelSelection: ParsableArguments {
    @Argument(help: "The channel's id: 0x and 64 digits.")
    var channel: ChannelArgument?
    @Flag(name: .long, help: "All channels.")
    var all = false

    func validate() throws {
        guard (channel != nil) != all else { throw ValidationError("Name a channel, or say --all.") }
    }

    func ids(in wallet: Wallet) async throws -> [ChannelID] {
        if let channel { return [channel.id] }
        return try await wallet.journal.overviews().map(\.id)
    }
}
