// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEVMSettlement
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

/// Answers as a chain's node does, as far as a test does not say otherwise.
struct ScriptedNode: Sendable {
    /// What one call is answered with.
    enum Answer: Sendable {
        case result(JSON)
        case error(Int, String)
    }

    static let chainID: UInt64 = 84_532
    static let headHeight: UInt64 = 0x1000
    static let headTime: Int64 = 0x6000_0000
    static let block: JSON = ["number": "0x1000", "timestamp": "0x60000000", "hash": "0xab", "transactions": []]

    var limits = ChainReader.Limits()
    var tokens: [Token] = []
    /// What follows the host in the URL.
    var path = ""
    private let answer: @Sendable (ScriptedEndpoint.Request) -> ScriptedEndpoint.Reply

    /// - Parameter script: What a method is answered with; `nil` for what a node would say.
    init(
        limits: ChainReader.Limits = ChainReader.Limits(), tokens: [Token] = [], path: String = "",
        script: @escaping @Sendable (_ method: String, _ parameters: [JSON]) -> Answer? = { _, _ in nil }
    ) {
        self.limits = limits
        self.tokens = tokens
        self.path = path
        answer = { Self.reply(to: $0, script) }
    }

    /// A server that says the same to every request.
    init(limits: ChainReader.Limits = ChainReader.Limits(), replying reply: ScriptedEndpoint.Reply) {
        self.limits = limits
        answer = { _ in reply }
    }

    /// Lets a test read it for as long as the closure runs.
    func open(_ body: (ChainReader, ScriptedEndpoint) async throws -> Void) async throws {
        try await ScriptedEndpoint.open(answer) { endpoint in
            let domain = try #require(SettlementDomain(network: Network(evm: Self.chainID)))
            let reader = try ChainReader(
                url: "http://\(endpoint.host)\(path)", domain: domain, tokens: tokens, limits: limits)
            do { try await body(reader, endpoint) } catch {
                await reader.shutdown()
                throw error
            }
            await reader.shutdown()
        }
    }

    private static func reply(
        to request: ScriptedEndpoint.Request, _ script: (String, [JSON]) -> Answer?
    ) -> ScriptedEndpoint.Reply {
        let answers = request.calls.map { call -> JSON in
            let method = call["method"]?.stringValue ?? ""
            let answer = script(method, call["params"]?.arrayValue ?? []) ?? usual(method)
            switch answer {
            case .result(let result): return ["jsonrpc": "2.0", "id": call["id"] ?? .null, "result": result]
            case .error(let code, let message):
                return [
                    "jsonrpc": "2.0", "id": call["id"] ?? .null,
                    "error": ["code": .integer(code), "message": .string(message)],
                ]
            }
        }
        return .json(request.json.arrayValue == nil ? answers[0] : .array(answers))
    }

    private static func usual(_ method: String) -> Answer {
        switch method {
        case "eth_chainId": .result("0x14a34")
        case "eth_getBlockByNumber": .result(block)
        default: .error(-32601, "the method \(method) does not exist")
        }
    }
}

/// The reason of an unavailable settlement, or the code of another refusal.
func refusal(_ work: () async throws(SettlementError) -> some Sendable) async -> String {
    do throws(SettlementError) {
        _ = try await work()
        return "none"
    } catch .unavailable(let reason) {
        return reason
    } catch {
        return error.code
    }
}

/// Words of 32 bytes as `0x` and digits.
func words(_ words: String...) -> String {
    "0x" + words.map { String(repeating: "0", count: 64 - $0.count) + $0 }.joined()
}

/// `Tests/Vectors/x402/batch_settlement_crypto.json`.
let vectors: JSON = {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let bytes = try? Data(contentsOf: tests.appending(path: "Vectors/x402/batch_settlement_crypto.json"))
    return (try? JSON.parse(Array(bytes ?? Data()))) ?? .null
}()

/// A published channel.
struct PublishedChannel {
    let id: ChannelID
    let terms: ChannelTerms
    /// The config as the ABI encodes it.
    let data: String

    static func named(_ name: String) throws -> PublishedChannel {
        let found = vectors["channels"]?.arrayValue?.first { $0["name"]?.stringValue == name }
        let json = try #require(found)
        let config = try #require(json["channelConfig"])
        func address(_ name: String) throws -> Address {
            try #require(config[name]?.stringValue.flatMap(Address.init(hex:)))
        }
        return PublishedChannel(
            id: try #require(json["channelId"]?.stringValue.flatMap(ChannelID.init(hex:))),
            terms: ChannelTerms(
                payer: try address("payer"), payerAuthorizer: try address("payerAuthorizer"),
                receiver: try address("receiver"), receiverAuthorizer: try address("receiverAuthorizer"),
                token: try address("token"),
                withdrawDelay: UInt64(try #require(config["withdrawDelay"]?.integerValue)),
                salt: try #require(config["salt"]?.stringValue.flatMap(Hash32.init(hex:)))),
            data: try #require(json["abiEncodedConfig"]?.stringValue))
    }

    /// Its `ChannelCreated` as a node gives it.
    func log(block: UInt64, index: UInt64 = 0) throws -> JSON {
        let topics = try #require(vectors["eventTopics"]?.members)
        let topic = try #require(topics.first { $0.name.hasPrefix("ChannelCreated(") }?.value)
        return [
            "address": .string(SettlementDomain.standardContract.checksummed), "topics": [topic, .string("\(id)")],
            "data": .string(data), "blockNumber": .string("0x" + String(block, radix: 16)),
            "logIndex": .string("0x" + String(index, radix: 16)), "removed": false,
        ]
    }
}
