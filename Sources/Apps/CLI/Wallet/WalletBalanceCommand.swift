// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingKeyFiles
import FarthingPrimitives
import FarthingWallet
import FarthingX402

struct WalletBalanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance", abstract: "Show what the account holds and what lies in channels.",
        discussion: "Without --ledger or --rpc only the wallet's own books are looked at.")
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var views: ViewOptions
    @OptionGroup var output: OutputOptions

    private struct Place: Hashable {
        let network: Network
        let asset: Address
    }

    func run() async throws {
        let folder = wallet.folder
        let journal = try folder.openJournal()
        let views = try views.open()
        let address = try KeyFile.address(of: folder.keyPath)
        var sums: [Place: (spendable: Amount, locked: Amount)] = [:]
        for channel in try await journal.overviews() {
            let place = Place(network: channel.network, asset: channel.asset)
            let sum = sums[place] ?? (.zero, .zero)
            sums[place] = (
                sum.spendable.adding(channel.spendable) ?? .max, sum.locked.adding(channel.locked) ?? .max
            )
        }
        // A wallet that never paid has its money in some token too.
        for view in views {
            let coin = view.isSimulated ? [] : [view.domain.stacks == nil ? Token.coinAddress : StacksAsset.stx.address]
            let tokens = coin + KnownTokens.addresses(on: view.domain.network)
            for token in tokens where try await view.token(token) != nil {
                let place = Place(network: view.domain.network, asset: token)
                sums[place] = sums[place] ?? (.zero, .zero)
            }
        }
        let names = TokenNames(views)
        var rows: [[String]] = []
        var json: [JSON] = []
        for (place, sum) in sums.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            let view = views.first { $0.domain.network == place.network }
            let owner = view?.domain.accounts == .hash160 ? try wallet.account(on: place.network) : address
            let account = try await view?.balance(of: owner, token: place.asset)
            let token = await names.token(place.asset, on: place.network)
            let simulated = view?.isSimulated == true ? " (simulated)" : ""
            rows.append([
                "\(place.network)\(simulated)", token?.symbol ?? place.asset.checksummed,
                account.map { TokenNames.bare($0, token) } ?? "not looked at", TokenNames.bare(sum.spendable, token),
                TokenNames.bare(sum.locked, token),
            ])
            json.append(
                .object([
                    "network": .string("\(place.network)"), "asset": .string(place.asset.checksummed),
                    "symbol": token.map { .string($0.symbol) }, "account": account.map { .string("\($0)") },
                    "spendable": .string("\(sum.spendable)"), "locked": .string("\(sum.locked)"),
                    "simulated": view.map { .bool($0.isSimulated) },
                ]))
        }
        if output.json {
            return Console.json(["address": .string(address.checksummed), "balances": .array(json)])
        }
        Console.out("Wallet of \(address)")
        guard !rows.isEmpty else { return Console.out("No channel yet; with --ledger FILE the account is looked at.") }
        Console.table(["network", "token", "account", "spendable", "locked"], rows, right: [2, 3, 4])
    }
}
