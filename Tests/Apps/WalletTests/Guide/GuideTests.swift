// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import FarthingChannels
import FarthingHTTP402Client
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingWallet
import Foundation
import NIOCore
import Testing

let usdc = Market.token.address
let shop = Address(hex: "0x1563915e194D8CfBA1943570603F7606A3115508") ?? .zero

@Suite("The payer's guide", .timeLimit(.minutes(2)))
struct GuideTests {
    /// A wallet with money, in a folder of its own.
    private func folder(in market: Market) async throws -> WalletFolder {
        let folder = WalletFolder(path: market.folder.appending(path: "wallet").path(percentEncoded: false))
        let address = try folder.make(passphrase: nil)
        try await market.ledger.mint(to: address, token: usdc, amount: 1_000_000)
        return folder
    }

    @Test func `pays from a Swift app`() async throws {
        try await Market.open { market in
            let folder = try await folder(in: market)
            let answer = try await weather(at: market.url, from: folder)
            #expect(try await tell(answer) == "1000 units: sunny\n")
            #expect(try await weathers(of: ["oslo", "vienna", "athens", "lisbon"], at: market.url, from: folder) == 4)
            #expect(market.upstream.calls == 5)
        }
    }

    @Test func `signs where the key is kept`() async throws {
        try await Market.open { market in
            let key = KeySigner(PrivateKey.random())
            try await market.ledger.mint(to: key.address, token: usdc, amount: 1_000_000)
            let signer = KeychainSigner(address: key.address) { key }
            let wallet = Wallet(journal: try Journal(path: nil), lockFolder: nil, signer: signer)
            let answer = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(answer.receipt?.charged == 1000)
        }
    }

    @Test func `keeps to a budget, and asks a person`() async throws {
        let policy = carefulPolicy()
        #expect(allows(5_000, under: policy, spentToday: 0))
        #expect(!allows(10_001, under: policy, spentToday: 0))
        #expect(!allows(1_000, under: policy, spentToday: 1_999_001))
        try await Market.open { market in
            let folder = try await folder(in: market)
            let json = try #require(Self.block("json", of: "SetABudget").first)
            try Data(json.utf8).write(to: URL(filePath: folder.policyPath))
            let refusing = try askingWallet(in: folder) { _ in false }
            let refusal = await #expect(throws: PolicyRefusal.self) {
                try await refusing.client().execute(PayingRequest(url: market.url + "/weather"))
            }
            #expect(refusal.flatMap(reason)?.hasPrefix("policy.not-approved") == true)
            let agreeing = try askingWallet(in: folder) { $0.contains("never paid before") }
            let answer = try await agreeing.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(answer.receipt?.charged == 1000)
        }
    }

    @Test func `gets the money back, with the payee and without`() async throws {
        try await Market.open { market in
            let wallet = try await market.wallet(holding: 100_000)
            _ = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            let channel = try #require(try await wallet.journal.channels().first).id
            #expect(try await mend(wallet) == 0)
            #expect(try await leave(channel, of: wallet) == 9000)
            _ = try await wallet.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(try await withdraw(channel, of: wallet).hasPrefix("asked for"))
            #expect(try await withdraw(channel, of: wallet).contains("can be had from"))
            try await market.ledger.advance(seconds: 900)
            try await market.node.books.catchUp()
            #expect(try await withdraw(channel, of: wallet) == "got 9000")
            #expect(try await market.ledger.balance(of: wallet.address, token: usdc) == 98_000)
        }
    }

    @Test func `finds its channels with nothing but the key`() async throws {
        try await Market.open { market in
            let key = KeySigner(PrivateKey.random())
            try await market.ledger.mint(to: key.address, token: usdc, amount: 100_000)
            let first = Wallet(journal: try Journal(path: nil), lockFolder: nil, signer: key, views: [market.ledger])
            _ = try await first.client().execute(PayingRequest(url: market.url + "/weather"))
            let found = try await recover(with: key, on: market.ledger, since: 0)
            #expect(try await found.journal.channels().map(\.books.balance) == [10_000])
            let answer = try await found.client().execute(PayingRequest(url: market.url + "/weather"))
            #expect(answer.receipt?.charged == 1000)
            #expect(try await market.faults(with: found) == [])
        }
    }

    // MARK: - The articles themselves

    @Test(arguments: ["PayFromYourSwiftApp", "SetABudget", "GetYourMoneyBack"])
    func `shows code that is compiled and run here`(article: String) throws {
        let compiled = try String(
            contentsOf: Self.tests.appending(path: "Guide/\(article).swift"), encoding: .utf8)
        for block in try Self.block("swift", of: article) {
            let code = block.split(separator: "\n", omittingEmptySubsequences: false)
                .filter { !$0.hasPrefix("import ") }.joined(separator: "\n").trimmingCharacters(in: .newlines)
            #expect(compiled.contains(code), "in \(article): \(code.prefix(80))")
        }
    }

    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    private static func block(_ language: String, of article: String) throws -> [String] {
        let root = tests.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appending(path: "Sources/Apps/Wallet/FarthingWallet.docc/\(article).md")
        return try String(contentsOf: path, encoding: .utf8).components(separatedBy: "```\(language)\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
    }
}
