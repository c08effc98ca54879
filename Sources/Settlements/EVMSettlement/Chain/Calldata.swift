// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingEncodings
internal import FarthingPrimitives

/// What is asked of the contracts.
enum Calldata {
    /// `channels(bytes32)`, of x402BatchSettlement like the two that follow.
    static func channels(_ id: ChannelID) -> [UInt8] { of(id, [0x7a, 0x7e, 0xbd, 0x7b]) }
    /// `pendingWithdrawals(bytes32)`.
    static func pendingWithdrawals(_ id: ChannelID) -> [UInt8] { of(id, [0xb7, 0xf0, 0x6e, 0xbe]) }
    /// `refundNonce(bytes32)`.
    static func refundNonce(_ id: ChannelID) -> [UInt8] { of(id, [0xf0, 0xdc, 0x79, 0x2e]) }

    /// `balanceOf(address)` of ERC-20.
    static func balance(of account: Address) -> [UInt8] {
        ABI.selector("balanceOf(address)") + ABI.encode([.address(account)])
    }

    private static func of(_ id: ChannelID, _ selector: [UInt8]) -> [UInt8] {
        selector + ABI.encode([.bytes32(id.hash)])
    }
}

extension Endpoint.Call {
    static var chainID: Self { Self("eth_chainId") }
    static var newestBlock: Self { Self("eth_getBlockByNumber", "latest", false, keeping: blockMembers) }
    private static var blockMembers: [String] { ["number", "hash", "timestamp", "baseFeePerGas"] }

    static func block(_ height: UInt64) -> Self {
        Self("eth_getBlockByNumber", .string(Quantity.text(height)), false, keeping: blockMembers)
    }

    static func receipt(of transaction: Hash32) -> Self {
        Self(
            "eth_getTransactionReceipt", .string(transaction.hex),
            keeping: [
                "status", "blockNumber", "blockHash", "transactionHash", "gasUsed", "effectiveGasPrice",
                "contractAddress", "logs",
            ])
    }

    /// What a transaction was sent with.
    static func transaction(_ hash: Hash32) -> Self {
        Self("eth_getTransactionByHash", .string(hash.hex), keeping: ["hash", "to", "input"])
    }

    /// - Parameter block: At whose end the call is made; `nil` for the newest.
    static func contract(_ address: Address, _ calldata: [UInt8], at block: UInt64?) -> Self {
        Self(
            "eth_call", ["to": .string(address.hex), "data": .string(Hex.encode(calldata))],
            block.map { .string(Quantity.text($0)) } ?? "latest")
    }

    /// What an account holds of the chain's coin, in wei.
    ///
    /// - Parameter block: At whose end; `nil` for the newest.
    static func balance(of account: Address, at block: UInt64? = nil) -> Self {
        Self("eth_getBalance", .string(account.hex), block.map { .string(Quantity.text($0)) } ?? "latest")
    }

    /// A word that a contract keeps.
    ///
    /// - Parameter block: At whose end.
    static func storage(of contract: Address, at slot: Hash32, in block: UInt64) -> Self {
        Self("eth_getStorageAt", .string(contract.hex), .string(slot.hex), .string(Quantity.text(block)))
    }

    static func code(at address: Address) -> Self { Self("eth_getCode", .string(address.hex), "latest") }

    /// What a transaction would take.
    static func estimate(_ call: TransactionSender.Call, from account: Address) -> Self {
        Self("eth_estimateGas", request(call, from: account))
    }

    /// What a transaction would do, and what a contract would answer.
    static func simulate(_ call: TransactionSender.Call, from account: Address) -> Self {
        Self("eth_call", request(call, from: account), "latest")
    }

    private static func request(_ call: TransactionSender.Call, from account: Address) -> JSON {
        var members: [JSON.Member] = [.init(name: "from", value: .string(account.hex))]
        if let receiver = call.receiver { members.append(.init(name: "to", value: .string(receiver.hex))) }
        members.append(.init(name: "data", value: .string(Hex.encode(call.data))))
        if !call.value.isZero { members.append(.init(name: "value", value: .string(Quantity.text(call.value.units)))) }
        return .object(members)
    }

    /// How many transactions of an account were mined by a block, or with those that wait (`pending`).
    static func count(_ account: Address, _ block: JSON) -> Self {
        Self("eth_getTransactionCount", .string(account.hex), block)
    }

    /// What the last ten blocks cost, and what half of their gas paid on top.
    static var feeHistory: Self { Self("eth_feeHistory", "0xa", "latest", [50]) }

    /// - Parameter topics: What the first ones must be; `nil` for anything.
    static func logs(of contracts: [Address], topics: [Hash32?], in blocks: ClosedRange<UInt64>) -> Self {
        logs(of: contracts, topics: topics.map { $0.map { .string($0.hex) } ?? .null }, in: blocks)
    }

    /// - Parameter topics: One of them must be the first.
    static func logs(of contracts: [Address], anyOf topics: [Hash32], in blocks: ClosedRange<UInt64>) -> Self {
        logs(of: contracts, topics: [.array(topics.map { .string($0.hex) })], in: blocks)
    }

    private static func logs(of contracts: [Address], topics: [JSON], in blocks: ClosedRange<UInt64>) -> Self {
        Self(
            "eth_getLogs",
            [
                "address": .array(contracts.map { .string($0.hex) }),
                "fromBlock": .string(Quantity.text(blocks.lowerBound)),
                "toBlock": .string(Quantity.text(blocks.upperBound)),
                "topics": .array(topics),
            ], keeping: logMembers)
    }
}

/// A number as nodes write it: `0x`, and digits without a zero in front.
///
/// - Source: Ethereum JSON-RPC, "Hex encoding: quantities".
enum Quantity {
    static func text(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

    static func text(_ value: UInt128) -> String { "0x" + String(value, radix: 16) }

    static func read(_ json: JSON?, _ what: String) throws(EndpointFault) -> UInt64 {
        guard let text = json?.stringValue, text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16),
            Quantity.text(value) == text.lowercased()
        else { throw .malformed("\(what) is no quantity") }
        return value
    }

    /// One that counts money, which may be longer.
    static func readLong(_ json: JSON?, _ what: String) throws(EndpointFault) -> UInt128 {
        guard let text = json?.stringValue, text.hasPrefix("0x"), let value = UInt128(text.dropFirst(2), radix: 16),
            Quantity.text(value) == text.lowercased()
        else { throw .malformed("\(what) is no quantity") }
        return value
    }
}

extension JSON {
    /// The bytes that stand in a string as `0x` and two digits each.
    func data(_ what: String) throws(EndpointFault) -> [UInt8] {
        guard let text = stringValue, text.hasPrefix("0x"), let bytes = Hex.decode(text) else {
            throw .malformed("\(what) is no data")
        }
        return bytes
    }
}

extension Block {
    init(node json: JSON) throws(EndpointFault) {
        guard json.members != nil else { throw .malformed("there is no newest block") }
        let height = try Quantity.read(json["number"], "the block's number")
        let seconds = try Quantity.read(json["timestamp"], "the block's time")
        guard let seconds = Int64(exactly: seconds) else { throw .malformed("the block's time is out of range") }
        self.init(height: height, time: Instant(unixSeconds: seconds))
    }
}
