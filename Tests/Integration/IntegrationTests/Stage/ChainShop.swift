// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Synchronization
import Testing

/// A node that settles on a local chain, with all that it needs, and a wallet that has money there.
final class ChainShop: Sendable {
    static let minted = 1_000_000

    let devnet: Devnet
    let folder: TemporaryFolder
    let upstream: TestUpstream
    /// An account of the chain's own, which signs what a test asks the chain for.
    let wallet: KeySigner
    /// Who pays for the node's transactions.
    let sender: Address
    private let confirmations: Int
    /// How commands are told where channels are settled.
    private let place: [String]
    private let arguments: [String]
    private let running: Mutex<ServeProcess>

    var serve: ServeProcess { running.withLock { $0 } }
    var store: String { folder.file("store") }

    /// - Parameters:
    ///   - confirmations: How many blocks must hold a transaction before it counts.
    ///   - claimEvery: Seconds between two claims.
    init(confirmations: Int, claimEvery: Int) async throws {
        self.confirmations = confirmations
        // As Base Sepolia looks to whoever knows only that.
        devnet = try await Devnet.start(["--chain-id", "84532"])
        try await devnet.installStandardContracts()
        folder = try TemporaryFolder()
        upstream = try TestUpstream()
        wallet = try Self.signer(devnet.accounts[1].key)
        try await devnet.mint(Self.minted, for: wallet.address)
        // The contracts must have been there that deep.
        try await devnet.ask("evm_mine", ["blocks": .integer(confirmations)])
        place = [
            "--settlement", "evm", "--rpc", devnet.urls[0], "--confirmations", "\(confirmations)", "--chain-poll", "20",
            "--chain-patience", "1",
        ]
        arguments =
            [
                "--upstream", upstream.url, "--pay-to", Shop.receiver, "--store", folder.file("store"), "--price",
                "1000", "--claim-every", "\(claimEvery)", "--timeout", "600",
            ] + place
        running = Mutex(try await ServeProcess.start(arguments, in: folder))
        let key = try JSON.parse(folder.text("store.authorizer.key"))["private_key"]?.stringValue
        sender = try Self.signer(try #require(key)).address
        try await devnet.ask("anvil_setBalance", .string(sender.hex), "0x56bc75e2d63100000")
        // What the newest block says would be lost with it.
        try await devnet.ask("evm_mine")
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
        let outcome = try await Farthing.run(["store", "verify", "--store", store, "--json"] + place, in: folder)
        #expect(outcome.exitCode == 0, "\(outcome.output) \(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.json?["ok"] == true, "\(outcome.output)", sourceLocation: sourceLocation)
        #expect(outcome.json?["pendingEffects"]?.integerValue == 0, "\(outcome.output)", sourceLocation: sourceLocation)
    }

    /// Waits for what must come sooner or later, however slow the machine is.
    func wait(
        every pause: Duration = .milliseconds(20), sourceLocation: SourceLocation = #_sourceLocation,
        until holds: () async throws -> Bool
    ) async throws {
        let isSo = try await eventually(within: .seconds(60), every: pause, holds)
        try #require(isSo, "\(serve.child.errors)", sourceLocation: sourceLocation)
    }

    private static func signer(_ key: String) throws -> KeySigner {
        let bytes = try #require(Hex.decode(String(key.dropFirst(2))))
        guard let key = PrivateKey(bytes) else { throw DevnetFault.noStart("a key is none") }
        return KeySigner(key)
    }

    // MARK: - Payers

    /// A payer with an empty channel of its own.
    func payer(key: KeySigner? = nil) async throws -> TestPayer {
        let reply = try await serve.client.get("/", within: .seconds(60))
        let offer = try #require(reply.offer)
        return try #require(TestPayer(key ?? wallet, offer: offer))
    }

    func get(_ path: String, paying payment: JSON) async throws -> HTTPReply {
        try await serve.client.get(path, [("PAYMENT-SIGNATURE", payment.header)], within: .seconds(120))
    }

    /// Pays for the first time: blocks come until the deposit is as deep as it must be.
    func open(_ payer: inout TestPayer) async throws {
        let (payment, channel) = (try payer.pay(), payer.channel)
        async let answer = get("/opening", paying: payment)
        try await wait { try await locked(in: channel) > 0 }
        if confirmations > 1 { try await devnet.ask("evm_mine", ["blocks": .integer(confirmations - 1)]) }
        try payer.settle(await answer)
    }

    /// What the store says of a channel, if it knows it.
    func books(of payer: TestPayer) async throws -> ChannelBooks? {
        try await ChannelBooks.all(inStore: store)[payer.channel]
    }

    // MARK: - The chain

    /// The newest blocks are replaced by others, and none of their transactions is there any more.
    ///
    /// - Parameters:
    ///   - lot: `dropped` when nobody hears of them again, `pooled` when they wait for a block.
    ///   - rivals: Transactions of the new branch, each with the index of its block.
    func reorganise(blocks: Int = 1, _ lot: String = "dropped", rivals: [JSON] = []) async throws {
        let options = JSON.object([JSON.Member(name: lot, value: "all")])
        try await devnet.ask("anvil_reorg", .integer(blocks), .array(rivals), options)
    }

    /// Returns when the node has heard what became of its transaction, as things stand.
    func waitUntilHeard() async throws {
        // The second question is asked when the first is answered.
        try await devnet.ask(
            "devnet_fault", ["method": "eth_getTransactionReceipt", "kind": "slow", "delay": 0, "count": 2])
        try await wait { try await devnet.ask("devnet_faults").arrayValue?.isEmpty == true }
    }

    /// Whether transactions of the node wait for a block.
    var isSending: Bool {
        get async throws {
            let account = JSON.string(sender.hex)
            let pending = try await devnet.ask("eth_getTransactionCount", account, "pending")
            return try await pending != devnet.ask("eth_getTransactionCount", account, "latest")
        }
    }

    func held(_ account: Address) async throws -> UInt128 {
        try await first(of: ABI.call("balanceOf(address)", [.address(account)]), at: Devnet.usdc)
    }

    /// What was paid out to the payee.
    func earned() async throws -> UInt128 { try await held(try #require(Address(hex: Shop.receiver))) }

    /// What a channel holds in the newest block.
    func locked(in channel: ChannelID) async throws -> UInt128 {
        try await first(of: ABI.call("channels(bytes32)", [.bytes32(channel.hash)]), at: contract())
    }

    /// What was claimed from a channel, one amount for each time.
    func claims(from channel: ChannelID) async throws -> [UInt128] {
        let topic = Keccak256.hash(utf8: "Claimed(bytes32,address,uint128,uint128)")
        let logs = try await devnet.ask(
            "eth_getLogs",
            [
                "fromBlock": "0x0", "address": .string(try contract()),
                "topics": [.string(Hex.encode(topic.bytes)), .string(Hex.encode(channel.hash.bytes))],
            ])
        return try (logs.arrayValue ?? []).map { try Self.firstWord($0["data"]) }
    }

    private func contract() throws -> String {
        try #require(SettlementDomain(network: Network(evm: devnet.chainID))).contract.hex
    }

    private func first(of call: [UInt8], at contract: String) async throws -> UInt128 {
        try Self.firstWord(
            try await devnet.ask("eth_call", ["to": .string(contract), "data": .string(Hex.encode(call))], "latest"))
    }

    private static func firstWord(_ data: JSON?) throws -> UInt128 {
        let digits = try #require(data?.stringValue).dropFirst(2).prefix(64)
        return try #require(UInt128(digits, radix: 16))
    }
}
