// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingEncodings
import FarthingPrimitives

extension LedgerCommand {
    struct Audit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count every unit, in accounts and in channels of every kind.",
            discussion: """
                Replays all events, compares what they say with what is kept, and adds up each token. Changes nothing. \
                Exits with 65 when something does not add up.
                """)
        @OptionGroup var store: StoreOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let ledger = try await store.ledgerOffice()
            let audit = try await ledger.audit()
            if output.json { Console.json(audit.json) } else { Self.show(audit, under: "\(ledger.network)") }
            if !audit.isConserved { throw ExitCode(65) }
        }

        private static func show(_ audit: LedgerOffice.Audit, under network: String) {
            Console.table(
                ["token", "minted", "in accounts", "in vouchers' channels", "in other channels"],
                audit.totals.map { [$0.symbol, "\($0.minted)", "\($0.held)", "\($0.locked)", "\($0.inContracts)"] },
                right: [1, 2, 3, 4])
            for fault in audit.faults { Console.error(fault) }
            let verdict = audit.isConserved ? "ok: every unit is accounted for" : "\(audit.faults.count) faults"
            Console.out("\(verdict), \(audit.events) events up to block \(audit.height) (simulated, under \(network))")
        }
    }
}

extension LedgerOffice.Audit {
    fileprivate var json: JSON {
        [
            "simulated": true, "ok": .bool(isConserved), "height": .integer(height), "events": .integer(events),
            "tokens": .array(
                totals.map {
                    [
                        "token": .string($0.token.checksummed), "symbol": .string($0.symbol),
                        "minted": .string("\($0.minted)"), "inAccounts": .string("\($0.held)"),
                        "inVoucherChannels": .string("\($0.locked)"), "inOtherChannels": .string("\($0.inContracts)"),
                    ]
                }),
            "faults": .array(faults.map { .string($0) }),
        ]
    }
}
