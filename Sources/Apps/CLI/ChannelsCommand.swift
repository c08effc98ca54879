// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingNode
import FarthingPrimitives

struct ChannelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "channels", abstract: "Look at the channels of a store, also while a node works with it.",
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all channels. Amounts are atomic units.",
            discussion: "Where there are more than --limit, the last line, or \"next\" with --json, says how to go on.")

        @Option(name: .long, help: "How many to list at the most.")
        var limit = 1000
        @Option(name: .long, help: "Begin behind this channel id.")
        var after: String?
        @OptionGroup var store: StoreOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...100_000).contains(limit) else { throw ValidationError("--limit goes from 1 to 100000.") }
            if let after, ChannelID(hex: after) == nil { throw ValidationError("--after takes a channel id.") }
        }

        func run() async throws {
            let inspector = try await store.inspector()
            // One more than is shown tells whether that is all: sums over a part would be wrong.
            let found = try await inspector.channels(after: after.flatMap(ChannelID.init(hex:)), limit: limit + 1)
            let channels = found.prefix(limit)
            let next = found.count > limit ? channels.last.map { "\($0.id)" } : nil
            if output.json {
                Console.json(
                    JSON.object([
                        "simulated": .bool(inspector.ledger != nil), "channels": .array(channels.map(\.json)),
                        "next": next.map { .string($0) },
                    ]))
                return
            }
            guard !channels.isEmpty else {
                Console.out("No channel yet.")
                return
            }
            Console.table(
                ["channel", "scheme", "status", "balance", "authorised", "charged", "captured", "claimable"],
                channels.map {
                    [
                        "\($0.id)", $0.scheme, $0.status, "\($0.balance)", "\($0.authorised)", "\($0.charged)",
                        "\($0.captured)", "\($0.claimable)",
                    ]
                }, right: Set(3...7))
            Console.out("(\(inspector.placeText))")
            if let next { Console.out("There are more: --after \(next)") }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show all that is known of one channel.")

        @Argument(help: "The channel's id: 0x and 64 digits.")
        var id: String
        @OptionGroup var store: StoreOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard ChannelID(hex: id) != nil else {
                throw ValidationError("'\(id)' is not 0x and 64 hexadecimal digits.")
            }
        }

        func run() async throws {
            guard let id = ChannelID(hex: id) else { return }
            let inspector = try await store.inspector()
            guard let channel = try await inspector.channel(id) else { throw EngineError.unknownChannel(id) }
            if output.json {
                Console.json(channel.json)
                return
            }
            for member in channel.json.members ?? [] {
                let name = member.name.padding(toLength: 20)
                Console.out("\(name)\(member.value.stringValue ?? member.value.text)")
            }
            Console.out("\("settlement".padding(toLength: 20))\(inspector.settlementText)")
        }
    }
}

extension String {
    func padding(toLength length: Int) -> String { self + String(repeating: " ", count: max(0, length - count)) }
}
