// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

extension Interop {
    @Suite("The simulated contract", .timeLimit(.minutes(3)))
    struct SimulatedContract {}
}

extension Interop.SimulatedContract {
    @Test func `has the published ids and digests`() async throws {
        try await open { chain, vectors in
            for channel in vectors["channels"]?.arrayValue ?? [] where channel["chainId"]?.integerValue == 84_532 {
                let config = try #require(channel["abiEncodedConfig"]?.stringValue)
                let id = try await view(chain, vectors.selector("getChannelId") + config.dropFirst(2))
                #expect(id == channel["channelId"])
            }
            let vouchers = (vectors["vouchers"]?.arrayValue ?? []).filter { $0["chainId"]?.integerValue == 84_532 }
            #expect(!vouchers.isEmpty)
            for voucher in vouchers {
                let channel = try #require(voucher["channelId"]?.stringValue)
                let ceiling = try #require(voucher["maxClaimableAmount"]?.stringValue.flatMap(Amount.init(wire:)))
                let digits = Hex.digits(ABI.encode([.uint(ceiling)]))
                let digest = try await view(chain, vectors.selector("getVoucherDigest") + channel.dropFirst(2) + digits)
                #expect(digest == voucher["digest"])
            }
        }
    }

    @Test(arguments: [
        ("finalizeWithdraw", "NotAuthorizedToFinalizeWithdraw()"), ("initiateWithdraw", "InvalidChannel()"),
        ("multicall_claim_refund", "ClaimExceedsBalance()"),
    ])
    func `reverts with the published errors`(calldata: String, error: String) async throws {
        try await open { chain, vectors in
            let data = try #require(vectors["calldata"]?[calldata]?.stringValue)
            let answer = try await ask(chain, data)
            #expect(answer["error"]?["code"]?.integerValue == 3, "\(answer)")
            #expect(answer["error"]?["data"] == vectors["errorSelectors"]?[error], "\(answer)")
        }
    }

    @Test func `writes the published events, and no others`() async throws {
        try await OfficialServer.open { server, _ in
            let vectors = try published()
            let alice = try OfficialPayer(key: 0x11, at: server)
            try await server.chain.mint(100_000, for: alice.address)
            try await alice.pay("/weather", count: 3)
            _ = try await server.claim()
            try await alice.refund(1000)
            _ = try await alice.initiateWithdraw(1000)
            try await server.chain.increaseTime(by: 900)
            _ = try await alice.finalizeWithdraw()
            let filter: JSON = [
                "fromBlock": "earliest", "address": try #require(vectors["contracts"]?["settlement"]),
            ]
            let logs = try #require(try await server.chain.call("eth_getLogs", filter).arrayValue)
            let names = logs.map { log in
                vectors["eventTopics"]?.members?.first { $0.value == log["topics"]?.arrayValue?.first }?.name
                    .prefix { $0 != "(" }
            }
            let expected = [
                "ChannelCreated", "Deposited", "Claimed", "Settled", "Refunded", "WithdrawInitiated",
                "WithdrawFinalized",
            ]
            #expect(names.map { $0.map(String.init) } == expected)
            let channels = logs.filter { $0["topics"]?.arrayValue?[1].stringValue == alice.channel }
            #expect(channels.count == 6, "all but Settled are of the channel")
        }
    }

    @Test func `refuses what is no transaction, and answers a batch call by call`() async throws {
        try await open { chain, _ in
            let answer = try await Loopback.post(
                chain.url,
                ["jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": ["0x02c0"]])
            #expect(answer["error"]?["code"]?.integerValue == -32000, "\(answer)")
            let batch = try await Loopback.post(
                chain.url,
                [
                    ["jsonrpc": "2.0", "id": 7, "method": "eth_chainId", "params": []],
                    ["jsonrpc": "2.0", "id": 8, "method": "eth_nothing", "params": []],
                ])
            #expect(batch.arrayValue?.map { $0["id"]?.integerValue } == [7, 8])
            #expect(batch.arrayValue?.map { $0["error"]?["code"]?.integerValue } == [nil, -32601])
        }
    }

    private func open(_ body: (SimulatedChain, JSON) async throws -> Void) async throws {
        let folder = try Places.newFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let chain = try await SimulatedChain(in: folder)
        defer { chain.stop() }
        try await body(chain, try published())
    }

    private func published() throws -> JSON {
        let tests = Places.scripts.deletingLastPathComponent()
        let file = tests.appending(path: "Vectors/x402/batch_settlement_crypto.json")
        return try JSON.parse(Array(try Data(contentsOf: file)))
    }

    private func view(_ chain: SimulatedChain, _ data: String) async throws -> JSON? {
        try await ask(chain, data)["result"]
    }

    private func ask(_ chain: SimulatedChain, _ data: String) async throws -> JSON {
        let settlement = "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"
        let call: JSON = ["to": .string(settlement), "data": .string(data)]
        return try await Loopback.post(
            chain.url, ["jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call, "latest"]])
    }
}

extension JSON {
    /// The selector of a function of the contract, among the published vectors.
    fileprivate func selector(_ function: String) throws -> String {
        try #require(self["selectors"]?[function]?["selector"]?.stringValue)
    }
}
