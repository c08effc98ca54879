// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// A transaction that is in a block, with what its contracts told of it.
struct MinedTransaction: Sendable {
    let id: TransactionID
    let height: UInt64
    let blockHash: Hash32
    let succeeded: Bool
    /// - Unit: gas.
    let gasUsed: UInt64
    /// What it cost its sender, as far as the receipt tells.
    ///
    /// - Unit: wei. What a rollup takes for its data elsewhere is not in it.
    let cost: Amount
    let contract: Address?
    let logs: [ChainLog]

    init(receipt json: JSON, of hash: Hash32) throws(EndpointFault) {
        guard json["transactionHash"]?.stringValue.flatMap(Hash32.init(hex:)) == hash else {
            throw .malformed("a receipt is of another transaction")
        }
        guard let blockHash = json["blockHash"]?.stringValue.flatMap(Hash32.init(hex:)) else {
            throw .malformed("a receipt has no block")
        }
        id = TransactionID(hash)
        self.blockHash = blockHash
        height = try Quantity.read(json["blockNumber"], "a receipt's block")
        succeeded = try Quantity.read(json["status"], "a receipt's status") == 1
        gasUsed = try Quantity.read(json["gasUsed"], "a receipt's gas")
        let price = (try? Quantity.readLong(json["effectiveGasPrice"], "a gas price")) ?? 0
        cost = Amount(units: price).multiplied(by: UInt128(gasUsed)) ?? .max
        contract = json["contractAddress"]?.stringValue.flatMap(Address.init(hex:))
        var logs: [ChainLog] = []
        for log in json["logs"]?.arrayValue ?? [] { logs.append(try ChainLog(json: log)) }
        self.logs = logs
    }
}

/// What a contract told while a transaction ran.
///
/// - Source: Ethereum JSON-RPC, `eth_getLogs`.
struct ChainLog: Hashable, Sendable {
    let contract: Address
    let topics: [Hash32]
    let data: [UInt8]
    let height: UInt64
    let blockHash: Hash32
    let transaction: TransactionID
    /// Counts the logs of a block.
    let index: UInt64

    init(json: JSON) throws(EndpointFault) {
        guard json["removed"]?.boolValue != true else { throw .malformed("a log was removed") }
        guard let contract = json["address"]?.stringValue.flatMap(Address.init(hex:)),
            let blockHash = json["blockHash"]?.stringValue.flatMap(Hash32.init(hex:)),
            let transaction = json["transactionHash"]?.stringValue.flatMap(Hash32.init(hex:)),
            let words = json["topics"]?.arrayValue, words.count <= 4
        else { throw .malformed("a log is incomplete") }
        topics = words.compactMap { $0.stringValue.flatMap(Hash32.init(hex:)) }
        guard topics.count == words.count else { throw .malformed("a log's topic is no word") }
        self.contract = contract
        self.blockHash = blockHash
        self.transaction = TransactionID(transaction)
        data = try (json["data"] ?? .null).data("a log's data")
        height = try Quantity.read(json["blockNumber"], "a log's block")
        index = try Quantity.read(json["logIndex"], "a log's index")
    }
}
