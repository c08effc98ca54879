// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingWallet

struct WalletReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Find out what became of payments whose outcome is unknown.",
        discussion: """
            Reads the settlement (--ledger, --rpc) and asks the payee, whose word counts as far as our own signatures prove \
            it. Without a channel or --all, those that are in doubt are looked at. --rebuild first searches the \
            settlement for channels that the wallet does not know. Exits with 75 while it is unknown of a channel that was \
            looked at what became of its payments.
            """)
    @Argument(help: "The channel's id: 0x and 64 digits.")
    var channel: ChannelArgument?
    @Flag(name: .long, help: "All channels.")
    var all = false
    @Flag(name: .long, help: "Find channels again, with nothing but the key and the settlement.")
    var rebuild = false
    @Option(name: .long, help: "With --rebuild: the block to begin with.")
    var since: UInt64 = 0
    @OptionGroup var relays: RelayOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if channel != nil, all { throw ValidationError("Name a channel, or say --all, not both.") }
    }

    func run() async throws {
        let wallet = try signing.open()
        var found: [KeptChannel] = []
        if rebuild, let network = Network(signing.views.network) {
            found = try await wallet.rebuild(on: network, since: since) { height, head in
                Console.progress("block \(height) of \(head)", isLast: height >= head)
            }
        }
        let channels = try await wallet.journal.channels().filter {
            if let channel { return $0.id == channel.id }
            return all || found.map(\.id).contains($0.id) || $0.isInDoubt
        }
        let prepaid = try await prepaid(of: wallet)
        if let channel, channels.isEmpty, prepaid.isEmpty { throw WalletError.unknownChannel(channel.id) }
        let places = channels.compactMap { $0.usedAt?.url } + prepaid.compactMap { $0.usedAt?.url }
        try await Roads.open(to: places, relays: relays.relay, isLenient: channel == nil) { roads in
            let client = wallet.client(carrier: roads.carrier)
            var results: [(channel: KeptChannel, result: Wallet.Reconciliation)] = []
            let count = channels.count + prepaid.count
            for (index, channel) in channels.enumerated() {
                Console.progress("\(index + 1)/\(count)", isLast: index + 1 == count)
                results.append((channel, try await wallet.reconcile(channel.id, through: client)))
            }
            var paidAhead: [Wallet.PrepaidReconciliation] = []
            for (index, channel) in prepaid.enumerated() {
                Console.progress("\(channels.count + index + 1)/\(count)", isLast: index + 1 == prepaid.count)
                paidAhead.append(try await wallet.reconcilePrepaid(channel.id, through: client))
            }
            let inDoubt = try await inDoubt(results, paidAhead, of: wallet)
            tell(found, results, paidAhead, inDoubt)
            if !inDoubt.isEmpty { throw ExitCode(75) }
        }
    }

    /// Which of the channels that were looked at nobody could say enough of.
    private func inDoubt(
        _ results: [(channel: KeptChannel, result: Wallet.Reconciliation)],
        _ paidAhead: [Wallet.PrepaidReconciliation], of wallet: Wallet
    ) async throws -> [ChannelID] {
        var ids: [ChannelID] = []
        for (channel, result) in results {
            let known = try await wallet.journal.channel(channel.id)
            if result.afterSums.doubts > 0 || known?.isInDoubt == true { ids.append(channel.id) }
        }
        return ids
            + paidAhead.map(\.after).filter { ["in doubt", "said to be closed"].contains($0.status) }.map(\.id)
    }

    /// Channels that were paid ahead and are to be looked at.
    private func prepaid(of wallet: Wallet) async throws -> [ChannelOverview] {
        try await wallet.journal.overviews().filter { known in
            !known.isVoucher
                && (channel.map { $0.id == known.id }
                    ?? (all || ["in doubt", "said to be closed"].contains(known.status)))
        }
    }

    private func tell(
        _ found: [KeptChannel], _ results: [(channel: KeptChannel, result: Wallet.Reconciliation)],
        _ paidAhead: [Wallet.PrepaidReconciliation], _ inDoubt: [ChannelID]
    ) {
        if output.json {
            return Console.json([
                "found": .array(found.map { .string("\($0.id)") }),
                "channels": .array(
                    results.map { channel, result in
                        [
                            "id": .string("\(channel.id)"), "before": result.beforeSums.json,
                            "after": result.afterSums.json, "settlementWasRead": .bool(result.settlementWasRead),
                            "payeeWasAsked": .bool(result.payeeWasAsked),
                            "remarks": .array(result.remarks.map { .string($0) }),
                        ]
                    }),
                "paidAhead": .array(
                    paidAhead.map { result in
                        result.after.json.adding("before", result.before.json)
                            .adding("settlementWasRead", .bool(result.settlementWasRead))
                            .adding("payeesWhoTold", .integer(result.payeesWhoTold))
                            .adding("remarks", .array(result.remarks.map { .string($0) }))
                    }),
                "inDoubt": .array(inDoubt.map { .string("\($0)") }),
            ])
        }
        if rebuild { Console.out("Found \(found.count) channels that were not known.") }
        for result in paidAhead {
            let (before, after) = (result.before, result.after)
            let told = result.payeesWhoTold == 0 ? "payee not heard" : "payee heard"
            Console.out(
                """
                \(after.id): \(PaymentSchemeName.spoken(after.scheme)), \(after.status), charged \(before.charged) -> \
                \(after.charged), in doubt \(before.doubtful) -> \(after.doubtful), \(after.locked) units locked, \
                ledger \(result.settlementWasRead ? "read" : "not read"), \(told)
                """)
            for remark in result.remarks { Console.out("\(after.id.short): \(remark)") }
        }
        guard !results.isEmpty || !paidAhead.isEmpty else { return Console.out("No channel is in doubt.") }
        if !results.isEmpty { tell(results) }
        if !inDoubt.isEmpty {
            Console.out("\(inDoubt.count) of these \(inDoubt.count == 1 ? "is" : "are") in doubt still.")
        }
    }

    private func tell(_ results: [(channel: KeptChannel, result: Wallet.Reconciliation)]) {
        Console.table(
            ["channel", "charged", "after", "balance", "after", "in doubt", "after", "ledger", "payee"],
            results.map { channel, result in
                let (before, after) = (result.beforeSums, result.afterSums)
                return [
                    "\(channel.id)", "\(before.charged)", "\(after.charged)", "\(before.balance)", "\(after.balance)",
                    "\(before.doubts)", "\(after.doubts)", result.settlementWasRead ? "read" : "not read",
                    result.payeeWasAsked ? "asked" : "not asked",
                ]
            }, right: [1, 2, 3, 4, 5, 6])
        for (channel, result) in results {
            for remark in result.remarks { Console.out("\(channel.id.short): \(remark)") }
        }
    }
}

extension ChannelSums {
    fileprivate var json: JSON {
        ["charged": .string("\(charged)"), "balance": .string("\(balance)"), "doubts": .integer(doubts)]
    }
}
