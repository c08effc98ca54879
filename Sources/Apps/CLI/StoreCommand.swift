// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingEncodings

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Look after a store.", subcommands: [Verify.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check every page, record, signature and sum of a store and its ledger.",
            discussion: "Changes nothing, and may run while a node works. Exits with 65 when something is wrong.")

        @OptionGroup var store: StoreOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let inspector = try await store.inspector()
            let result = try await inspector.verify { Console.progress("\($0) channels") }
            if output.json {
                Console.json([
                    "ok": .bool(result.faults.isEmpty), "channels": .integer(result.channels),
                    "pendingEffects": .integer(result.pendingEffects), "ledgerEvents": .integer(result.ledgerEvents),
                    "faults": .array(result.faults.map { .string($0) }),
                ])
            } else {
                for fault in result.faults { Console.out("FAULT \(fault)") }
                Console.out(
                    "\(result.faults.isEmpty ? "ok" : "\(result.faults.count) faults"): \(result.channels) channels, "
                        + "\(result.pendingEffects) effects under way"
                        + (inspector.ledger == nil ? "" : ", \(result.ledgerEvents) ledger events (simulated)")
                )
            }
            if !result.faults.isEmpty { throw ExitCode(65) }
        }
    }
}
