// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import AsyncHTTPClient
internal import FarthingEncodings
public import FarthingPrimitives
public import FarthingStacks
internal import NIOCore
internal import NIOHTTP1

/// Asks a Stacks node over its own routes, and hands it transactions.
///
/// What the node answers is bounded in length and time, and believed in nothing but its meaning.
///
/// - Source: stacks-core, `docs/rpc/openapi.yaml`.
public struct StacksClient: Sendable {
    /// Where the node is, without a slash at the end.
    public let url: String
    private let timeout: Duration

    /// How long an answer may be.
    ///
    /// - Unit: bytes.
    private static let maximumAnswer = 4 << 20

    public init(url: String, timeout: Duration = .seconds(20)) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.timeout = timeout
    }

    /// Where a node's chain stands.
    public struct ChainInfo: Hashable, Sendable {
        public let chainID: UInt32
        public let burnHeight: UInt64
        public let stacksHeight: UInt64
        public let tenureHeight: UInt64
        public let isFullySynced: Bool
    }

    /// What an account has.
    public struct Account: Hashable, Sendable {
        /// Micro-STX that can be spent.
        public let balance: UInt128
        /// Micro-STX that are locked.
        public let locked: UInt128
        /// How many transactions the account has made.
        public let nonce: UInt64
    }

    /// A transaction in a block.
    public struct Mined: Hashable, Sendable {
        public let indexBlockHash: Hash32
        /// What the transaction answered, as the node writes it.
        public let result: String
    }

    /// What a node thinks a transaction should pay, in micro-STX.
    public struct Fees: Hashable, Sendable {
        public let low: UInt64
        public let middle: UInt64
        public let high: UInt64
    }

    // MARK: - The chain

    public func info() async throws(StacksNodeFault) -> ChainInfo {
        let json = try await get("/v2/info")
        guard let chainID = json["network_id"]?.integerValue.flatMap(UInt32.init(exactly:)),
            let burn = json["burn_block_height"]?.unsigned, let stacks = json["stacks_tip_height"]?.unsigned,
            let tenure = json["tenure_height"]?.unsigned
        else { throw .malformed("heights or chain are missing") }
        return ChainInfo(
            chainID: chainID, burnHeight: burn, stacksHeight: stacks, tenureHeight: tenure,
            isFullySynced: json["is_fully_synced"]?.boolValue ?? false)
    }

    /// Sees to it that the node is on the chain that is meant.
    ///
    /// - Throws: ``StacksNodeFault/wrongChain(expected:actual:)``.
    public func checkChain(_ expected: UInt32) async throws(StacksNodeFault) {
        let actual = try await info().chainID
        guard actual == expected else { throw .wrongChain(expected: expected, actual: actual) }
    }

    public func account(_ owner: Principal) async throws(StacksNodeFault) -> Account {
        let json = try await get("/v2/accounts/\(owner)?proof=0")
        guard let balance = json["balance"]?.wide, let locked = json["locked"]?.wide,
            let nonce = json["nonce"]?.unsigned
        else { throw .malformed("balance or nonce is missing") }
        return Account(balance: balance, locked: locked, nonce: nonce)
    }

    /// A transaction in the node's chain, or `nil` when it is in none of its blocks.
    ///
    /// - Throws: ``StacksNodeFault/notIndexed`` when the node does not keep such an index.
    public func transaction(_ id: Hash32) async throws(StacksNodeFault) -> Mined? {
        do throws(StacksNodeFault) {
            let json = try await get("/v3/transaction/\(Hex.digits(id.bytes))")
            guard let hash = json["index_block_hash"]?.stringValue.flatMap(Hex.decode).flatMap(Hash32.init),
                let result = json["result"]?.stringValue
            else { throw .malformed("block or result is missing") }
            return json["is_canonical"]?.boolValue == false ? nil : Mined(indexBlockHash: hash, result: result)
        } catch {
            if error == .notFound { return nil }
            if error == .status(501) { throw .notIndexed }
            throw error
        }
    }

    // MARK: - Contracts

    /// Calls a read-only function.
    ///
    /// - Throws: ``StacksNodeFault/noValue(cause:)`` when it stopped, or is not there.
    public func callReadOnly(
        _ contract: ContractIdentifier, _ function: ClarityName, _ arguments: [ClarityValue] = [], sender: Principal
    ) async throws(StacksNodeFault) -> ClarityValue {
        let path = "/v2/contracts/call-read/\(contract.path)/\(Self.escaped(function))"
        let json = try await post(
            path,
            [
                "sender": .string("\(sender)"),
                "arguments": .array(arguments.map { .string(Hex.encode($0.encoded)) }),
            ])
        guard json["okay"]?.boolValue == true else {
            throw .noValue(cause: String((json["cause"]?.stringValue ?? "").prefix(500)))
        }
        return try value(json["result"])
    }

    /// What a map has under a key, or `nil`.
    public func mapEntry(
        _ map: ClarityName, key: ClarityValue, of contract: ContractIdentifier
    ) async throws(StacksNodeFault) -> ClarityValue? {
        let path = "/v2/map_entry/\(contract.path)/\(Self.escaped(map))?proof=0"
        let json = try await post(path, .string(Hex.encode(key.encoded)))
        switch try value(json["data"]) {
        case .some(let value): return value
        case .none: return nil
        default: throw .malformed("a map's entry is no optional")
        }
    }

    /// The value of a data variable.
    public func dataVariable(
        _ name: ClarityName, of contract: ContractIdentifier
    ) async throws(StacksNodeFault) -> ClarityValue {
        try value(try await get("/v2/data_var/\(contract.path)/\(Self.escaped(name))?proof=0")["data"])
    }

    /// The text of a contract.
    public func source(of contract: ContractIdentifier) async throws(StacksNodeFault) -> String {
        let json = try await get("/v2/contracts/source/\(contract.path)?proof=0")
        guard let source = json["source"]?.stringValue else { throw .malformed("the source is missing") }
        return source
    }

    // MARK: - Transactions

    /// Hands a signed transaction to the node; the same bytes may be handed again.
    ///
    /// - Throws: ``StacksNodeFault/refused(_:)`` when the node does not take it in.
    public func send(_ transaction: StacksTransaction) async throws(StacksNodeFault) {
        let (status, bytes) = try await ask(
            .POST, "/v2/transactions", body: transaction.encoded, type: "application/octet-stream")
        let json = try? JSON.parse(bytes)
        guard status != 200 else {
            guard json?.stringValue.flatMap(Hex.decode) == transaction.id.bytes else {
                throw .malformed("another transaction was taken in")
            }
            return
        }
        guard status == 400 else { throw .status(status) }
        let data = json?["reason_data"]
        throw .refused(
            BroadcastRefusal(
                reason: String((json?["reason"]?.stringValue ?? "Deserialization").prefix(100)),
                expected: data?["expected"]?.unsigned, actual: data?["actual"]?.unsigned,
                isOrigin: data?["is_origin"]?.boolValue))
    }

    /// What the node thinks the transaction should pay; a node that cannot tell is asked for its rate for a byte.
    public func fees(for transaction: StacksTransaction) async throws(StacksNodeFault) -> Fees {
        let length = UInt64(transaction.encoded.count)
        let body: JSON = [
            "transaction_payload": .string(Hex.digits(transaction.encodedPayload)), "estimated_len": .integer(length),
        ]
        do throws(StacksNodeFault) {
            let json = try await post("/v2/fees/transaction", body)
            let fees = (json["estimations"]?.arrayValue ?? []).compactMap { $0["fee"]?.unsigned }
            guard fees.count == 3 else { throw .malformed("there are not three estimations") }
            // Less than the relay's minimum of one micro-STX a byte is never taken in.
            return Fees(low: max(fees[0], length), middle: max(fees[1], length), high: max(fees[2], length))
        } catch {
            switch error {
            case .status, .notFound: break
            default: throw error
            }
        }
        guard let rate = try await get("/v2/fees/transfer").unsigned else { throw .malformed("the rate is no number") }
        let (fee, overflows) = length.multipliedReportingOverflow(by: max(rate, 1))
        guard !overflows else { throw .malformed("the rate is too high") }
        return Fees(low: fee, middle: fee, high: fee)
    }

    // MARK: - Requests

    private func get(_ path: String) async throws(StacksNodeFault) -> JSON {
        try Self.json(try await ask(.GET, path, body: nil, type: nil))
    }

    private func post(_ path: String, _ json: JSON) async throws(StacksNodeFault) -> JSON {
        try Self.json(try await ask(.POST, path, body: json.bytes, type: "application/json"))
    }

    private static func json(_ answer: (status: Int, bytes: [UInt8])) throws(StacksNodeFault) -> JSON {
        guard answer.status != 404 else { throw .notFound }
        guard answer.status == 200 else { throw .status(answer.status) }
        do {
            return try JSON.parse(answer.bytes, limits: JSON.Limits(maximumBytes: maximumAnswer))
        } catch {
            throw .malformed("it is not JSON")
        }
    }

    private func ask(
        _ method: HTTPMethod, _ path: String, body: [UInt8]?, type: String?
    ) async throws(StacksNodeFault) -> (status: Int, bytes: [UInt8]) {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        if let type { request.headers.add(name: "Content-Type", value: type) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            let answer = try await HTTPClient.shared.execute(request, deadline: .now() + TimeAmount(timeout))
            let bytes = try await answer.body.collect(upTo: Self.maximumAnswer)
            return (Int(answer.status.code), Array(bytes.readableBytesView))
        } catch is CancellationError {
            throw .cancelled
        } catch is NIOTooManyBytesError {
            throw .tooLong(limit: Self.maximumAnswer)
        } catch let error as HTTPClientError {
            switch error {
            case .cancelled: throw .cancelled
            case .deadlineExceeded, .readTimeout, .connectTimeout: throw .timeout
            default: throw .unreachable
            }
        } catch {
            throw .unreachable
        }
    }

    private func value(_ json: JSON?) throws(StacksNodeFault) -> ClarityValue {
        guard let bytes = json?.stringValue.flatMap(Hex.decode), let value = try? ClarityValue(decoding: bytes) else {
            throw .malformed("a value cannot be read")
        }
        return value
    }

    /// Names may end in `?`, which would begin a question.
    private static func escaped(_ name: ClarityName) -> String {
        name.text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                String(UnicodeScalar(byte))
            default: "%" + Hex.digits([byte])
            }
        }.joined()
    }
}

extension ContractIdentifier {
    fileprivate var path: String { "\(issuer.address)/\(name.text)" }
}

extension JSON {
    fileprivate var unsigned: UInt64? {
        guard case .number(let number) = self else { return nil }
        return UInt64(number.text)
    }

    fileprivate var wide: UInt128? {
        guard let text = stringValue, text.hasPrefix("0x") else { return nil }
        return UInt128(text.dropFirst(2), radix: 16)
    }
}
