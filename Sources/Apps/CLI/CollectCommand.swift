// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives

struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Have paid what contracts could not pay when a channel ended.",
        discussion: """
            A token that bars an account, or refuses a transfer, holds up nobody else: the contract keeps the money for \
            its owner. With --account it is told what is kept; with --key it is paid, to that key's account or to --to.
            """)

    @Option(name: .long, help: "The URL of the chain's JSON-RPC endpoint; several with commas.")
    var rpc: String
    @Option(name: .long, help: "The file of 'farthing contracts deploy'.")
    var contracts: String
    @Option(name: .long, help: "The account to look after, when nothing is to be paid.")
    var account: String?
    @Option(name: .long, help: "The file of the key whose account is paid; it pays for gas.")
    var key: String?
    @Option(name: .long, help: "A file with the key's passphrase in its first line.")
    var passphraseFile: String?
    @Option(name: .long, help: "To whom it is paid, if not to the account itself.")
    var to: String?
    @Option(name: .long, help: "A token to look for; may be given many times. Two-way channels name their own.")
    var token: [String] = []
    @Option(name: .long, help: "The most that gas may cost, in gwei.")
    var highestGasPrice: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (account == nil) != (key == nil) else { throw ValidationError("Give --account or --key.") }
        if key == nil, to != nil { throw ValidationError("--to needs --key.") }
        for text in [account, to].compactMap({ $0 }) + token where Address(checking: text) == nil {
            throw ValidationError("'\(text)' is not 0x and 40 hexadecimal digits.")
        }
        if highestGasPrice.map({ ContractOffice.price(gwei: $0) == nil }) ?? false {
            throw ValidationError("--highest-gas-price takes a number of gwei, such as 50 or 0.5.")
        }
    }

    func run() async throws {
        let found = try await owed()
        if output.json {
            return Console.json([
                "credits": .array(
                    found.map { owed in
                        [
                            "contract": .string(owed.contract), "token": .string(owed.token.checksummed),
                            "amount": .string("\(owed.amount)"),
                            "transaction": owed.transaction.map { .string("\($0)") } ?? .null,
                        ]
                    })
            ])
        }
        guard !found.isEmpty else { return Console.out("nothing is owed") }
        Console.table(
            ["contract", "token", "amount", "transaction"],
            found.map {
                [$0.contract, $0.token.checksummed, "\($0.amount)", $0.transaction.map { "\($0)" } ?? "–"]
            })
    }

    private func owed() async throws -> [ContractOffice.Owed] {
        let tokens = token.compactMap(Address.init(checking:))
        guard let key else {
            guard let account = account.flatMap(Address.init(checking:)) else { return [] }
            return try await ContractOffice.owed(to: account, tokens: tokens, rpc: rpc, contracts: contracts)
        }
        let office = try await ContractOffice.open(
            rpc: rpc, key: key, contracts: contracts, highestFee: highestGasPrice.flatMap(ContractOffice.price)
        ) { try passphraseFile.map(PassphraseOptions.firstLine) }
        return try await office.collect(tokens: tokens, to: to.flatMap(Address.init(checking:)))
    }
}
