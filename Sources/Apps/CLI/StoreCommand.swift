// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingEncodings

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Look after a store.", subcommands: [Verify.self, Backup.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check every page, record, signature and sum of a store and its ledger.",
            discussion: "Changes nothing, and may run while a node works. Exits with 65 when something is wrong.")

        @OptionGroup var store: StoreOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let inspector = try await store.inspector()
            let result = try await inspector.verify { Console.progress("\($0) channels") }
            try StoreCommand.tell(result, hasLedger: inspector.ledger != nil, asJSON: output.json)
        }
    }

    struct Backup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy a store with its journal, its ledger and the node's keys into a new folder, and verify it.",
            discussion: """
                May run while a node works. The folder must not be there yet; it is called DIR.partial until it is \
                whole and verified. Exits with 65 when something is wrong with the copy, or the authorizer's key is \
                not there, and leaves it under that name.
                """)

        @OptionGroup var store: StoreOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: ArgumentHelp("The folder to make.", valueName: "dir"))
        var folder: String

        func run() async throws {
            let (path, _, source) = try await store.paths()
            let keys: [(Setting, String)] = [(.libp2pKey, ".libp2p.key"), (.gunKey, ".gun.key")]
            let place = try source.place()
            let backup = StoreBackup(
                storePath: path, place: place, authorizerKeyPath: StoreOptions.authorizerKeyPath(of: path, source),
                otherKeys: keys.map { (path: source.text($0.0) ?? path + $0.1, suffix: $0.1) })
            let result = try await backup.make(at: folder) { progress in
                switch progress {
                case .copied(let pages, let all): Console.progress("\(pages) of \(all) pages copied")
                case .verified(let channels): Console.progress("\(channels) channels verified")
                }
            }
            var hasLedger = false
            if case .ledger = place { hasLedger = true }
            try StoreCommand.tell(
                result, at: result.faults.isEmpty ? folder : folder + ".partial", hasLedger: hasLedger,
                asJSON: output.json)
        }
    }

    /// Says what a look through a store found.
    ///
    /// - Parameter backup: Where the store is that was looked at, if it is a copy.
    private static func tell(
        _ result: StoreInspector.Verification, at backup: String? = nil, hasLedger: Bool, asJSON: Bool
    ) throws {
        if asJSON {
            Console.json(
                .object([
                    "ok": .bool(result.faults.isEmpty), "backup": backup.map { .string($0) },
                    "channels": .integer(result.channels), "pendingEffects": .integer(result.pendingEffects),
                    "ledgerEvents": .integer(result.ledgerEvents), "journalBytes": .integer(result.journalBytes),
                    "faults": .array(result.faults.map { .string($0) }),
                ]))
        } else {
            for fault in result.faults { Console.out("FAULT \(fault)") }
            Console.out(
                "\(result.faults.isEmpty ? "ok" : "\(result.faults.count) faults"): \(result.channels) channels, "
                    + "\(result.pendingEffects) effects under way"
                    + (hasLedger ? ", \(result.ledgerEvents) ledger events (simulated)" : "")
                    + (result.journalBytes > 0 ? ", \(result.journalBytes) bytes in the journal" : "")
                    + (backup.map { ", in \($0)" } ?? "")
            )
        }
        if !result.faults.isEmpty { throw ExitCode(65) }
    }
}
