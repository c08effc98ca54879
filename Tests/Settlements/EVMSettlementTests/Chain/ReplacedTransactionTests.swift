// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Synchronization
import Testing

@testable import FarthingEVMSettlement

@Suite("A transaction that was replaced", .timeLimit(.minutes(1)))
struct ReplacedTransactionTests {
    private static let block = Keccak256.hash(utf8: "a block")
    private static let height: JSON = "0x1000"

    /// What a node says of a chain on which the second transaction is mined that it is given.
    ///
    /// - Parameter sent: The hashes of what it was given, each once.
    private static func answer(
        _ method: String, _ parameters: [JSON], _ sent: inout [Hash32]
    ) -> ScriptedNode.Answer? {
        let text = parameters.first?.stringValue ?? ""
        switch method {
        case "eth_estimateGas": return .result("0x5208")
        case "eth_feeHistory": return .result(["baseFeePerGas": ["0x1"], "reward": [["0x1"]]])
        case "eth_blockNumber": return .result(height)
        case "eth_getTransactionCount": return .result(sent.count > 1 ? "0x1" : "0x0")
        case "eth_getBlockByNumber":
            return .result(["number": height, "timestamp": "0x60000000", "hash": .string(block.hex)])
        case "eth_sendRawTransaction":
            let hash = Keccak256.hash(Hex.decode(text) ?? [])
            if !sent.contains(hash) { sent.append(hash) }
            return .result(.string(hash.hex))
        case "eth_getTransactionReceipt":
            guard sent.count > 1 else { return .result(.null) }
            guard text == sent[1].hex else { return .error(-32_000, "transaction indexing is in progress") }
            return .result([
                "status": "0x1", "blockNumber": height, "blockHash": .string(block.hex),
                "transactionHash": .string(text),
                "gasUsed": "0x5208", "effectiveGasPrice": "0x2", "contractAddress": .null, "logs": [],
            ])
        default: return nil
        }
    }

    @Test func `is found where it was mined, though the node refuses the receipt of the one before`() async throws {
        let sent = Mutex<[Hash32]>([])
        let node = ScriptedNode { method, parameters in
            sent.withLock { Self.answer(method, parameters, &$0) }
        }
        try await node.open { reader, _ in
            let policy = SendingPolicy(
                confirmations: 1, pollInterval: .milliseconds(10), patience: .milliseconds(50),
                giveUpAfter: .seconds(60), lowestTip: 1)
            let sender = TransactionSender(
                chain: reader.chain, signer: KeySigner(PrivateKey.random()), policy: policy)
            let mined = try await sender.send(TransactionSender.Call(receiver: .zero, data: []))
            let hashes = sent.withLock(\.self)
            #expect(hashes.count == 2)
            #expect(mined.id.hash == hashes[1])
        }
    }
}
