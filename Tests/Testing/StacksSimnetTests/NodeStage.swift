// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSimnet
import NIOCore
import NIOHTTP1
import Testing

/// A node with two funded accounts, and the requests that a client makes.
struct NodeStage {
    let node: SimnetNode

    /// Lets a test talk to a node for as long as the closure runs.
    static func open(
        mining: SimnetNode.Mining = .immediate, observers: [String] = [],
        _ body: (NodeStage) async throws -> Void
    ) async throws {
        let funds = [(owner: Principal.standard(try alice()), microSTX: UInt128(1_000_000))]
        let node = try await SimnetNode.start(.init(mining: mining, funds: funds, observers: observers))
        do { try await body(NodeStage(node: node)) } catch {
            await node.stop()
            throw error
        }
        await node.stop()
    }

    // MARK: - Accounts

    struct NoKey: Error {}

    static func key(_ byte: UInt8) throws -> StacksPrivateKey {
        guard let key = StacksPrivateKey([UInt8](repeating: byte, count: 32) + [1]) else { throw NoKey() }
        return key
    }

    static func account(_ byte: UInt8) throws -> StandardPrincipal { try key(byte).account(mainnet: false) }
    /// Key 1, with 1 STX.
    static func alice() throws -> StandardPrincipal { try account(1) }
    /// Key 2, with nothing.
    static func bob() throws -> StandardPrincipal { try account(2) }

    // MARK: - Transactions

    /// A signed transaction.
    static func signed(
        _ payload: StacksTransaction.Payload, by byte: UInt8 = 1, nonce: UInt64, fee: UInt64 = 1_000,
        mode: StacksTransaction.PostConditionMode = .allow, conditions: [StacksTransaction.PostCondition] = [],
        version: StacksTransaction.Version = .testnet, chainID: UInt32? = nil
    ) throws -> StacksTransaction {
        let key = try key(byte)
        var transaction = StacksTransaction(
            version: version, chainID: chainID,
            authorization: .standard(
                .init(signer: key.account(mainnet: version.isMainnet), nonce: nonce, fee: fee)),
            postConditionMode: mode, postConditions: conditions, payload: payload)
        try transaction.signAsOrigin(with: key)
        return transaction
    }

    static func transfer(_ amount: UInt64, to recipient: Principal? = nil) throws -> StacksTransaction.Payload {
        .transfer(recipient: try recipient ?? .standard(bob()), microSTX: amount, memo: .empty)
    }

    static func deploy(_ name: String, _ source: String) throws -> StacksTransaction.Payload {
        let name = try #require(ClarityName(name))
        return .deploy(try #require(.init(name: name, source: source, clarityVersion: 4)))
    }

    static func contract(_ name: String) throws -> ContractIdentifier {
        try #require(ContractIdentifier("\(try alice()).\(name)"))
    }

    static func call(
        _ name: String, _ function: String, _ arguments: [ClarityValue] = []
    ) throws -> StacksTransaction.Payload {
        .contractCall(.init(try contract(name), try #require(ClarityName(function)), arguments))
    }

    static let counter = """
        (define-data-var count uint u0)
        (define-map seen principal uint)
        (define-constant step u2)
        (define-fungible-token coin)
        (define-public (increment (by uint))
          (begin
            (asserts! (> by u0) (err u7))
            (map-set seen tx-sender by)
            (print {by: by})
            (ok (var-set count (+ (var-get count) by)))))
        (define-public (pay (amount uint)) (stx-transfer? amount tx-sender current-contract))
        (define-public (crash) (ok (/ u1 (var-get count))))
        (define-read-only (get-count) (var-get count))
        (define-read-only (get-burn) burn-block-height)
        """

    // MARK: - Requests

    struct Answer {
        let status: Int
        let text: String
        var json: JSON { (try? JSON.parse(text)) ?? .null }
        var reason: String? { json["reason"]?.stringValue }
    }

    func ask(
        _ path: String, method: HTTPMethod = .GET, body: [UInt8]? = nil, type: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: node.url + path)
        request.method = method
        if let type { request.headers.add(name: "Content-Type", value: type) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        let bytes = try await answer.body.collect(upTo: 8 << 20)
        return Answer(status: Int(answer.status.code), text: String(buffer: bytes))
    }

    func post(_ path: String, _ json: JSON) async throws -> Answer {
        try await ask(path, method: .POST, body: json.bytes, type: "application/json")
    }

    func send(_ transaction: StacksTransaction) async throws -> Answer {
        try await ask(
            "/v2/transactions", method: .POST, body: transaction.encoded, type: "application/octet-stream")
    }

    /// Sends a transaction that must be taken in.
    @discardableResult
    func sendGood(_ transaction: StacksTransaction) async throws -> Hash32 {
        let answer = try await send(transaction)
        try #require(answer.status == 200, "\(answer.text)")
        #expect(answer.text == "\"\(Hex.digits(transaction.id.bytes))\"")
        return transaction.id
    }

    func nonce(_ account: StandardPrincipal) async throws -> Int64? {
        try await ask("/v2/accounts/\(account)?proof=0").json["nonce"]?.integerValue
    }

    func readOnly(_ name: String, _ function: String) async throws -> JSON {
        let path = "/v2/contracts/call-read/\(try Self.alice())/\(name)/\(function)"
        return try await post(path, ["sender": .string(try Self.bob().address), "arguments": []]).json
    }
}
