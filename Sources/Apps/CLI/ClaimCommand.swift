// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives

struct ClaimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim", abstract: "Book on the settlement what payers have signed away, whatever the scheme.",
        discussion: """
            A running node does this by itself; this is for a store that no node works with.

            What vouchers bring is booked, and paid out by `farthing settle`. What other schemes bring is paid out at
            once. Two-way channels pay when they end: with --end-two-way this ends them, and once their challenge \
            period is over, the same again has them pay.
            """)

    @OptionGroup var store: StoreOptions
    @Flag(help: "End the two-way channels in which something was earned.")
    var endTwoWay = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let books = try await store.books()
        let report: VoucherEffects.ClaimReport
        let others: [(scheme: PaymentScheme, report: PrepaidOffice.Report)]
        do {
            report = try await books.cashier.claimAll { Console.progress("\($0) channels") }
            others = try await books.redeemPrepaid(ending: endTwoWay)
        } catch {
            await books.close()
            throw error
        }
        await books.close()
        let claimed = others.reduce(report.claimed) { $0.adding($1.report.captured) ?? .max }
        let channels = others.reduce(report.channels) { $0 + $1.report.channels }
        if output.json {
            Console.json([
                "simulated": .bool(books.settlement.isSimulated), "claimed": .string("\(claimed)"),
                "channels": .integer(channels),
                "refused": .array(
                    report.refused.map {
                        [
                            "channel": .string("\($0.channel)"), "code": .string($0.error.code),
                            "message": .string($0.error.message),
                        ]
                    }),
                "schemes": .array(
                    others.map { scheme, report in
                        [
                            "scheme": .string(scheme.rawValue), "captured": .string("\(report.captured)"),
                            "channels": .integer(report.channels),
                            "failures": .array(report.failures.map(JSON.string)),
                        ]
                    }),
            ])
        } else {
            Console.out("Claimed \(claimed) units from \(channels) channels\(books.mark)")
            for (scheme, report) in others {
                Console.out("  \(scheme.rawValue): \(report.captured) units from \(report.channels) channels")
            }
            for refusal in report.refused { Console.out("refused: \(refusal.channel): \(refusal.error)") }
            for failure in others.flatMap(\.report.failures) { Console.out("refused: \(failure)") }
        }
        if !report.refused.isEmpty || others.contains(where: { !$0.report.failures.isEmpty }) { throw ExitCode(1) }
    }
}

struct SettleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settle", abstract: "Have the ledger pay out what was claimed.",
        discussion: "A running node does this by itself; this is for a store that no node works with.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let books = try await store.books()
        let receipts: [(receiver: Address, token: Address, receipt: PayoutReceipt)]
        do {
            receipts = try await books.settleAll()
        } catch {
            await books.close()
            throw error
        }
        await books.close()
        let network = books.settlement.domain.network
        if output.json {
            Console.json([
                "simulated": .bool(books.settlement.isSimulated),
                "payouts": .array(
                    receipts.map { entry in
                        .object([
                            "receiver": .string(network.text(of: entry.receiver)),
                            "token": .string(entry.token.checksummed),
                            "amount": entry.receipt.amount.map { .string("\($0)") },
                            "transaction": entry.receipt.transaction.map { .string(network.text(of: $0)) },
                        ])
                    }),
            ])
        } else if receipts.isEmpty {
            Console.out("No channel yet: nothing to pay out.")
        } else {
            for entry in receipts {
                let amount = entry.receipt.amount.map { "\($0) units" } ?? "what was claimed"
                Console.out("Paid \(amount) to \(network.text(of: entry.receiver))\(books.mark)")
            }
        }
    }
}

extension Books {
    /// What people must be told where money is simulated.
    fileprivate var mark: String { settlement.isSimulated ? " (simulated)" : "" }
}
