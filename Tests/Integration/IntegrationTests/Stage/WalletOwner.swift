// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

/// Somebody with a wallet folder and the command that pays out of it.
struct WalletOwner: Sendable {
    let shop: Shop
    let path: String
    let address: String

    /// - Parameters:
    ///   - name: Of the wallet's folder.
    ///   - holding: What is in the account, in atomic units.
    init(_ shop: Shop, name: String = "wallet", holding: Int = 10_000_000) async throws {
        self.shop = shop
        path = shop.folder.file(name)
        let made = try await Farthing.run(
            ["wallet", "new", "--wallet", path, "--no-passphrase", "--json"], in: shop.folder)
        address = try #require(made.json?["address"]?.stringValue, "\(made.errors)")
        if holding > 0 { try await shop.mint(holding, to: address) }
    }

    var ledger: String { shop.store + ".ledger" }

    func url(_ path: String) -> String { "http://127.0.0.1:\(shop.serve.port)\(path)" }

    /// Runs `farthing pay` for a path of the shop.
    func pay(_ path: String, _ arguments: [String] = [], input: String? = nil) async throws -> Farthing.Outcome {
        try await run(["pay", url(path)] + arguments, input: input)
    }

    /// Runs `farthing wallet`.
    func wallet(_ arguments: String...) async throws -> Farthing.Outcome { try await run(["wallet"] + arguments) }

    /// Of no command may a secret come out.
    func run(_ arguments: [String], input: String? = nil) async throws -> Farthing.Outcome {
        let outcome = try await Farthing.run(
            arguments, environment: ["FARTHING_WALLET": path], input: input, in: shop.folder)
        let key = try JSON.parse(shop.folder.text("\(path.split(separator: "/").last ?? "")/key.json"))
        let digits = try #require(key["private_key"]?.stringValue?.dropFirst(2))
        #expect(!(outcome.output + outcome.errors).lowercased().contains(digits.lowercased()))
        return outcome
    }

    /// A run that goes on.
    func start(_ arguments: [String]) throws -> ChildProcess {
        try ChildProcess(arguments, environment: ["FARTHING_WALLET": path], folder: shop.folder.path)
    }

    func channels() async throws -> [JSON] {
        try #require(try await wallet("channels", "--json").json?["channels"]?.arrayValue)
    }

    /// The states of all entries, newest first.
    func history() async throws -> [JSON] {
        try #require(try await wallet("history", "--json", "--limit", "10000").json?["history"]?.arrayValue)
    }

    func states() async throws -> [String] { try await history().compactMap { $0["state"]?.stringValue } }

    /// The id of the only channel.
    func channel() async throws -> String {
        let channels = try await channels()
        try #require(channels.count == 1)
        return try #require(channels.first?["id"]?.stringValue)
    }

    /// What is in the account.
    func holdings() async throws -> String? {
        let outcome = try await wallet("balance", "--ledger", ledger, "--json")
        return outcome.json?["balances"]?.arrayValue?.first?["account"]?.stringValue
    }
}
