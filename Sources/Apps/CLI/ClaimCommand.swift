// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives

struct ClaimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim", abstract: "Book on the settlement what payers have signed away.",
        discussion: "A running node does this by itself; this is for a store that no node works with.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let books = try await store.books()
        let report: VoucherEffects.ClaimReport
        do {
            report = try await books.cashier.claimAll { Console.progress("\($0) channels") }
        } catch {
            await books.close()
            throw error
        }
        await books.close()
        if output.json {
            Console.json([
                "simulated": .bool(books.settlement.isSimulated), "claimed": .string("\(report.claimed)"),
                "channels": .integer(report.channels),
                "refused": .array(
                    report.refused.map {
                        [
                            "channel": .string("\($0.channel)"), "code": .string($0.error.code),
                            "message": .string($0.error.message),
                        ]
                    }),
            ])
        } else {
            Console.out("Claimed \(report.claimed) units from \(report.channels) channels\(books.mark)")
            for refusal in report.refused { Console.out("refused: \(refusal.channel): \(refusal.error)") }
        }
        if !report.refused.isEmpty { throw ExitCode(1) }
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
        if output.json {
            Console.json([
                "simulated": .bool(books.settlement.isSimulated),
                "payouts": .array(
                    receipts.map { entry in
                        .object([
                            "receiver": .string(entry.receiver.checksummed), "token": .string(entry.token.checksummed),
                            "amount": entry.receipt.amount.map { .string("\($0)") },
                            "transaction": entry.receipt.transaction.map { .string("\($0)") },
                        ])
                    }),
            ])
        } else if receipts.isEmpty {
            Console.out("No channel yet: nothing to pay out.")
        } else {
            for entry in receipts {
                let amount = entry.receipt.amount.map { "\($0) units" } ?? "what was claimed"
                Console.out("Paid \(amount) to \(entry.receiver)\(books.mark)")
            }
        }
    }
}

extension Books {
    /// What people must be told where money is simulated.
    fileprivate var mark: String { settlement.isSimulated ? " (simulated)" : "" }
}
