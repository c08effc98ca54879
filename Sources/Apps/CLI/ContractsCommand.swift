// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Foundation

struct ContractsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contracts", abstract: "Make the contracts on an EVM chain, and look whether they are there.",
        discussion: """
            Vouchers are settled by x402's contracts, which are on many chains already; those of the other schemes are \
            ours. They belong to nobody: who makes them can do no more with them than anybody else.
            """,
        subcommands: [Deploy.self, Verify.self, CollectCommand.self])

    struct Deploy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make all contracts, and write down where they are.",
            discussion: "The key's account pays for gas. Contracts that a file of --contracts names are not made again."
        )
        @Option(name: .long, help: "The URL of the chain's JSON-RPC endpoint.")
        var rpc: String
        @Option(name: .long, help: "The file of the key that pays.")
        var key: String
        @Option(name: .long, help: "A file with the key's passphrase in its first line.")
        var passphraseFile: String?
        @Option(name: .long, help: "The token of two-way channels, which have a contract for each token.")
        var token: String?
        @Flag(name: .long, help: "Make the contract of two-way channels for the chain's own coin.")
        var coin = false
        @Flag(name: .long, help: "Make a token that everybody may mint, too: for local chains.")
        var testToken = false
        @Flag(name: .long, help: "Make a contract for vouchers, too, where x402's is not there.")
        var vouchers = false
        @Option(name: .long, help: "The file to write, for --contracts of other commands.")
        var out = "contracts.json"
        @Option(name: .long, help: "The most that gas may cost, in gwei.")
        var highestGasPrice: String?
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if token.map({ Address(checking: $0) == nil }) ?? false {
                throw ValidationError("--token takes 0x and 40 hexadecimal digits.")
            }
            guard [token != nil, testToken, coin].filter(\.self).count < 2 else {
                throw ValidationError("Give one of --token, --test-token and --coin.")
            }
            if highestGasPrice.map({ ContractOffice.price(gwei: $0) == nil }) ?? false {
                throw ValidationError("--highest-gas-price takes a number of gwei, such as 50 or 0.5.")
            }
        }

        func run() async throws {
            guard !FileManager.default.fileExists(atPath: out) else {
                throw ConfigurationError.bad(key: "out", value: out, why: "it is there already")
            }
            // What cannot be written down is not paid for.
            let file = try OutputFile(out)
            Console.progress("asking the chain")
            let office = try await ContractOffice.open(
                rpc: rpc, key: key, highestFee: highestGasPrice.flatMap(ContractOffice.price)
            ) { try passphraseFile.map(PassphraseOptions.firstLine) }
            let made = try await office.deploy(
                token: coin ? Token.coinAddress : token.flatMap(Address.init(checking:)), makesTestToken: testToken,
                makesVouchers: vouchers
            ) { line, done, total in
                if let line, !output.json { Console.out(line) }
                Console.progress("\(done)/\(total) contracts made", isLast: done == total)
            }
            try file.write(made.json.bytes + [0x0a])
            try file.finish()
            guard output.json else { return Console.out("written: \(out)") }
            Console.json(
                .object([
                    "file": .string(out), "registry": made.json, "token": made.token.map { .string($0.checksummed) },
                ]))
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare what is on the chain with what was compiled here.",
            discussion: "Exits with 1 when something is missing. Foreign code is no fault: x402's has other makers.")
        @Option(name: .long, help: "The URL of the chain's JSON-RPC endpoint; several with commas.")
        var rpc: String
        @Option(name: .long, help: "A file of 'farthing contracts deploy'; without it x402's contracts are looked at.")
        var contracts: String?
        @OptionGroup var output: OutputOptions

        func run() async throws {
            Console.progress("asking the chain")
            let findings = try await ContractOffice.verify(rpc: rpc, contracts: contracts)
            if output.json {
                Console.json([
                    "contracts": .array(
                        findings.map { finding in
                            [
                                "name": .string(finding.name), "address": .string(finding.address.checksummed),
                                "code": .string(finding.code),
                            ]
                        })
                ])
            } else {
                Console.table(
                    ["contract", "address", "code"], findings.map { [$0.name, $0.address.checksummed, $0.code] })
            }
            if findings.contains(where: { $0.code == "nothing" }) { throw ExitCode(1) }
        }
    }
}
