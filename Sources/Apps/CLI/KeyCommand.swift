// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingChannels
import FarthingEncodings
import FarthingKeyFiles
import FarthingPrimitives
import Foundation

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make, look at and import private keys.",
        discussion: """
            A key file is for its owner alone (mode 0600). With a passphrase it is a Web3 keystore, version 3, which \
            other wallets read. The passphrase is asked for, or read from the first line of --passphrase-file.
            """,
        subcommands: [New.self, Show.self, Import.self])

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a new key.")
        @Argument(help: "The file to write; it must not be there yet.")
        var file: String
        @OptionGroup var passphrase: PassphraseOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let key = PrivateKey.random()
            try KeyFile.create(key, at: file, passphrase: try passphrase.forWriting())
            KeyCommand.tell(key.address, file, isEncrypted: !passphrase.noPassphrase, output)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the address of a key file.", discussion: "The private key itself is never printed.")
        @Argument(help: "The key file.")
        var file: String
        @Option(name: .long, help: "CAIP-2 name of the chain whose account is shown, such as stacks:1.")
        var network = "eip155:1"
        @Option(name: .long, help: "A file with the key's passphrase in its first line, for an account on Stacks.")
        var passphraseFile: String?
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard let network = Network(network), network.evmChainID != nil || network.stacksChainID != nil else {
                throw ValidationError("--network takes a CAIP-2 name such as eip155:1 or stacks:1.")
            }
        }

        func run() async throws {
            let text = try text()
            if output.json {
                Console.json(["address": .string(text), "file": .string(file)])
            } else {
                Console.out(text)
            }
        }

        /// A key file says its EVM address by itself; for another account the key is needed.
        private func text() throws -> String {
            guard let chain = Network(network), chain.accountForm == .hash160 else {
                return try KeyFile.address(of: file).checksummed
            }
            let key = try KeyFile.read(file) { try passphraseFile.map(PassphraseOptions.firstLine) }
            return chain.text(of: key.publicKey.account(.hash160))
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a key file from a key that is known.",
            discussion: "Reads 64 hexadecimal digits or a Web3 keystore from a file or from standard input.")
        @Argument(help: "The file to write; it must not be there yet.")
        var file: String
        @Option(name: .long, help: "Where the key is; '-' is standard input.")
        var from = "-"
        @Option(name: .long, help: "The passphrase of the keystore that is read: a file with it in its first line.")
        var fromPassphraseFile: String?
        @OptionGroup var passphrase: PassphraseOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let data =
                from == "-" ? try FileHandle.standardInput.readToEnd() : FileManager.default.contents(atPath: from)
            guard let data else {
                if from == "-" {
                    throw ValidationError("Nothing came on standard input: give the key there or by --from.")
                }
                throw KeyFileError.missing(path: from)
            }
            var text = Array(data)
            defer { PrivateKey.wipe(&text) }
            let key = try KeyFile.importKey(from: text) {
                if let fromPassphraseFile { return try PassphraseOptions.firstLine(of: fromPassphraseFile) }
                return try PassphraseOptions.ask("Passphrase of the keystore: ")
            }
            try KeyFile.create(key, at: file, passphrase: try passphrase.forWriting())
            KeyCommand.tell(key.address, file, isEncrypted: !passphrase.noPassphrase, output)
        }
    }

    private static func tell(_ address: Address, _ file: String, isEncrypted: Bool, _ output: OutputOptions) {
        if output.json {
            Console.json([
                "address": .string(address.checksummed), "file": .string(file), "encrypted": .bool(isEncrypted),
            ])
        } else {
            Console.out(address.checksummed)
            Console.error("Written to \(file)\(isEncrypted ? "" : ", not encrypted")")
        }
    }
}

/// How a command gets a passphrase without it ever standing on the command line.
struct PassphraseOptions: ParsableArguments {
    @Option(name: .long, help: "A file with the passphrase in its first line.")
    var passphraseFile: String?
    @Flag(name: .long, help: "Leave the key file unencrypted.")
    var noPassphrase = false

    func validate() throws {
        if noPassphrase && passphraseFile != nil {
            throw ValidationError("Give --passphrase-file or --no-passphrase, not both.")
        }
    }

    /// `nil` when the file is to be left open.
    func forWriting() throws -> [UInt8]? {
        if noPassphrase { return nil }
        if let passphraseFile { return try Self.firstLine(of: passphraseFile) }
        let passphrase = try Self.ask("New passphrase: ")
        guard try Self.ask("The same again: ") == passphrase else { throw ValidationError("They differ.") }
        return passphrase
    }

    static func firstLine(of path: String) throws -> [UInt8] {
        let files = FileManager.default
        guard files.fileExists(atPath: path) else { throw PassphraseFault.missing(path) }
        guard let data = files.contents(atPath: path) else { throw PassphraseFault.unreadable(path) }
        PassphraseFault.warn(of: path)
        return Array(data.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })
    }

    static func ask(_ prompt: String) throws -> [UInt8] {
        guard let line = SilentTerminal.line(prompt) else {
            throw ValidationError("There is no terminal to ask on: give --passphrase-file or --no-passphrase.")
        }
        return Array(line.utf8)
    }
}
