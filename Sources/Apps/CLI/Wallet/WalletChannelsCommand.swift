// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingWallet

struct WalletChannelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "channels", abstract: "List the wallet's channels, as its own books have them.")
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let channels = try await wallet.folder.openJournal().overviews()
        if output.json { return Console.json(["channels": .array(channels.map(\.json))]) }
        guard !channels.isEmpty else { return Console.out("No channel yet.") }
        let names = TokenNames()
        var rows: [[String]] = []
        for channel in channels {
            let token = await names.token(channel.asset, on: channel.network)
            rows.append([
                "\(channel.id)", PaymentSchemeName.spoken(channel.scheme), channel.status, channel.host ?? "",
                token?.symbol ?? channel.asset.checksummed, TokenNames.bare(channel.deposit, token),
                TokenNames.bare(channel.authorised, token), TokenNames.bare(channel.charged, token),
                TokenNames.bare(channel.spendable, token),
                channel.expiry?.text ?? "",
            ])
        }
        Console.table(
            [
                "channel", "scheme", "status", "host", "token", "deposit", "authorised", "charged", "spendable",
                "expires",
            ], rows, right: [5, 6, 7, 8])
    }
}

struct WalletHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "List what was paid, newest first.")
    @Option(name: .long, help: "Only what was paid to this host, as it is listed.")
    var host: String?
    @Option(name: .long, help: "How many to list at the most.")
    var limit = 100
    @Flag(name: .long, help: "Print comma-separated values.")
    var csv = false
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit goes from 1 to 1000000.") }
        if csv, output.json { throw ValidationError("Give --csv or --json, not both.") }
    }

    func run() async throws {
        let journal = try wallet.folder.openJournal()
        let entries = try await journal.entries(host: host?.lowercased(), limit: limit)
        if output.json { return Console.json(["history": .array(entries.map(\.json))]) }
        if csv {
            try Console.bytes(JournalEntry.csvHeader.utf8)
            for entry in entries { try Console.bytes(entry.csv.utf8) }
            return
        }
        guard !entries.isEmpty else { return Console.out("Nothing was paid yet.") }
        let names = TokenNames()
        var rows: [[String]] = []
        for entry in entries {
            let token = await names.token(entry.asset, on: entry.network)
            rows.append([
                entry.timeText, entry.shownHost, entry.what, TokenNames.bare(entry.price, token),
                TokenNames.bare(entry.charged, token), token?.symbol ?? entry.asset.checksummed, entry.state.rawValue,
                entry.channel?.short ?? "", entry.code ?? "",
            ])
        }
        Console.table(
            ["time", "host", "what", "price", "charged", "", "state", "channel", "why"], rows, right: [3, 4])
    }
}

extension JournalEntry {
    /// What it was for, without the query: that may hold what is nobody's business.
    fileprivate var what: String {
        guard kind == .payment else { return kind.rawValue }
        let rest = url.drop { $0 != ":" }.dropFirst(3)
        return "\(method) \(rest.drop { $0 != "/" }.prefix { $0 != "?" })"
    }
}

extension ChannelOverview {
    /// Where it was used last.
    var host: String? {
        usedAt.map { String($0.url.drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" && $0 != "?" }) }
    }

    var isVoucher: Bool { PaymentSchemeName.wire(of: "voucher") == scheme }
}
