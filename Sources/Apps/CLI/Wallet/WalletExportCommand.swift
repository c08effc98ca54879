// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingEncodings
import FarthingPrimitives
import FarthingWallet
import Foundation

struct WalletExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the wallet's channels and history into one file.",
        discussion: """
            The key stays where it is, unless --with-key is given; then it goes along as it is, encrypted. Keep the \
            file for yourself in any case: prepaid channels can be paid out of with what it says of them.
            """)
    @Argument(help: "The file to write; it must not be there yet.")
    var file: String
    @Flag(name: .long, help: "With the key file, which must be encrypted.")
    var withKey = false
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard !FileManager.default.fileExists(atPath: file) else {
            throw PayFault.unwritable(path: file, reason: "there is something already")
        }
        let books = try await wallet.folder.export(withKey: withKey)
        let target = try OutputFile(file, isSecret: true)
        try target.write(books.json.prettyText().utf8)
        try target.write("\n".utf8)
        try target.finish()
        if output.json {
            return Console.json([
                "file": .string(file), "address": .string(books.address.checksummed),
                "channels": .integer(books.channels.count + books.prepaid.count),
                "entries": .integer(books.history.count),
                "withKey": .bool(withKey),
            ])
        }
        let channels = books.channels.count + books.prepaid.count
        Console.out("Wrote \(channels) channels and \(books.history.count) entries to \(file)")
    }
}

struct WalletImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take in what `farthing wallet export` wrote.",
        discussion: """
            Of a channel that both know, the books that know more win, and nothing of either is lost. Taking in the \
            same file twice changes nothing. A wallet that is not there yet is made when its key is in the file.
            """)
    @Argument(help: "The file to read.")
    var file: String
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: file) else {
            throw PayFault.missing(file: file)
        }
        guard (attributes[.size] as? Int).map({ $0 <= WalletBooks.maximumBytes }) ?? false,
            let data = FileManager.default.contents(atPath: file)
        else { throw PayFault.unreadable(file: file) }
        let merge = try await wallet.folder.take(in: try WalletBooks(file: Array(data)))
        if output.json {
            return Console.json([
                "added": .integer(merge.added), "merged": .integer(merge.merged),
                "unchanged": .integer(merge.unchanged), "entries": .integer(merge.entries),
            ])
        }
        Console.out(
            "Channels: \(merge.added) new, \(merge.merged) merged, \(merge.unchanged) as they were; "
                + "\(merge.entries) entries of history")
    }
}

struct WalletPolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Show the spending policy in force as JSON, or check a file.",
        discussion: "The policy is DIR/policy.json; without that file a careful one holds, which is shown then.")
    @Option(name: .long, help: "Show this file's policy instead, or say what is wrong with it.")
    var check: String?
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let check else { return Console.json(try wallet.folder.policy().json) }
        guard let data = FileManager.default.contents(atPath: check) else { throw PayFault.missing(file: check) }
        Console.json(try SpendingPolicy(file: Array(data)).json)
    }
}
