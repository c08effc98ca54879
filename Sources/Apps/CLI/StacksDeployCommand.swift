// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import ArgumentParser
import FarthingAssembly
import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Foundation

struct StacksDeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy", abstract: "Deploy the contracts of channels, and write down where they are.",
        discussion: """
            The key's account pays. What it has deployed before is not deployed again. The contracts belong to nobody: \
            who deploys them can do no more with them than anybody else.
            """)
    @Option(name: .long, help: "The URL of a Stacks node.")
    var rpc: String
    @Option(name: .long, help: "CAIP-2 name of the chain: stacks:1 is mainnet, stacks:2147483648 the testnet.")
    var network = "stacks:2147483648"
    @Option(name: .long, help: "The file of the key that pays.")
    var key: String
    @Option(name: .long, help: "A file with the key's passphrase in its first line.")
    var passphraseFile: String?
    @Option(name: .long, help: "A token that can be paid with, ADDRESS.contract::asset; may be given several times.")
    var asset: [String] = []
    @Flag(name: .long, help: "Deploy a token that everybody may mint, too: for simulated chains.")
    var testToken = false
    @Option(name: .long, help: "How many blocks of Bitcoin to wait for after each contract.")
    var confirmations: UInt64 = 0
    @Option(name: .long, help: "The file to write, for --contracts of other commands.")
    var out = "stacks.json"
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard Network(network)?.stacksChainID != nil else {
            throw ValidationError("--network takes a CAIP-2 name such as stacks:1.")
        }
        guard asset.allSatisfy({ StacksAsset($0)?.contract != nil }) else {
            throw ValidationError("--asset takes ADDRESS.contract::asset.")
        }
    }

    func run() async throws {
        guard !FileManager.default.fileExists(atPath: out) else {
            throw ConfigurationError.bad(key: "out", value: out, why: "it is there already")
        }
        // What cannot be written down is not paid for.
        let file = try OutputFile(out)
        guard let chain = Network(network) else { return }
        let office = try StacksOffice(rpc: rpc, network: chain, key: key, confirmations: confirmations) {
            try passphraseFile.map(PassphraseOptions.firstLine)
        }
        let registry = try await office.deploy(assets: asset, makesTestToken: testToken) { contract, wasThere in
            if !output.json { Console.out("\(wasThere ? "there   " : "deployed") \(contract)") }
        }
        try file.write(registry.bytes + [0x0a])
        try file.finish()
        guard output.json else {
            for asset in registry["assets"]?.arrayValue ?? [] { Console.out("token    \(asset.stringValue ?? "")") }
            return Console.out("written: \(out)")
        }
        Console.json(["file": .string(out), "registry": registry])
    }
}
