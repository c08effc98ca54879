// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Synchronization
import Testing

/// Everything that takes part: an upstream, a node before it with a store of its own, and a wallet full of money.
final class Shop: Sendable {
    struct NotOpen: Error {}
    struct NoOffer: Error { let reply: HTTPReply }

    /// The one that the suite's ``ShopTrait`` opened.
    @TaskLocal static var current: Shop?

    static let receiver = "0x1563915e194D8CfBA1943570603F7606A3115508"
    static let minted = 1_000_000_000_000

    let folder: TemporaryFolder
    let upstream: TestUpstream
    let wallet: KeySigner
    private let arguments: [String]
    private let running: Mutex<ServeProcess>
    private let mintedLater = Mutex(0)

    var serve: ServeProcess { running.withLock { $0 } }
    var client: RawHTTPClient { serve.client }
    var store: String { folder.file("store") }

    static func shared() throws -> Shop {
        guard let current else { throw NotOpen() }
        return current
    }

    /// - Parameter arguments: What `serve` is told besides the necessary; when there is no price among it, everything
    ///   costs 1000 units.
    init(_ arguments: [String] = [], environment: [String: String] = [:], upstream: TestUpstream? = nil) async throws {
        folder = try TemporaryFolder()
        wallet = KeySigner(.random())
        self.upstream = try upstream ?? TestUpstream()
        let isPriced = arguments.contains("--price") || arguments.contains("--route")
        self.arguments =
            [
                "--upstream", self.upstream.url, "--pay-to", Self.receiver, "--store", folder.file("store"),
                "--claim-every", "86400",
            ] + arguments + (isPriced ? [] : ["--price", "1000"])
        let minted = try await Farthing.run(
            [
                "ledger", "mint", "--create", "--store", folder.file("store"), "--to", wallet.address.checksummed,
                "--amount",
                "\(Self.minted)",
            ], in: folder)
        try #require(minted.exitCode == 0, "\(minted.errors)")
        running = Mutex(try await ServeProcess.start(self.arguments, environment: environment, in: folder))
    }

    /// Starts the node again on the same store.
    func restart() async throws {
        let serve = try await ServeProcess.start(arguments, in: folder)
        running.withLock { $0 = serve }
    }

    /// Stops the node, and sees that all is well with what it leaves behind.
    func close(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let code = try await serve.stop()
        #expect(code == 0, "\(serve.child.errors)", sourceLocation: sourceLocation)
        try await expectSound(sourceLocation: sourceLocation)
        try expectDiscreet(serve.child.output + serve.child.errors, sourceLocation: sourceLocation)
    }

    // MARK: - Payers

    /// Gives an account money of its own.
    func mint(_ amount: Int, to account: String) async throws {
        let minted = try await Farthing.run(
            ["ledger", "mint", "--store", store, "--to", account, "--amount", "\(amount)"], in: folder)
        try #require(minted.exitCode == 0, "\(minted.errors)")
        mintedLater.withLock { $0 += amount }
    }

    /// What is asked for at a path.
    func offer(at path: String = "/") async throws -> JSON {
        let reply = try await client.get(path)
        guard reply.status == 402, let offer = reply.offer else { throw NoOffer(reply: reply) }
        return offer
    }

    /// A payer with an empty channel of its own.
    func payer(at path: String = "/", key: KeySigner? = nil) async throws -> TestPayer {
        try #require(TestPayer(key ?? wallet, offer: try await offer(at: path)))
    }

    /// A payer that has paid once, so that its channel is open and known.
    func regular(at path: String = "/welcome") async throws -> TestPayer {
        var payer = try await payer(at: path)
        try payer.settle(await get(path, paying: payer.pay()))
        return payer
    }

    func get(
        _ path: String, paying payment: JSON, within limit: Duration = .seconds(20)
    ) async throws -> HTTPReply {
        try await client.get(path, [("PAYMENT-SIGNATURE", payment.header)], within: limit)
    }

    // MARK: - Books

    func books() async throws -> [ChannelID: ChannelBooks] { try await ChannelBooks.all(inStore: store) }

    func books(of payer: TestPayer) async throws -> ChannelBooks {
        try #require(try await books()[payer.channel], "the store does not know the channel")
    }

    /// What the accounts of the ledger add up to.
    func money() async throws -> Int {
        let outcome = try await Farthing.run(["ledger", "accounts", "--store", store, "--json"], in: folder)
        let accounts = try #require(outcome.json?["accounts"]?.arrayValue, "\(outcome.errors)")
        return accounts.compactMap { $0["units"]?.stringValue.flatMap { Int($0) } }.reduce(0, +)
    }

    /// Every page, signature and sum is as it must be, and no unit of money was made or lost.
    func expectSound(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let outcome = try await Farthing.run(["store", "verify", "--store", store, "--json"], in: folder)
        #expect(outcome.exitCode == 0, "\(outcome.output) \(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.json?["ok"] == true, "\(outcome.output)", sourceLocation: sourceLocation)
        #expect(
            try await money() == Self.minted + mintedLater.withLock { $0 }, sourceLocation: sourceLocation)
    }

    /// Neither the payee's key nor anything that looks like a signature is in this text.
    func expectDiscreet(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let key = try JSON.parse(folder.text("store.authorizer.key"))["private_key"]?.stringValue
        let digits = try #require(key).dropFirst(2)
        #expect(digits.count == 64, sourceLocation: sourceLocation)
        let lower = text.lowercased()
        #expect(!lower.contains(digits.lowercased()), "the key is in the log", sourceLocation: sourceLocation)
        #expect(
            lower.firstMatch(of: /[0-9a-f]{128}/) == nil, "a signature is in the log", sourceLocation: sourceLocation)
    }
}
