// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingWallet

struct WalletApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Let Permit2 take deposits of a token that this wallet signs.",
        discussion: """
            Payees that ask for deposits by Permit2 need it once for each token. It takes nothing without a signature \
            for each deposit. The transaction (--rpc) costs some of the chain's coin.
            """)
    @Argument(help: "The token's address: 0x and 40 digits.")
    var token: String
    @Option(name: .long, help: "The most that it may take in all; 0 takes the approval back.")
    var amount: String
    @OptionGroup var signing: SigningOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard Address(checking: token) != nil else {
            throw ValidationError("A token is 0x and 40 hexadecimal digits.")
        }
        guard TokenNames.amount(amount) != nil else {
            throw ValidationError("--amount takes atomic units, or $ and a number of a token with six decimals.")
        }
    }

    func run() async throws {
        guard let token = Address(checking: token), let amount = TokenNames.amount(amount),
            let network = Network(signing.views.network)
        else { return }
        let wallet = try signing.open()
        let id = try await wallet.approvePermit2(of: token, on: network, upTo: amount)
        guard output.json else { return Console.out("approved in \(id)") }
        Console.json(["transaction": .string("\(id)"), "amount": .string("\(amount)")])
    }
}
