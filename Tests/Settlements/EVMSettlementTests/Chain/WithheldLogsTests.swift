// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Synchronization
import Testing

@testable import FarthingEVMSettlement

@Suite("Logs that an endpoint does not tell", .timeLimit(.minutes(2)))
struct WithheldLogsTests {
    private static let block: UInt64 = 80

    private static func number(_ json: JSON?) -> UInt64 { (try? Quantity.read(json, "a number")) ?? 0 }

    /// A chain of 256 blocks, of which one's claims are refused however they are asked for.
    private static func answer(_ method: String, _ parameters: [JSON], isRefused: Bool) -> ScriptedNode.Answer? {
        switch method {
        case "eth_blockNumber": return .result("0x100")
        case "eth_getBlockByNumber":
            let height = parameters.first == "latest" ? 0x100 : number(parameters.first)
            return .result([
                "number": .string(Quantity.text(height)), "timestamp": "0x60000000",
                "hash": .string(Keccak256.hash(utf8: "\(height)").hex),
            ])
        case "eth_getLogs":
            let range = number(parameters.first?["fromBlock"])...number(parameters.first?["toBlock"])
            let topics = parameters.first?["topics"]?.arrayValue?.first?.arrayValue ?? []
            guard isRefused, range.contains(block), topics.contains(.string(Topics.claimed.hex)) else {
                return .result([])
            }
            return .error(-32_000, "query timeout exceeded")
        case "eth_feeHistory": return .result(["baseFeePerGas": ["0x1"], "reward": [["0x1"]]])
        default: return nil
        }
    }

    @Test func `are named in the error and to whoever asks what stands in the way, and never passed over`()
        async throws
    {
        let isRefused = Mutex(true)
        let node = ScriptedNode { method, parameters in
            Self.answer(method, parameters, isRefused: isRefused.withLock(\.self))
        }
        try await node.open { reader, endpoint in
            let settlement = try EVMSettlement(
                urls: ["http://\(endpoint.host)"], signer: nil,
                contracts: ContractRegistry(settlement: reader.domain), sending: TestChain.policy)
            for _ in 0..<2 {
                let reason = await refusal { () async throws(SettlementError) in
                    try await settlement.events(after: 0, limit: 10)
                }
                for part in ["query timeout exceeded", "in block 80", reader.domain.contract.checksummed] {
                    #expect(reason.contains(part), "\(reason)")
                }
                #expect(reason.contains(Topics.claimed.hex), "\(reason)")
                let obstacles = await settlement.obstacles()
                #expect(obstacles == [.unreachable(.unavailable(reason: reason))])
            }
            let highest = endpoint.calls(of: "eth_getLogs").compactMap { $0["params"]?.arrayValue?.first?["fromBlock"] }
                .map(Self.number).max()
            #expect(highest == Self.block)

            isRefused.withLock { $0 = false }
            let told = try await settlement.events(after: 0, limit: 10)
            #expect(told.isEmpty)
            let obstacles = await settlement.obstacles()
            #expect(obstacles.isEmpty)
            let read = endpoint.calls(of: "eth_getLogs").compactMap { $0["params"]?.arrayValue?.first }
            #expect(read.contains { Self.number($0["fromBlock"]) <= 80 && Self.number($0["toBlock"]) == 256 })
            await settlement.shutdown()
        }
    }

    @Test(arguments: [0, 2]) func `are told by the other endpoints`(endpoint: Int) async throws {
        try await TestChain.open(endpoints: 3) { chain in
            try await chain.open(1000, in: chain.terms())
            try await chain.devnet.ask(
                "devnet_fault", ["method": "eth_getLogs", "kind": "error", "count": .null], endpoint: endpoint)
            let told = try await chain.settlement.events(after: 0, limit: 10)
            #expect(told.map(\.name) == ["ChannelCreated", "Deposited"])
            let obstacles = await chain.settlement.obstacles()
            #expect(obstacles.isEmpty)
        }
    }

    /// Providers allow ranges of different lengths, and say so in words of their own.
    @Test func `are asked for in fewer blocks where each endpoint refuses in its own words`() async throws {
        try await TestChain.open(endpoints: 3) { chain in
            try await chain.open(1000, in: chain.terms())
            for endpoint in 0...1 {
                try await chain.devnet.ask(
                    "devnet_fault",
                    ["method": "eth_getLogs", "kind": "error", "message": .string("at most 10\(endpoint) blocks")],
                    endpoint: endpoint)
            }
            let told = try await chain.settlement.events(after: 0, limit: 10)
            #expect(told.map(\.name) == ["ChannelCreated", "Deposited"])
        }
    }
}
