// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEVMSettlement
import FarthingEncodings
import FarthingPrimitives
import Synchronization
import Testing

@Suite("Searching a chain for channels", .timeLimit(.minutes(1)))
struct ChannelSearchTests {
    private let channels: [PublishedChannel]
    private let payer: Address

    init() throws {
        channels = try ["basic", "salt1", "separatePayerAuthorizer"].map(PublishedChannel.named)
        payer = channels[0].terms.payer
    }

    @Test func `finds each channel of the payer once, oldest first, block range by block range`() async throws {
        let logs = try [
            channels[1].log(block: 2500, index: 3), channels[0].log(block: 2500, index: 1),
            channels[2].log(block: 100), channels[0].log(block: 4096),
        ]
        let heights = Mutex<[UInt64]>([])
        try await search(logs, limit: 1000, step: 1000) { reader, endpoint in
            let found = try await reader.channels(openedBy: payer, since: 50) { height, head in
                #expect(head == ScriptedNode.headHeight)
                heights.withLock { $0.append(height) }
            }
            #expect(found == [channels[2].terms, channels[0].terms, channels[1].terms])
            #expect(heights.withLock(\.self) == [1049, 2049, 3049, 4049, 4096])
            let filter = endpoint.calls(of: "eth_getLogs").first?["params"]?.arrayValue?.first
            #expect(filter?["address"]?.arrayValue?.first?.stringValue == SettlementDomain.standardContract.hex)
            #expect(filter?["fromBlock"]?.stringValue == "0x32" && filter?["toBlock"]?.stringValue == "0x419")
        }
    }

    @Test func `asks for half as many blocks, and goes on so, when the endpoint finds a range too long`() async throws {
        try await search([try channels[0].log(block: 4000)], limit: 700) { reader, endpoint in
            let found = try await reader.channels(openedBy: payer, since: 1) { _, _ in }
            #expect(found == [channels[0].terms])
            #expect(lengths(asked: endpoint) == [4096, 2048, 1024, 512, 512, 512, 512, 512, 512, 512, 512])
        }
    }

    @Test func `asks for more again once the endpoint has answered for a while`() async throws {
        let refusals = Mutex(5)
        try await ScriptedNode { method, _ in
            guard method == "eth_getLogs" else { return nil }
            let isRefused = refusals.withLock { left in
                left -= 1
                return left >= 0
            }
            return isRefused ? .error(-32000, "try again later") : .result([])
        }.open { reader, endpoint in
            _ = try await reader.channels(openedBy: payer, since: 1) { _, _ in }
            let refused: [UInt64] = [4096, 2048, 1024, 512, 256]
            let answered: [UInt64] = Array(repeating: 128, count: 8) + Array(repeating: 256, count: 8) + [512, 512]
            #expect(lengths(asked: endpoint) == refused + answered)
        }
    }

    @Test func `asks for half as many blocks also when an answer is too long to be taken`() async throws {
        let limits = ChainReader.Limits(maximumBytes: 3000, blocksPerStep: 5000)
        let logs = try channels.enumerated().map { try $1.log(block: UInt64($0) * 1000) }
        try await search(logs, limit: 9000, limits: limits) { reader, _ in
            let found = try await reader.channels(openedBy: payer, since: 0) { _, _ in }
            #expect(found == channels.map(\.terms))
        }
    }

    @Test func `gives up when not even one block is answered`() async throws {
        try await search([], limit: 0) { reader, endpoint in
            let reason = await refusal { () async throws(SettlementError) in
                try await reader.channels(openedBy: payer, since: 0) { _, _ in }
            }
            #expect(reason.hasSuffix("refused with -32005, range too long"), "\(reason)")
            #expect(endpoint.calls(of: "eth_getLogs").count < 20)
        }
    }

    @Test func `does not ask again for less when the endpoint has no logs at all`() async throws {
        try await ScriptedNode().open { reader, endpoint in
            let reason = await refusal { () async throws(SettlementError) in
                try await reader.channels(openedBy: payer, since: 0) { _, _ in }
            }
            #expect(reason.contains("-32601"), "\(reason)")
            #expect(endpoint.calls(of: "eth_getLogs").count == 1)
        }
    }

    @Test func `finds nothing of another payer, nor before a block that is yet to come`() async throws {
        try await search([try channels[0].log(block: 4000)], limit: 9000) { reader, endpoint in
            let other = channels[0].terms.receiver
            var found = try await reader.channels(openedBy: other, since: 0) { _, _ in }
            let asked = endpoint.calls(of: "eth_getLogs").count
            #expect(asked == 1)
            found += try await reader.channels(openedBy: payer, since: 4097) { _, _ in }
            found += try await reader.channels(openedBy: payer, since: .max) { _, _ in }
            #expect(found.isEmpty)
            #expect(endpoint.calls(of: "eth_getLogs").count == asked)
        }
    }

    @Test func `gives up when there are more channels than it may keep`() async throws {
        let logs = try channels.map { try $0.log(block: 1) }
        try await search(logs, limit: 9000, limits: ChainReader.Limits(maximumChannels: 2)) { reader, _ in
            let reason = await refusal { () async throws(SettlementError) in
                try await reader.channels(openedBy: payer, since: 0) { _, _ in }
            }
            #expect(reason.contains("more than 2 channels"), "\(reason)")
        }
    }

    @Test(
        arguments: [
            ("address", "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "of another contract"),
            ("address", .null, "of another contract"),
            ("removed", true, "removed"),
            ("blockNumber", "0x2000", "of another block"),
            ("blockNumber", "0x07d0", "no quantity"),
            ("blockNumber", 2000, "no quantity"),
            ("logIndex", "0x", "no quantity"),
            ("topics", [], "of another event"),
            ("topics", ["0x69d8248d5566bdb2ebc4d218970710d8378a2ff9b709a999e052b71970f808fa"], "of another event"),
            ("data", "0x", "too few"),
            ("data", .string(words("", "", "", "", "", "", "", "")), "too many"),
            ("data", .string(words("", "", "", "", "", "10000000000", "")), "out of the range"),
            (
                "data", .string(words("1" + String(repeating: "0", count: 40), "", "", "", "", "", "")),
                "out of the range"
            ),
            ("data", .string(words("", "", "", "", "", "384", "")), "have another id"),
            ("data", "0xabc", "not well-formed"),
        ] as [(String, JSON, String)])
    func `refuses a log that the contract cannot have written`(
        member: String, value: JSON, complaint: String
    )
        async throws
    {
        let log = try channels[0].log(block: 2000).adding(member, value)
        try await ScriptedNode { method, _ in method == "eth_getLogs" ? .result([log]) : nil }.open {
            reader, _ in
            let reason = await refusal { () async throws(SettlementError) in
                try await reader.channels(openedBy: payer, since: 0) { _, _ in }
            }
            #expect(reason.contains("cannot be read") && reason.contains(complaint), "\(reason)")
        }
    }

    @Test func `refuses a log under the id of another channel`() async throws {
        let mixed = try channels[0].log(block: 2000).adding("data", .string(channels[1].data))
        try await ScriptedNode { method, _ in method == "eth_getLogs" ? .result([mixed]) : nil }.open {
            reader, _ in
            let reason = await refusal { () async throws(SettlementError) in
                try await reader.channels(openedBy: payer, since: 0) { _, _ in }
            }
            #expect(reason.hasSuffix("a log's terms have another id"), "\(reason)")
        }
    }

    /// Over how many blocks logs were asked for, each time.
    private func lengths(asked endpoint: ScriptedEndpoint) -> [UInt64] {
        endpoint.calls(of: "eth_getLogs").compactMap { $0["params"]?.arrayValue?.first }
            .map { (number($0["toBlock"]) ?? 0) - (number($0["fromBlock"]) ?? 0) + 1 }
    }

    /// A node with these logs, that answers for so many blocks at once.
    private func search(
        _ logs: [JSON], limit: UInt64, step: UInt64 = 5000, limits: ChainReader.Limits? = nil,
        _ body: (ChainReader, ScriptedEndpoint) async throws -> Void
    ) async throws {
        try await ScriptedNode(limits: limits ?? ChainReader.Limits(blocksPerStep: step)) { method, parameters in
            guard method == "eth_getLogs", let first = number(parameters[0]["fromBlock"]),
                let last = number(parameters[0]["toBlock"])
            else { return nil }
            guard last - first < limit else { return .error(-32005, "range too long") }
            return .result(
                .array(logs.filter { number($0["blockNumber"]).map { (first...last).contains($0) } ?? false }))
        }.open(body)
    }
}

private func number(_ json: JSON?) -> UInt64? { json?.stringValue.flatMap { UInt64($0.dropFirst(2), radix: 16) } }
