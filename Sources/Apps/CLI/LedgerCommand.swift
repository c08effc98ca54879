// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingWallet

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Work with the embedded ledger, also while a node uses it.",
        discussion: "Its money is simulated: whoever may write the file may mint.",
        subcommands: [Accounts.self, Mint.self, Advance.self, Events.self, Audit.self])

    struct Accounts: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List who holds what.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let ledger = try await store.ledgerOffice()
            let accounts = try await ledger.accounts()
            if output.json {
                Console.json([
                    "simulated": true, "network": .string("\(ledger.network)"),
                    "accounts": .array(
                        accounts.map {
                            [
                                "owner": .string($0.owner.checksummed), "token": .string($0.token.address.checksummed),
                                "symbol": .string($0.token.symbol), "units": .string("\($0.balance)"),
                            ]
                        }),
                ])
                return
            }
            Console.table(
                ["owner", "tokens", "", "units"],
                accounts.map {
                    [
                        $0.isContract ? "\($0.owner) (channels)" : "\($0.owner)",
                        $0.balance.text(decimals: $0.token.decimals), $0.token.symbol, "\($0.balance)",
                    ]
                }, right: [1, 3])
            Console.out("(simulated, under \(ledger.network))")
        }
    }

    struct Mint: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make money and give it to an account.",
            discussion: "Makes the token when it is not there yet; with --create the ledger too.")
        @Option(name: .long, help: "The account that gets it.")
        var to: String
        @Option(name: .long, help: "How much: atomic units, or $ and a number of tokens.")
        var amount: String
        @Flag(name: .long, help: "Make the ledger when it is not there.")
        var create = false
        @OptionGroup var store: StoreOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard Address(checking: to) != nil else {
                throw ValidationError("--to takes an address: 0x and 40 digits.")
            }
        }

        func run() async throws {
            let source = try await ConfigurationSource(flags: store.flags, file: store.config)
            let path = try source.ledgerPath()
            let known: LedgerOffice?
            do { known = try LedgerOffice(path: path) } catch StoreError.missing(let missing) {
                guard create else { throw LedgerMissing(path: missing, isMinting: true) }
                known = nil
            }
            if let known, source.text(.network) != nil {
                let named = try source.network()
                guard named == known.network else {
                    throw ConfigurationError.bad(
                        key: "network", value: "\(named)", why: "the ledger is under \(known.network)")
                }
            }
            let token = try source.token(on: known?.network)
            let units =
                amount.hasPrefix("$")
                ? Amount(tokens: String(amount.dropFirst()), decimals: token.decimals) : Amount(wire: amount)
            guard let account = Address(checking: to), let units, !units.isZero else {
                throw ConfigurationError.bad(
                    key: "amount", value: amount, why: "it must be a whole number of units above 0, or $ and tokens")
            }
            let ledger = try known ?? LedgerOffice(path: path, newOn: source.network())
            let balance = try await ledger.mint(units, of: token, to: account)
            if output.json {
                Console.json([
                    "simulated": true, "account": .string(account.checksummed), "minted": .string("\(units)"),
                    "balance": .string("\(balance)"),
                ])
            } else {
                Console.out("Minted \(units) units for \(account), who now holds \(balance) (simulated)")
            }
        }
    }

    struct Advance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move the ledger's clock on.",
            discussion: """
                A gate that runs keeps the machine's clock, and goes on selling on channels that expire by this one: stop \
                it first.
                """)
        @Option(name: .long, help: "How many blocks; periods that are counted in blocks want --seconds too.")
        var blocks: UInt64 = 1
        @Option(name: .long, help: "How many seconds, in addition to those that pass.")
        var seconds: UInt64 = 0
        @OptionGroup var store: StoreOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...1_000_000).contains(blocks) else { throw ValidationError("--blocks goes from 1 to 1000000.") }
            guard seconds <= 315_360_000 else { throw ValidationError("--seconds goes up to 315360000, ten years.") }
        }

        func run() async throws {
            let ledger = try await store.ledgerOffice()
            let block = try await ledger.advance(blocks: blocks, seconds: seconds)
            if output.json {
                Console.json([
                    "simulated": true, "height": .integer(block.height), "time": .integer(block.time.unixSeconds),
                ])
            } else {
                Console.out("Block \(block.height), \(block.time.text) (simulated)")
            }
        }
    }

    struct Events: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List what happened.")
        @Option(name: .long, help: "Begin behind this sequence number.")
        var after: UInt64 = 0
        @Option(name: .long, help: "How many to list at the most.")
        var limit = 1000
        @OptionGroup var store: StoreOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...100_000).contains(limit) else { throw ValidationError("--limit goes from 1 to 100000.") }
        }

        func run() async throws {
            let ledger = try await store.ledgerOffice()
            let events = try await ledger.events(after: after, limit: limit)
            if output.json {
                Console.json(["simulated": true, "events": .array(events.map(\.json))])
                return
            }
            Console.table(
                ["#", "block", "event", "about"],
                events.map { ["\($0.sequence)", "\($0.block.height)", $0.name, $0.details] }, right: [0, 1])
            Console.out("(simulated, under \(ledger.network))")
        }
    }
}
