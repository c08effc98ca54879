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
        /// Whether the node has all blocks of Bitcoin; one older than 3.0 does not say, and counts as if it had.
        ///
        /// It may lack blocks of Stacks all the same.
        ///
        /// - Source: stacks-core, pull request 4847.
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
        /// What the transaction answered, as the node writes it.
        ///
        /// One that its post-conditions undid is told with the same answer as if they had not: whether it did something
        /// shows only in what it should have changed.
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
        try ChainInfo(try await get("/v2/info"))
    }

    /// Sees to it that the node is on the chain that is meant.
    ///
    /// - Throws: ``StacksNodeFault/wrongChain(expected:actual:)``.
    public func checkChain(_ expected: UInt32) async throws(StacksNodeFault) {
        let actual = try await info().chainID
        guard actual == expected else { throw .wrongChain(expected: expected, actual: actual) }
    }

    public func account(_ owner: Principal) async throws(StacksNodeFault) -> Account {
        try Account(try await get("/v2/accounts/\(owner)?proof=0"))
    }

    /// A transaction in the node's chain, or `nil` when it is in none of its blocks.
    ///
    /// - Throws: ``StacksNodeFault/notIndexed`` when the node does not keep such an index.
    public func transaction(_ id: Hash32) async throws(StacksNodeFault) -> Mined? {
        do throws(StacksNodeFault) {
            return try Mined.ifCanonical(try await get("/v3/transaction/\(Hex.digits(id.bytes))"))
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
        return try Self.returned(json)
    }

    /// What a map has under a key, or `nil`.
    public func mapEntry(
        _ map: ClarityName, key: ClarityValue, of contract: ContractIdentifier
    ) async throws(StacksNodeFault) -> ClarityValue? {
        let path = "/v2/map_entry/\(contract.path)/\(Self.escaped(map))?proof=0"
        return try Self.mapEntry(try await post(path, .string(Hex.encode(key.encoded))))
    }

    /// The value of a data variable.
    public func dataVariable(
        _ name: ClarityName, of contract: ContractIdentifier
    ) async throws(StacksNodeFault) -> ClarityValue {
        try Self.value(try await get("/v2/data_var/\(contract.path)/\(Self.escaped(name))?proof=0")["data"])
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
        throw .refused(BroadcastRefusal(json ?? [:]))
    }

    /// What the node thinks the transaction should pay; a node that cannot tell is asked for its rate for a byte.
    public func fees(for transaction: StacksTransaction) async throws(StacksNodeFault) -> Fees {
        let length = UInt64(transaction.encoded.count)
        let body: JSON = [
            "transaction_payload": .string(Hex.digits(transaction.encodedPayload)), "estimated_len": .integer(length),
        ]
        do throws(StacksNodeFault) {
            return try Fees(try await post("/v2/fees/transaction", body), atLeast: length)
        } catch {
            switch error {
            case .status, .notFound: break
            default: throw error
            }
        }
        return try Fees(rate: try await get("/v2/fees/transfer"), length: length)
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
            return try await answer(to: request)
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

    /// The whole of an answer, or nothing: the clock runs until its last byte.
    private func answer(to request: HTTPClientRequest) async throws -> (status: Int, bytes: [UInt8]) {
        try await withTimeLimit(timeout, elseThrowing: HTTPClientError.deadlineExceeded) {
            let answer = try await HTTPClient.shared.execute(request, deadline: .now() + TimeAmount(timeout))
            let bytes = try await answer.body.collect(upTo: Self.maximumAnswer)
            return (Int(answer.status.code), Array(bytes.readableBytesView))
        }
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
