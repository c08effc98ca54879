// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives

struct WalletAccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Show the wallet's account on a chain.",
        discussion: "One key has one account on all EVM chains, and others on Stacks: one for each network.")
    @Option(name: .long, help: "CAIP-2 name of the chain, such as eip155:8453, stacks:1 or stacks:2147483648.")
    var network = "eip155:84532"
    @Option(name: .long, help: "A file with the key's passphrase in its first line.")
    var passphraseFile: String?
    @OptionGroup var wallet: WalletOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard let network = Network(network), network.evmChainID != nil || network.stacksChainID != nil else {
            throw ValidationError("--network takes a CAIP-2 name such as eip155:84532 or stacks:1.")
        }
    }

    func run() async throws {
        guard let network = Network(network) else { return }
        let text = network.text(of: try wallet.account(on: network, passphraseFile: passphraseFile))
        guard output.json else { return Console.out(text) }
        Console.json(["network": .string("\(network)"), "account": .string(text)])
    }
}
