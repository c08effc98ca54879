// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet

struct WalletRefundCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refund", abstract: "Ask a payee to give unspent money back, at once.",
        discussion: """
            A channel of hash chains, or of two sides, is closed by it; one that pays many payees has to expire first \
            (farthing wallet withdraw), and --all tells from when on. With --all, one that refuses does not stop the \
            others; then the exit code is 1.
            """)
    @OptionGroup var selection: ChannelSelection
    @Option(name: .long, help: "How much; all that is left by default.")
    var amount: String?
    @Option(name: .long, help: "Where to ask; where the channel was used last by default.")
    var url: String?
    @OptionGroup var relays: RelayOptions
    @OptionGroup var signing: SigningOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let amount, TokenNames.amount(amount).map(\.isZero) ?? true {
            throw ValidationError("--amount takes a whole number of units above 0, or $ and a number.")
        }
        if amount != nil, selection.all { throw ValidationError("--amount is for one channel.") }
        if url != nil, selection.all { throw ValidationError("--url is for one channel.") }
    }

    func run() async throws {
        let wallet = try signing.open()
        let ids = try await selection.ids(in: wallet)
        let used = try await wallet.journal.overviews().filter { ids.contains($0.id) }.compactMap { $0.usedAt?.url }
        try await Roads.open(to: url.map { [$0] } ?? used, relays: relays.relay, isLenient: selection.all) { roads in
            try await refund(ids, of: wallet, over: roads)
        }
    }

    private func refund(_ ids: [ChannelID], of wallet: Wallet, over roads: Roads) async throws {
        let client = wallet.client(carrier: roads.carrier)
        let url = try url.map(roads.url)
        var refunds: [JSON] = []
        var isWhole = true
        for id in ids {
            guard let channel = try await wallet.journal.overview(of: id) else { throw WalletError.unknownChannel(id) }
            if selection.all, channel.locked.isZero { continue }
            if selection.all, !channel.isVoucher, !channel.isClosable {
                let reason = WalletError.notClosable(id, until: channel.expiry)
                refunds.append(
                    .object([
                        "channel": .string("\(id)"), "code": .string(reason.code),
                        "locked": .string("\(channel.locked)"),
                        "expiry": channel.expiry.map { .integer($0.unixSeconds) },
                        "next": .string("farthing wallet withdraw \(id)"),
                    ]))
                if !output.json {
                    Console.out(
                        "left: \(id): \(reason.message)\nThen: farthing wallet withdraw \(id)\(signing.views.words)")
                }
                continue
            }
            if amount != nil, !channel.isVoucher {
                throw ValidationError("--amount is for channels of vouchers; of others all comes back.")
            }
            do {
                let given =
                    channel.isVoucher
                    ? try await vouchers(id, of: wallet, at: url, through: client)
                    : try await wallet.close(id, at: url, through: client)
                refunds.append(["channel": .string("\(id)"), "refunded": .string("\(given)")])
                let text = await TokenNames(try signing.views.open()).text(given, channel.asset, on: channel.network)
                if !output.json { Console.out("\(text) came back from channel \(id)") }
            } catch let error as any ExplainedError where selection.all {
                isWhole = false
                refunds.append(["channel": .string("\(id)"), "code": .string(error.code)])
                if !output.json { Console.out("refused: \(id): \(error.message)") }
            }
        }
        if output.json {
            Console.json(["refunds": .array(refunds)])
        } else if refunds.isEmpty {
            Console.out("There is nothing to give back.")
        }
        if !isWhole { throw ExitCode(1) }
    }

    private func vouchers(
        _ id: ChannelID, of wallet: Wallet, at url: String?, through client: PayingClient
    ) async throws -> Amount {
        let asked = amount.flatMap(TokenNames.amount)
        do { return try await wallet.refund(id, amount: asked, at: url, through: client) } catch let error
            as any ExplainedError where error.code == NothingToRefund.code
        {
            guard let channel = try await wallet.journal.overview(of: id) else { throw error }
            let names = TokenNames(try signing.views.open())
            let left = channel.deposit.clampedSubtracting(channel.charged)
            var sum: String?
            if let asked { sum = await names.text(asked, channel.asset, on: channel.network) }
            throw NothingToRefund(asked: sum, left: await names.text(left, channel.asset, on: channel.network))
        }
    }
}

struct WalletWithdrawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Take unspent money out without the payee.",
        discussion: """
            The first call starts the channel's delay, in which the payee may still claim what it earned; a call after \
            it takes the money. What was locked for hash chains, Merkle tokens and lottery tickets comes back from the \
            channel's expiry on; a two-way channel is ended with the newest state that both sides signed. Each call finds out which step is next, so it may be made again after a crash. Needs a \
            settlement that can be written to: --ledger, or --rpc with some of the chain's coin in the wallet's account.
            """)
    @Argument(help: "The channel's id: 0x and 64 digits.")
    var channel: ChannelArgument
    @Option(name: .long, help: "How much; all that is not claimed by default.")
    var amount: String?
    @Flag(name: .long, help: "Wait for the delay to end, and take the money.")
    var wait = false
    @Flag(
        name: .long,
        help:
            "Give the channel up when this settlement does not hold it and its deposit is out of date, though the payee charged."
    )
    var giveUp = false
    @OptionGroup var signing: SigningOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let amount, TokenNames.amount(amount).map(\.isZero) ?? true {
            throw ValidationError("--amount takes a whole number of units above 0, or $ and a number.")
        }
    }

    func run() async throws {
        let wallet = try signing.open()
        let (id, amount, wait, giveUp) = (channel.id, amount.flatMap(TokenNames.amount), wait, giveUp)
        let (result, wasInterrupted) = await Interruption.watching {
            var step = try await wallet.withdraw(id, amount: amount, givingUp: giveUp)
            while wait, let due = step.due {
                Console.progress("due at \(due.text)")
                let left = due.seconds(since: Wallet.systemClock())
                try await Task.sleep(for: .seconds(min(max(left, 1), 5)))
                step = try await wallet.withdraw(id, amount: amount, givingUp: giveUp)
            }
            return step
        }
        if wasInterrupted, case .failure = result { throw ExitCode(Interruption.exitCode) }
        try await tell(try result.get(), of: wallet)
    }

    private func tell(_ step: Wallet.WithdrawalStep, of wallet: Wallet) async throws {
        if output.json { return Console.json(step.json(of: channel.id)) }
        var text = "\(step.amount) units"
        if let kept = try await wallet.journal.overview(of: channel.id) {
            // What was charged is the payee's, who claims it meanwhile.
            let expected = step.due == nil ? step.amount : min(step.amount, kept.locked)
            text = await TokenNames(try signing.views.open()).text(expected, kept.asset, on: kept.network)
        }
        guard let due = step.due else { return Console.out("\(text) came back") }
        Console.out(
            "The withdrawal of \(text) \(step.name == "started" ? "is started" : "is under way"); due at \(due.text)")
        Console.out("Then: farthing wallet withdraw \(channel.id)\(signing.views.words)")
    }
}

struct WalletResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Pay a payee again that did what no honest one does.",
        discussion: "Look at the history first: what it took without a right to is not coming back.")
    @Argument(help: "The channel's id: 0x and 64 digits.")
    var channel: ChannelArgument
    @OptionGroup var signing: SigningOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let kept = try await signing.open().resume(channel.id)
        if output.json { return Console.json(kept.json) }
        Console.out("Channel \(kept.id) is \(kept.status)")
    }
}
